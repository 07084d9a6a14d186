// What the scheduler knows and does, step by step, without waiting for anything: it takes in what the log recorded,
// finds nodes for waiting pods, and leaves effects to be carried out. Invariant: what it holds of pods and nodes follows
// from recorded objects and from the bindings it has asked for, nothing else.

import { assertNever, defined } from '../../streams/base/assert.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Cause } from '../../streams/log/event.ts';
import type { KubeObject, Labels, ResourceName } from '../../streams/resources/meta.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { Effect } from '../kit/effect.ts';
import type { Note, WriteOutcome } from '../kit/write.ts';
import { type Binding, Bindings, type Settled } from './bindings.ts';
import { ClusterSnapshot } from './cluster-snapshot.ts';
import { ConditionWrites, type WaitReason } from './condition-writes.ts';
import { Decisions } from './decisions.ts';
import { defaultProfile } from './default-profile.ts';
import { countReasons, explain, truncated } from './fit-error.ts';
import type { ClusterEvent, FilterPlugin, Profile, Rejection } from './framework.ts';
import { type PodInfo, PodShapes, type WaitingPod, withoutObject } from './pod-shape.ts';
import { sameLabels, standingOf } from './pod-standing.ts';
import { reserve, unreserve } from './reservation.ts';
import { SchedulingCycle } from './scheduling-cycle.ts';
import { flushEveryMs, type QueueCounts, type QueuedPod, SchedulingQueue } from './scheduling-queue.ts';
import { Timers } from './timers.ts';

export type SchedulerOptions = {
  /** Breaks ties between nodes. */
  readonly random: Random;
  /** One per scheduler name; they share one queue, sorted as the first says. */
  readonly profiles?: readonly Profile[];
  /** Bindings asked for and not yet answered, at most. */
  readonly bindingsMax?: number;
  /** All objects, for plugins that look beyond nodes and pods. Its changes are told as `objectRecorded`. */
  readonly world?: ObjectReader;
};

/** When something was recorded and which event it was. */
export type Moment = { readonly nowMs: number; readonly cause: Cause | null };

export type ObjectChange = Omit<Extract<ClusterEvent, { kind: 'objectChanged' }>, 'kind'>;

export type SchedulerCounts = QueueCounts & {
  readonly nodes: number;
  /** Bindings asked for and not yet answered. */
  readonly binding: number;
  /** Since the start: pods bound, attempts that found no node, bindings refused. */
  readonly bound: number;
  readonly failed: number;
  readonly refused: number;
};

const bindingsMaxDefault = 1_000;
/** When the API server was unavailable, it is asked again after this. */
const retryAfterMs = 1_000;

