// API server and simulated nodes without controllers or scheduler, in virtual time: pods are bound by hand, and every
// recorded event and every note is kept for the test to read.

import { onTestFinished } from 'vitest';
import type { Note, Write, WriteOutcome } from '../../actors/kit/write.ts';
import { startApiStack } from '../../infra/boot/api-stack.ts';
import { ensureFirstObjects } from '../../infra/boot/first-objects.ts';
import type { Writer } from '../../infra/host/writer.ts';
import {
  type SimulatedNodes,
  type SimulatedNodesOptions,
  startSimulatedNodes,
} from '../../infra/nodes/simulated-nodes.ts';
import { type LogFields, silentLogger } from '../../streams/base/logger.ts';
import { seededRandom } from '../../streams/base/random.ts';
import { VirtualClock } from '../../streams/base/virtual-clock.ts';
import { type MemoryLogOptions, memoryClusterLog } from '../../streams/log/memory-log.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod, PodSpec } from '../../streams/resources/pod.ts';
import type { Change } from '../../streams/views/change.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { aContainer } from './pods.ts';

const user = { user: 'test', cause: null };

export type NodeClusterOptions = {
  readonly seed?: string | number;
  readonly log?: MemoryLogOptions;
  readonly nodes?: Partial<Pick<SimulatedNodesOptions, 'count' | 'names' | 'capacity' | 'labels' | 'nodesMax'>>;
  /** Stands between the kubelets and the API server. */
  readonly between?: (writer: Writer) => Writer;
};

export type NewPod = {
  readonly name?: string;
  readonly node?: string;
  readonly spec?: Partial<PodSpec>;
  /** Without their prefix: `run`, `duration` … */
  readonly simulation?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
};

type PodSubresource = 'status' | 'resize' | 'ephemeralcontainers';

export class NodeCluster {
  readonly clock = new VirtualClock();
  readonly view: ObjectView;
  readonly writer: Writer;
  readonly changes: Change[] = [];
  readonly notes: Note[] = [];
  /** What the nodes' process warned of. */
  readonly warnings: (LogFields & { readonly message: string })[] = [];
  nodes: SimulatedNodes;
  readonly #options: NodeClusterOptions;
  readonly #kubeletWriter: Writer;
  #starts = 0;

  private constructor(options: NodeClusterOptions, stack: { view: ObjectView; writer: Writer }, clock: VirtualClock) {
    this.clock = clock;
    this.#options = options;
    this.view = stack.view;
    this.writer = stack.writer;
    const { writer } = stack;
    const noting: Writer = {
      write: (write, context) => writer.write(write, context),
      note: (note, context) => {
        this.notes.push(note);
        writer.note(note, context);
      },
    };
    this.#kubeletWriter = options.between?.(noting) ?? noting;
    this.view.listen((change) => this.changes.push(change));
    this.nodes = this.startNodes();
  }

  static async start(options: NodeClusterOptions = {}): Promise<NodeCluster> {
    const clock = new VirtualClock();
    const random = seededRandom(options.seed ?? 'nodes');
    const log = memoryClusterLog(options.log);
    const stack = await startApiStack({ log, clock, random, logger: silentLogger });
    await ensureFirstObjects({ world: stack.view, writer: stack.writer, port: 6443 });
    const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } };
    await stack.writer.write({ kind: 'create', resource: resources.serviceAccounts, object }, user);
    const cluster = new NodeCluster(options, stack, clock);
    onTestFinished(async () => {
      const stopped = cluster.nodes.stop();
      await clock.advance(1_000);
      await stopped;
      await log.close();
    });
    await clock.advance(500);
    cluster.changes.length = 0;
    cluster.notes.length = 0;
    return cluster;
  }

  /** As a new process does that finds the cluster in the log. */
  startNodes(): SimulatedNodes {
    const { seed = 'nodes', nodes } = this.#options;
    const random = seededRandom(`${seed}/${this.#starts++}`);
    const warn = (message: string, fields: LogFields = {}) => void this.warnings.push({ message, ...fields });
    const logger = { ...silentLogger, warn };
    const ports = { world: this.view, writer: this.#kubeletWriter, clock: this.clock, random, logger };
    this.nodes = startSimulatedNodes({ count: 1, ...nodes, ...ports });
    return this.nodes;
  }

  /** Creates a pod and binds it. */
  async run({ name = 'web', node = 'node-1', spec, simulation = {}, finalizers }: NewPod = {}): Promise<Pod> {
    const annotations = Object.fromEntries(
      Object.entries(simulation).map(([key, value]) => [`simulation.shiplog.dev/${key}`, value]),
    );
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', annotations, ...(finalizers && { finalizers }) },
      spec: { containers: [aContainer('c')], ...spec },
    };
    const created = await this.write({ kind: 'create', resource: resources.pods, object });
    await this.write({ kind: 'bind', namespace: 'default', name, uid: created.metadata.uid, node });
    return created as Pod;
  }

  async delete(name = 'web', gracePeriodSeconds?: number): Promise<void> {
    const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    await this.write({ kind: 'delete', resource: resources.pods, namespace: 'default', name, ...grace });
  }

  /** Somebody else changes the pod. */
  async change(name: string, change: (pod: Pod) => Pod, subresource?: PodSubresource): Promise<void> {
    const object = change(this.pod(name));
    await this.write({ kind: 'update', resource: resources.pods, object, ...(subresource && { subresource }) });
  }

  async write(write: Write): Promise<Extract<WriteOutcome, { kind: 'done' }>['object']> {
    const outcome = await this.writer.write(write, user);
    if (outcome.kind === 'failed') throw new Error(outcome.message);
    return outcome.object;
  }

  find(name = 'web'): Pod | undefined {
    return this.view.get<Pod>(resources.pods, { namespace: 'default', name });
  }

  pod(name = 'web'): Pod {
    const pod = this.find(name);
    if (pod === undefined) throw new Error(`there is no pod ${name}`);
    return pod;
  }

  /** `pod.starting Pending.Scheduled → Pending.Starting` for every event of the object, in order. */
  story(name = 'web', resource = 'pods'): string[] {
    return this.changes
      .filter(({ ref }) => ref.resource === resource && ref.name === name)
      .map(({ event }) => event.type);
  }

  /** What people were told about the pod: `Pulled Container image …`. */
  told(name = 'web'): string[] {
    return this.notes
      .filter(({ regarding }) => regarding.metadata.name === name)
      .map(({ reason, message }) => `${reason} ${message}`);
  }

  /** Virtual milliseconds between the changes whose type this is. */
  times(type: string, name = 'web'): number[] {
    return this.changes
      .filter(({ ref, event }) => ref.name === name && event.type === type)
      .map(({ event }) => event.timeMs);
  }

  get anomalies(): string[] {
    return this.changes.flatMap(({ event }) => (event.anomaly === undefined ? [] : [event.anomaly]));
  }
}

/** All of a log that is not followed, or as much of it as has come when the signal aborts. */
export async function textOf(log: ReturnType<SimulatedNodes['logs']>): Promise<string> {
  if (log.kind === 'unavailable') return `unavailable: ${log.message}`;
  let text = '';
  for await (const chunk of log.chunks) text += chunk;
  return text;
}
