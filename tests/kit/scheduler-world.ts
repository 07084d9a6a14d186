// The scheduler's machine with a cluster around it that keeps the API server's rules for binding: it records what is
// asked, refuses what must be refused, and tells the machine. Time stands still unless it is moved.

import { type Actor, createActor } from 'xstate';
import type { Effect } from '../../actors/kit/effect.ts';
import { stateName } from '../../actors/kit/lifecycle.ts';
import type { Note, Write, WriteOutcome } from '../../actors/kit/write.ts';
import type { Profile } from '../../actors/scheduler/framework.ts';
import type { Scheduler } from '../../actors/scheduler/scheduler.ts';
import { type SchedulerEvent, schedulerMachine } from '../../actors/scheduler/scheduler-machine.ts';
import { seededRandom } from '../../streams/base/random.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';

export type PendingWrite = Effect & { readonly kind: 'write' };

export type WorldOptions = {
  readonly seed?: number;
  readonly profiles?: readonly Profile[];
  readonly bindingsMax?: number;
};

export class SchedulerWorld {
  readonly actor: Actor<typeof schedulerMachine>;
  readonly pods = new Map<string, Pod>();
  readonly nodes = new Map<string, Node>();
  readonly notes: Note[] = [];
  /** Every binding that was recorded, in order: pod → node. */
  readonly bound: { readonly pod: string; readonly node: string }[] = [];
  /** Asked for and not yet answered. */
  readonly writes: PendingWrite[] = [];
  readonly timers = new Map<string, { readonly generation: number; readonly dueMs: number }>();
  nowMs = 0;
  #revision = 0;

  constructor({ seed = 1, ...input }: WorldOptions = {}) {
    this.actor = createActor(schedulerMachine, { input: { random: seededRandom(seed), ...input } });
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

  #take(effect: Effect): void {
    if (effect.kind === 'write') this.writes.push(effect);
    else if (effect.kind === 'note') this.notes.push(effect.note);
    else if (effect.kind === 'disarm') this.timers.delete(effect.timer);
    else if (effect.kind === 'arm') {
      this.timers.set(effect.timer, { generation: effect.generation, dueMs: this.nowMs + effect.ms });
    }
  }

  #record(write: Write): WriteOutcome {
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