export class Scheduler {
  readonly cluster: ClusterSnapshot;
  readonly queue: SchedulingQueue;
  readonly decisions = new Decisions();
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #cycles: ReadonlyMap<string, SchedulingCycle>;
  readonly #bindingsMax: number;
  readonly #shapes = new PodShapes();
  readonly #infos = new Map<string, PodInfo>();
  readonly #effects: Effect[] = [];
  readonly #emit = (effect: Effect) => void this.#effects.push(effect);
  readonly #bindings = new Bindings(this.#emit);
  readonly #timers = new Timers(this.#emit);
  readonly #conditions = new ConditionWrites({
    newest: (uid) => (this.#bindings.get(uid) === undefined ? this.queue.get(uid)?.info.pod : undefined),
    emit: this.#emit,
  });
  #tally = { bound: 0, failed: 0, refused: 0 };
  #draining = false;

  constructor({ random, profiles = [defaultProfile], bindingsMax = bindingsMaxDefault, world }: SchedulerOptions) {
    const cluster = new ClusterSnapshot(world);
    this.cluster = cluster;
    const [first = defaultProfile] = profiles;
    const filters = new Map<string, ReadonlyMap<string, FilterPlugin>>();
    const cycles = new Map<string, SchedulingCycle>();
    for (const profile of profiles) {
      filters.set(profile.schedulerName, new Map(profile.filters.map((plugin) => [plugin.name, plugin])));
      cycles.set(profile.schedulerName, new SchedulingCycle({ profile, cluster, random }));
    }
    this.#profiles = new Map(profiles.map((profile) => [profile.schedulerName, profile]));
    this.#cycles = cycles;
    this.#bindingsMax = bindingsMax;
    const filtersOf = (name: string) => filters.get(name) ?? noFilters;
    this.queue = new SchedulingQueue({ sort: first.queueSort, filters: filtersOf, cluster });
  }

  get counts(): SchedulerCounts {
    return { ...this.queue.counts, ...this.#tally, nodes: this.cluster.nodes.length, binding: this.#bindings.size };
  }

  /** True where a pod is ready and another binding may be asked for. */
  get hasWork(): boolean {
    return !this.#draining && this.queue.isReady && this.#bindings.asked < this.#bindingsMax;
  }

  get isBinding(): boolean {
    return this.#bindings.size > 0;
  }

  /** Takes the effects asked for since the last call, in order. */
  takeEffects(): Effect[] {
    return this.#effects.length === 0 ? none : this.#effects.splice(0);
  }

  /**
   * False where the change cannot alter what is held of the pod. Nearly all changes are status updates of running pods,
   * which concern scheduling least.
   */
  concerns(pod: Pod): boolean {
    const { uid, labels, generation, deletionTimestamp } = pod.metadata;
    const standing = standingOf(pod, this.#profiles);
    const info = this.#infos.get(uid);
    if (info === undefined) return standing.kind !== 'none';
    if (standing.kind !== 'placed' || standing.node !== this.cluster.nodeOf(uid)?.name) return true;
    if (this.#bindings.get(uid) !== undefined || this.queue.get(uid) !== undefined) return true;
    if ((deletionTimestamp !== undefined) !== info.shape.terminating) return true;
    // The generation counts changes of the spec.
    return generation === undefined || generation !== info.generation || !sameLabels(labels, info.shape.labels);
  }

  podRecorded(pod: Pod, moment: Moment): void {
    const standing = standingOf(pod, this.#profiles);
    switch (standing.kind) {
      case 'placed':
        this.#placed(pod, standing.node, moment);
        break;
      case 'waiting':
        this.#waiting(pod, standing.profile, moment);
        break;
      case 'none':
        this.podGone(pod.metadata.uid, moment);
        break;
      default:
        assertNever(standing);
    }
  }

  podGone(uid: string, moment: Moment): void {
    this.queue.remove(uid);
    this.#dropBinding(uid, moment);
    this.#free(uid, moment);
    const info = this.#infos.get(uid);
    if (info === undefined) return;
    this.#shapes.release(info);
    this.#infos.delete(uid);
  }

  nodeRecorded(node: Node, moment: Moment): void {
    const { info, added, aspects } = this.cluster.setNode(node);
    if (added) this.#wake({ kind: 'nodeAdded', node: info }, moment);
    else if (aspects.allocatable || aspects.labels || aspects.taints) {
      this.#wake({ kind: 'nodeChanged', node: info, aspects }, moment);
    }
  }

  nodeGone(name: string, moment: Moment): void {
    this.cluster.removeNode(name);
    this.#wake({ kind: 'nodeRemoved' }, moment);
  }

  namespaceRecorded(name: string, labels: Labels | undefined): void {
    this.cluster.setNamespace(name, labels);
  }

  /** An object of a kind that plugins watch. */
  objectRecorded(change: ObjectChange, moment: Moment): void {
    this.cluster.worldChanged();
    this.#wake({ kind: 'objectChanged', ...change }, moment);
    this.#poke(moment, change.resource);
    this.#arm(moment.nowMs);
  }

  /** Seeks nodes for at most `podsMax` pods. */
  work(podsMax: number, nowMs: number): void {
    this.queue.flush(nowMs);
    for (let i = 0; i < podsMax && this.hasWork; i++) {
      const queued = this.queue.pop();
      if (queued === undefined) break;
      this.#schedule(queued, nowMs);
    }
    this.#arm(nowMs);
  }

  settled(ticket: string, outcome: WriteOutcome, moment: Moment): void {
    if (Bindings.owns(ticket)) this.#bindingSettled(ticket, outcome, moment);
    else if (ConditionWrites.owns(ticket)) this.#conditions.settled(ticket, outcome, moment.nowMs);
    this.#arm(moment.nowMs);
  }

  timerFired(timer: string, generation: number, nowMs: number): void {
    if (!this.#timers.fired(timer, generation)) return;
    if (timer === 'retry') {
      this.#bindings.retry();
      this.#conditions.retry(nowMs);
    }
    if (timer === 'flush') this.queue.flushUnschedulable(nowMs);
    if (timer === 'preparation') this.#poke({ nowMs, cause: null });
    this.queue.flush(nowMs);
    this.#arm(nowMs);
  }

  /** No new work from here on; bindings under way are still waited for. */
  drain(): void {
    this.#draining = true;
    this.#bindings.dropOpen();
    this.#timers.disarmAll();
  }

  /** Preparations that something may have moved on. */
  #poke(moment: Moment, resource?: ResourceName): void {
    if (!this.#bindings.isPreparing) return;
    for (const settled of this.#bindings.poke(moment.nowMs, resource)) this.#bindingEnded(settled, moment);
  }

  #placed(pod: Pod, nodeName: string, moment: Moment): void {
    const { uid } = pod.metadata;
    this.queue.remove(uid);
    const before = this.cluster.nodeOf(uid);
    const shapeBefore = this.#infos.get(uid)?.shape;
    const renewed = this.#renew(pod);
    this.#confirm(renewed, nodeName, moment);
    const info = withoutObject(renewed);
    this.#infos.set(uid, info);
    if (before?.name === nodeName && shapeBefore === info.shape) {
      // The assumption has become a fact, or nothing that matters has changed.
      before.pods.set(uid, info);
      return;
    }
    const node = this.cluster.place(info, nodeName);
    if (before !== undefined && shapeBefore !== undefined) {
      this.#wake({ kind: 'podLeft', node: before, pod: shapeBefore }, moment);
    }
    this.#wake({ kind: 'podPlaced', node, pod: info.shape }, moment);
  }

  /** The log tells where the pod is: the answer to our own request may still be on its way, or may never come. */
  #confirm(info: WaitingPod, nodeName: string, moment: Moment): void {
    const binding = this.#bindings.get(info.uid);
    if (binding === undefined) return;
    if (binding.node !== nodeName || !binding.asked) {
      this.#dropBinding(info.uid, moment);
      return;
    }
    binding.recorded = true;
    binding.queued.info = info;
    if (!binding.open) return;
    this.#bindings.drop(info.uid);
    this.#bound(binding);
  }

  #waiting(pod: Pod, profile: Profile, { nowMs, cause }: Moment): void {
    const { uid } = pod.metadata;
    const shapeBefore = this.#infos.get(uid)?.shape;
    const info = this.#renew(pod);
    const gated = isGated(info, profile);
    const queued = this.queue.get(uid);
    if (queued === undefined) this.queue.add(info, { nowMs, gated, cause });
    else this.queue.update(queued, info, { nowMs, gated, matters: shapeBefore !== info.shape, cause });
  }

  #renew(pod: Pod): WaitingPod {
    const before = this.#infos.get(pod.metadata.uid);
    const info = before === undefined ? this.#shapes.acquire(pod) : this.#shapes.renew(before, pod);
    this.#infos.set(info.uid, info);
    return info;
  }

  #schedule(queued: QueuedPod, nowMs: number): void {
    const { info } = queued;
    const cycle = defined(this.#cycles.get(info.shape.schedulerName), 'only pods of known profiles are queued');
    const finding = cycle.schedule(info);
    this.decisions.record(info, finding, nowMs);
    if (finding.kind === 'none') {
      this.#tally.failed++;
      this.queue.putUnschedulable(queued, finding.rejectedBy, nowMs);
      this.#tellFailure(queued, { reason: 'Unschedulable', message: finding.message, nowMs });
      return;
    }
    this.cluster.place(info, finding.node.name);
    const moment = { nowMs, cause: queued.cause };
    const input = { node: finding.node, profile: cycle.profile, cluster: this.cluster, state: finding.state };
    const rejection = reserve(info, input, nowMs);
    if (rejection !== undefined) {
      this.#free(info.uid, moment);
      this.#turnedAway(queued, rejection, nowMs);
      return;
    }
    const started = this.#bindings.start(queued, input, nowMs);
    this.#wake({ kind: 'podPlaced', node: finding.node, pod: info.shape }, moment);
    this.#bindingEnded(started, moment);
    this.#poke(moment);
  }

  /** A plugin said no after a node was found. */
  #turnedAway(queued: QueuedPod, rejection: Rejection, nowMs: number): void {
    this.#tally.failed++;
    this.queue.putUnschedulable(queued, [rejection.plugin], nowMs);
    const message = explain({ nodes: 1, counts: countReasons(new Map([[rejection, 1]])) });
    this.#tellFailure(queued, { reason: 'Unschedulable', message, nowMs });
  }

  #bindingSettled(ticket: string, outcome: WriteOutcome, moment: Moment): void {
    const settled = this.#bindings.settled(ticket, outcome, moment.nowMs);
    if (settled.kind === 'open' && this.#draining) this.#bindings.dropOpen();
    this.#bindingEnded(settled, moment);
  }

  #bindingEnded(settled: Settled, moment: Moment): void {
    switch (settled.kind) {
      case 'stale':
      case 'open':
      case 'taken':
      case 'waiting':
        return;
      case 'bound':
        this.#bound(settled.binding);
        break;
      case 'gone':
        unreserve(settled.binding.queued.info, settled.binding.input, moment.nowMs);
        this.podGone(settled.binding.queued.info.uid, moment);
        break;
      case 'denied':
        this.#undo(settled.binding, moment);
        this.#turnedAway(settled.binding.queued, settled.rejection, moment.nowMs);
        break;
      case 'refused':
        this.#refused(settled.binding, settled, moment);
        break;
      default:
        assertNever(settled);
    }
  }

  #refused(binding: Binding, { message, conflict }: { message: string; conflict: boolean }, moment: Moment): void {
    const { queued } = binding;
    this.#tally.refused++;
    this.#undo(binding, moment);
    const profile = this.#profiles.get(queued.info.shape.schedulerName);
    const gated = profile !== undefined && isGated(queued.info, profile);
    this.queue.putBack(queued, { nowMs: moment.nowMs, gated });
    // A lost race is ordinary and soon mended; anything else people should know.
    if (!conflict) this.#tellFailure(queued, { reason: 'SchedulerError', message, nowMs: moment.nowMs });
  }

  /** The binding did not happen: all that was taken for it is given back. */
  #undo({ queued, input }: Binding, moment: Moment): void {
    unreserve(queued.info, input, moment.nowMs);
    this.#free(queued.info.uid, moment);
  }

  #dropBinding(uid: string, { nowMs }: Moment): void {
    const binding = this.#bindings.get(uid);
    if (binding === undefined) return;
    this.#bindings.drop(uid);
    unreserve(binding.queued.info, binding.input, nowMs);
  }

  #bound({ queued, node }: Binding): void {
    const { uid, namespace, name, pod } = queued.info;
    this.#tally.bound++;
    this.queue.remove(uid);
    const message = `Successfully assigned ${namespace}/${name} to ${node}`;
    this.#note(pod, { type: 'Normal', reason: 'Scheduled', action: 'Binding', message });
  }

  #free(uid: string, moment: Moment): void {
    const node = this.cluster.displace(uid);
    const info = this.#infos.get(uid);
    if (node !== undefined && info !== undefined) this.#wake({ kind: 'podLeft', node, pod: info.shape }, moment);
  }

  #wake(event: ClusterEvent, moment: Moment): void {
    if (this.queue.counts.unschedulable > 0) this.queue.wake(event, moment);
  }

  #tellFailure(queued: QueuedPod, { reason, message, nowMs }: { reason: WaitReason; message: string; nowMs: number }) {
    const { uid, pod } = queued.info;
    this.#conditions.want(uid, { reason, message, cause: queued.cause }, nowMs);
    this.#note(pod, { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', message: truncated(message) });
  }

  #note(regarding: KubeObject & Pod, note: Pick<Note, 'type' | 'reason' | 'message'> & { readonly action: string }) {
    const component = regarding.spec.schedulerName ?? 'default-scheduler';
    this.#emit({ kind: 'note', note: { regarding, component, ...note } });
  }

  #arm(nowMs: number): void {
    if (this.#draining) return;
    const { nextReadyAtMs } = this.queue;
    const { nextDueMs } = this.#bindings;
    if (nextDueMs !== undefined) this.#timers.arm('preparation', { nowMs, dueMs: nextDueMs });
    if (nextReadyAtMs !== undefined) this.#timers.arm('backoff', { nowMs, dueMs: nextReadyAtMs });
    if (this.queue.counts.unschedulable > 0) this.#timers.arm('flush', { nowMs, dueMs: nowMs + flushEveryMs });
    if (this.#bindings.hasOpen || this.#conditions.hasDelayed) {
      this.#timers.arm('retry', { nowMs, dueMs: nowMs + retryAfterMs });
    }
  }
}

function isGated(info: WaitingPod, { preEnqueue }: Profile): boolean {
  return preEnqueue.some((plugin) => plugin.preEnqueue(info) !== undefined);
}

const none: Effect[] = [];
const noFilters: ReadonlyMap<string, FilterPlugin> = new Map();
