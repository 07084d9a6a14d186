// Scheduler and kubelets played in a few lines for tests of controllers: pods are bound to a live node, run and become
// ready after a while, and end after a while. Images named `broken` never become ready. A node can be silenced.

import type { Write } from '../../actors/kit/write.ts';
import { matchesAnyTerm } from '../../actors/scheduler/node-selector.ts';
import { tolerates } from '../../actors/scheduler/tolerations.ts';
import type { Writer } from '../../infra/host/writer.ts';
import type { Clock } from '../../streams/base/clock.ts';
import type { Random } from '../../streams/base/random.ts';
import { type Condition, type KubeObject, microTimestamp, timestamp } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Lease, Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';

export type Ports = {
  readonly view: ObjectView;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly random: Random;
};

const context = { user: 'system:node:played', cause: null } as const;
const leaseNamespace = 'kube-node-lease';
const renewMs = 10_000;

export class PlayedNodes {
  readonly #ports: Ports;
  readonly #alive = new Set<string>();
  /** Longest time (ms) a pod takes to start, and to end. */
  startMsMax = 3_000;
  endMsMax = 3_000;
  #address = 0;
  #bound = 0;

  constructor(ports: Ports) {
    this.#ports = ports;
    ports.view.resource(resources.pods).listen(({ type, current, previous }) => {
      if (type === 'DELETED') return;
      this.#see(current.object as unknown as Pod, previous?.object as unknown as Pod | undefined);
    });
  }

  async join(name: string): Promise<void> {
    const { clock } = this.#ports;
    await this.#write({
      kind: 'create',
      resource: resources.nodes,
      object: { apiVersion: 'v1', kind: 'Node', metadata: { name } },
    });
    await this.#write({
      kind: 'create',
      resource: resources.leases,
      object: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace: leaseNamespace },
        ...{ spec: { holderIdentity: name, renewTime: microTimestamp(clock.now()) } },
      },
    });
    await this.revive(name);
  }

  /** The node's kubelet speaks again: it renews its lease, posts its status, and tells how its pods are. */
  async revive(name: string): Promise<void> {
    this.#alive.add(name);
    await this.#ready(name);
    this.#beat(name);
    for (const pod of this.#ports.view.podsOnNode<Pod>(name)) this.#see(pod, undefined);
  }

  /** From now on nothing is heard of the node. */
  silence(name: string): void {
    this.#alive.delete(name);
  }

  #beat(name: string): void {
    const { clock, view } = this.#ports;
    clock.after(renewMs, () => {
      if (!this.#alive.has(name)) return;
      const lease = view.get<Lease>(resources.leases, { namespace: leaseNamespace, name });
      if (lease === undefined) return;
      const object: Lease = { ...lease, spec: { ...lease.spec, renewTime: microTimestamp(clock.now()) } };
      void this.#write({ kind: 'update', resource: resources.leases, object });
      this.#beat(name);
    });
  }

  #ready(name: string): Promise<void> {
    return this.#change<Node>('nodes', { name }, (node) => {
      const ready: Condition = {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        lastHeartbeatTime: this.#now(),
        lastTransitionTime: this.#now(),
      };
      return { ...node, status: { ...node.status, conditions: [ready] } };
    });
  }

  #see(pod: Pod, before: Pod | undefined): void {
    const { metadata, spec, status } = pod;
    const node = spec.nodeName ?? '';
    if (node === '') {
      if (before === undefined && metadata.deletionTimestamp === undefined) this.#later(500, () => this.#bind(pod));
      return;
    }
    if (metadata.deletionTimestamp !== undefined) {
      if (before?.metadata.deletionTimestamp === undefined) this.#later(this.endMsMax, () => this.#end(pod));
      return;
    }
    if ((before?.spec.nodeName ?? '') === '' && status?.phase !== 'Failed' && status?.phase !== 'Succeeded') {
      this.#later(this.startMsMax, () => this.#run(pod));
    }
  }

  #bind({ metadata: { namespace = '', name, uid }, spec }: Pod): void {
    const { view } = this.#ports;
    const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    const matches = terms === undefined ? undefined : matchesAnyTerm(terms);
    const nodes = [...this.#alive].filter((node) => {
      const { metadata, spec: nodeSpec } = view.get<Node>(resources.nodes, { name: node }) ?? {};
      if (matches !== undefined && !matches({ name: node, labels: metadata?.labels ?? {} })) return false;
      const away = (nodeSpec?.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule');
      return away.every((taint) => tolerates(spec.tolerations ?? [], taint));
    });
    const node = nodes[this.#bound++ % nodes.length];
    const pod = view.get<Pod>(resources.pods, { namespace, name });
    if (pod === undefined || pod.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) return;
    if (node === undefined) this.#later(1_000, () => this.#bind(pod));
    else void this.#write({ kind: 'bind', namespace, name, uid, node });
  }

  #run({ metadata, spec }: Pod): void {
    if (!this.#alive.has(spec.nodeName ?? '')) return;
    const { namespace = '', name, uid } = metadata;
    const ip = `10.244.${Math.floor(++this.#address / 250)}.${this.#address % 250}`;
    void this.#change<Pod>('pods', { namespace, name, uid }, (pod) => {
      if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Failed') return pod;
      const broken = spec.containers.some(({ image }) => image.includes('broken'));
      const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'Ready');
      const ready: Condition = { type: 'Ready', status: broken ? 'False' : 'True', lastTransitionTime: this.#now() };
      return {
        ...pod,
        status: {
          ...pod.status,
          phase: broken ? 'Pending' : 'Running',
          startTime: pod.status?.startTime ?? this.#now(),
          podIP: pod.status?.podIP ?? ip,
          podIPs: pod.status?.podIPs ?? [{ ip }],
          conditions: [...others, ready],
        },
      };
    });
  }

  #end({ metadata, spec }: Pod): void {
    if (!this.#alive.has(spec.nodeName ?? '')) return;
    const { namespace = '', name, uid, finalizers = [] } = metadata;
    // Whoever holds the pod is to see how it ended.
    if (finalizers.length > 0) void this.#fail({ namespace, name, uid });
    void this.#write({ kind: 'delete', resource: resources.pods, namespace, name, uid, gracePeriodSeconds: 0 });
  }

  #fail(key: { namespace: string; name: string; uid: string }): Promise<void> {
    return this.#change<Pod>('pods', key, (pod) => {
      const { phase } = pod.status ?? {};
      return phase === 'Succeeded' || phase === 'Failed' ? pod : { ...pod, status: { ...pod.status, phase: 'Failed' } };
    });
  }

  /** Changes the newest version until nobody else is faster; gives up where the object is gone. */
  async #change<T extends KubeObject>(
    resource: 'pods' | 'nodes',
    { uid, ...key }: { namespace?: string; name: string; uid?: string },
    change: (object: T) => T,
  ): Promise<void> {
    for (;;) {
      const current = this.#ports.view.get<T>(resources[resource], key);
      if (current === undefined || (uid !== undefined && current.metadata.uid !== uid)) return;
      const object = change(current);
      const write: Write = { kind: 'update', resource: resources[resource], subresource: 'status', object };
      const outcome = await this.#ports.writer.write(write, context);
      if (outcome.kind === 'done' || outcome.reason !== 'Conflict') return;
    }
  }

  async #write(write: Write): Promise<void> {
    await this.#ports.writer.write(write, context);
  }

  #later(msMax: number, work: () => void): void {
    this.#ports.clock.after(1 + this.#ports.random.int(Math.max(1, msMax)), work);
  }

  #now(): string {
    return timestamp(this.#ports.clock.now());
  }
}
