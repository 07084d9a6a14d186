// The scheduler's machine with a cluster around it that keeps the API server's rules for binding: it records what is
// asked, refuses what must be refused, and tells the machine. Time stands still unless it is moved.

import { type Actor, createActor } from 'xstate';
import type { Effect } from '../../actors/kit/effect.ts';
import { stateName } from '../../actors/kit/lifecycle.ts';
import type { DeleteWrite, Note, Write, WriteOutcome } from '../../actors/kit/write.ts';
import type { Profile } from '../../actors/scheduler/framework.ts';
import type { Scheduler } from '../../actors/scheduler/scheduler.ts';
import { type SchedulerEvent, schedulerMachine } from '../../actors/scheduler/scheduler-machine.ts';
import { seededRandom } from '../../streams/base/random.ts';
import type { AnyObject, KubeObject, ResourceName } from '../../streams/resources/meta.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';

export type PendingWrite = Effect & { readonly kind: 'write' };

export type WorldOptions = {
  readonly seed?: number;
  readonly profiles?: readonly Profile[];
  readonly bindingsMax?: number;
  /** Deleted pods stay, marked, until they are removed; otherwise they go at once. */
  readonly graceful?: boolean;
};

export class SchedulerWorld {
  readonly actor: Actor<typeof schedulerMachine>;
  readonly pods = new Map<string, Pod>();
  readonly nodes = new Map<string, Node>();
  /** Of other kinds. */
  readonly objects = new Map<string, AnyObject>();
  readonly notes: Note[] = [];
  /** Every binding that was recorded, in order: pod → node. */
  readonly bound: { readonly pod: string; readonly node: string }[] = [];
  /** Asked for and not yet answered. */
  readonly writes: PendingWrite[] = [];
  readonly timers = new Map<string, { readonly generation: number; readonly dueMs: number }>();
  nowMs = 0;
  #revision = 0;

  readonly #graceful: boolean;

  constructor({ seed = 1, graceful = false, ...input }: WorldOptions = {}) {
    this.#graceful = graceful;
    const world = this.#reader();
    this.actor = createActor(schedulerMachine, { input: { random: seededRandom(seed), world, ...input } });
    this.actor.on('effect', ({ effect }) => this.#take(effect));
    this.actor.start();
  }

  get state(): string {
    return stateName(this.actor.getSnapshot().value);
  }

  get scheduler(): Scheduler {
    return this.actor.getSnapshot().context.scheduler;
  }

  send(event: SchedulerEvent): this {
    this.actor.send(event);
    return this;
  }

  sync({ nodes = [], pods = [] }: { nodes?: readonly Node[]; pods?: readonly Pod[] } = {}): this {
    for (const node of nodes) this.nodes.set(node.metadata.name, node);
    const recorded = pods.map((pod) => this.record(pod));
    return this.send({ type: 'world.synced', nodes, pods: recorded, namespaces: [], nowMs: this.nowMs });
  }

  node(node: Node): this {
    this.nodes.set(node.metadata.name, node);
    return this.send({ type: 'node.changed', node, nowMs: this.nowMs, cause: null });
  }

  removeNode(name: string): this {
    this.nodes.delete(name);
    return this.send({ type: 'node.gone', name, nowMs: this.nowMs, cause: null });
  }

  pod(pod: Pod): this {
    const type = this.pods.has(pod.metadata.uid) ? 'pod.changed' : 'pod.added';
    const recorded = this.record(pod);
    // As its host does, it is spared what does not concern it.
    if (this.state.startsWith('running') && !this.scheduler.concerns(recorded)) return this;
    return this.send({ type, pod: recorded, nowMs: this.nowMs, cause: null });
  }

  /** The pod is changed, but the scheduler does not hear of it. */
  record(pod: Pod): Pod {
    const recorded = { ...pod, metadata: { ...pod.metadata, resourceVersion: `${++this.#revision}` } };
    this.pods.set(pod.metadata.uid, recorded);
    return recorded;
  }

  removePod(uid: string): this {
    this.pods.delete(uid);
    return this.send({ type: 'pod.gone', uid, nowMs: this.nowMs, cause: null });
  }

  /** Lets the machine work until it has nothing ready, without answering its writes. */
  work(podsMax = 1_000): this {
    for (let i = 0; i < 10_000 && this.state === 'running.scheduling'; i++) {
      this.send({ type: 'work', podsMax, nowMs: this.nowMs });
    }
    return this;
  }

  /** Answers one write as the API server would, or as told. */
  answer(write: PendingWrite | undefined = this.writes[0], outcome?: WriteOutcome): this {
    if (write === undefined) return this;
    this.writes.splice(this.writes.indexOf(write), 1);
    const settled = outcome ?? this.#record(write.write);
    return this.send({ type: 'write.settled', ticket: write.ticket, outcome: settled, nowMs: this.nowMs });
  }

  /** Works and answers until all is quiet. */
  settle(): this {
    for (let i = 0; i < 10_000; i++) {
      this.work();
      if (this.writes.length === 0) return this;
      while (this.writes.length > 0) this.answer();
    }
    throw new Error('the scheduler does not come to rest');
  }

  /** Lets time pass; timers fire in order, and what they cause is settled. */
  advance(ms: number): this {
    const end = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.timers].filter(([, { dueMs }]) => dueMs <= end).sort((a, b) => a[1].dueMs - b[1].dueMs);
      if (next === undefined) break;
      const [timer, { generation, dueMs }] = next;
      this.timers.delete(timer);
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.send({ type: 'timer.fired', timer, generation, nowMs: this.nowMs }).settle();
    }
    this.nowMs = end;
    return this;
  }

  nodeOf(name: string, namespace = 'default'): string | undefined {
    return this.byName(name, namespace)?.spec.nodeName;
  }

  byName(name: string, namespace = 'default'): Pod | undefined {
    return [...this.pods.values()].find(({ metadata: m }) => m.name === name && m.namespace === namespace);
  }

  /** An object of a kind that plugins watch. */
  object(object: AnyObject, resource: ResourceName): this {
    const { namespace = '', name } = object.metadata;
    const key = `${resource.resource} ${namespace}/${name}`;
    const previous = this.objects.get(key);
    this.objects.set(key, object);
    const change = { change: previous ? 'MODIFIED' : 'ADDED', resource, object, previous } as const;
    return this.send({ type: 'object.changed', change, nowMs: this.nowMs, cause: null });
  }

  #reader(): ObjectReader {
    const all = (resource: string): readonly KubeObject[] => {
      if (resource === 'pods') return [...this.pods.values()];
      return [...this.objects].filter(([key]) => key.startsWith(`${resource} `)).map(([, object]) => object);
    };
    return {
      get: <T extends KubeObject>({ resource }: ResourceName, key: { namespace?: string; name: string }) =>
        all(resource).find(({ metadata: m }) => m.name === key.name && m.namespace === key.namespace) as T | undefined,
      list: <T extends KubeObject>({ resource }: ResourceName) => all(resource) as T[],
      ownedBy: () => [],
      referringTo: () => [],
      podsOnNode: () => [],
      resources: () => [],
      stored: () => undefined,
    };
  }

  #delete({ name, uid = '' }: DeleteWrite): WriteOutcome {
    const pod = this.pods.get(uid);
    if (pod === undefined) return { kind: 'failed', reason: 'NotFound', message: `pods "${name}" not found` };
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    if (this.#graceful) this.pod({ ...pod, metadata: { ...pod.metadata, deletionTimestamp } });
    else this.removePod(uid);
    return { kind: 'done', object: pod };
  }

  #take(effect: Effect): void {
    if (effect.kind === 'write') this.writes.push(effect);
    else if (effect.kind === 'note') this.notes.push(effect.note);
    else if (effect.kind === 'disarm') this.timers.delete(effect.timer);
    else if (effect.kind === 'arm') {
      this.timers.set(effect.timer, { generation: effect.generation, dueMs: this.nowMs + effect.ms });
    }
  }

  #record(write: Write): WriteOutcome {
    if (write.kind === 'update' && write.resource.resource !== 'pods') {
      this.object(write.object as AnyObject, write.resource);
      return { kind: 'done', object: write.object };
    }
    if (write.kind === 'update') {
      const { uid, resourceVersion } = write.object.metadata;
      const known = this.pods.get(uid);
      if (known === undefined) return { kind: 'failed', reason: 'NotFound', message: 'pod not found' };
      if (known.metadata.resourceVersion !== resourceVersion) {
        return { kind: 'failed', reason: 'Conflict', message: 'the object has been modified' };
      }
      this.pod({
        ...known,
        ...('status' in write.object ? { status: write.object.status as Pod['status'] & {} } : {}),
      });
      return { kind: 'done', object: write.object };
    }
    if (write.kind === 'delete') return this.#delete(write);
    if (write.kind !== 'bind') throw new Error(`the scheduler does not ${write.kind}`);
    const pod = this.pods.get(write.uid);
    if (pod === undefined) return { kind: 'failed', reason: 'NotFound', message: `pods "${write.name}" not found` };
    const { nodeName = '', schedulingGates = [] } = pod.spec;
    const refused =
      pod.metadata.deletionTimestamp !== undefined || nodeName !== '' || schedulingGates.length > 0 ? 'refused' : '';
    if (refused !== '') return { kind: 'failed', reason: 'Conflict', message: `pod ${write.name} cannot be bound` };
    this.bound.push({ pod: write.name, node: write.node });
    const object = { ...pod, spec: { ...pod.spec, nodeName: write.node } };
    this.pod(object);
    return { kind: 'done', object };
  }
}
