// A ready pod's way to its node and what may go wrong on it: a node is sought, the pod is assumed there, what it needs is
// reserved, the binding is prepared and asked for. Otherwise the pod goes back to the queue, people are told why, and
// less important pods may be evicted for it. Invariant: what was taken for a binding is given back when it fails.

import { assertNever, defined } from '../../streams/base/assert.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Effect } from '../kit/effect.ts';
import type { WriteOutcome } from '../kit/write.ts';
import { type Binding, Bindings, type Settled } from './bindings.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import { Decisions } from './decisions.ts';
import { countReasons, explain } from './fit-error.ts';
import type { ClusterEvent, Profile, Rejection } from './framework.ts';
import { PluginFailed } from './guarded-plugin.ts';
import type { Nominations } from './nominations.ts';
import type { WaitingPod } from './pod-shape.ts';
import { isGated } from './pod-standing.ts';
import type { Help } from './post-filter.ts';
import { Evictions } from './preemption/evictions.ts';
import type { QueuedPod } from './queued-pod.ts';
import { Reports } from './reports.ts';
import { reserve, unreserve } from './reservation.ts';
import type { Moment } from './scheduler-ports.ts';
import { type Finding, SchedulingCycle } from './scheduling-cycle.ts';
import type { SchedulingQueue } from './scheduling-queue.ts';
import { Statistics } from './statistics.ts';
import type { NamedObject } from './waiters.ts';

export type PodPlacingParts = {
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly cluster: ClusterSnapshot;
  readonly queue: SchedulingQueue;
  readonly nominations: Nominations;
  readonly random: Random;
  readonly emit: (effect: Effect) => void;
  /** Milliseconds of some clock that only runs forward: for statistics, never for deciding. */
  readonly stopwatch: () => number;
  readonly wake: (event: ClusterEvent, moment: Moment) => void;
  /** The pod turned out to be gone. */
  readonly gone: (uid: string, moment: Moment) => void;
};

export class PodPlacing {
  readonly bindings: Bindings;
  readonly decisions = new Decisions();
  readonly statistics = new Statistics();
  readonly reports: Reports;
  readonly #parts: PodPlacingParts;
  readonly #cycles: ReadonlyMap<string, SchedulingCycle>;
  readonly #evictions: Evictions;

  constructor(parts: PodPlacingParts) {
    const { profiles, cluster, queue, nominations, random, emit, stopwatch } = parts;
    this.#parts = parts;
    this.bindings = new Bindings(emit, (uid) => queue.done(uid));
    this.#evictions = new Evictions({ world: cluster.world, emit });
    this.#cycles = new Map(
      Array.from(profiles, ([name, profile]) => [
        name,
        new SchedulingCycle({ profile, cluster, random, nominations, watch: this.statistics.points(name, stopwatch) }),
      ]),
    );
    // A pod whose binding is asked for is left alone: its status is about to change anyhow.
    const newest = (uid: string) => (this.bindings.get(uid)?.asked ? undefined : queue.get(uid)?.info.pod);
    this.reports = new Reports({ newest, emit });
  }

  /** Seeks a node for the pod, which was given out by the queue. */
  place(queued: QueuedPod, nowMs: number): void {
    const { info } = queued;
    const { cluster, queue, nominations } = this.#parts;
    const cycle = defined(this.#cycles.get(info.shape.schedulerName), 'only pods of known profiles are queued');
    queued.tries++;
    const startMs = this.#parts.stopwatch();
    const finding = this.#find(queued, cycle, nowMs);
    if (finding === undefined) return;
    this.statistics.attempted(finding.kind, info.shape.schedulerName, this.#parts.stopwatch() - startMs);
    this.decisions.record(info, finding, { atMs: nowMs, weights: cycle.weights });
    const moment = { nowMs, cause: queued.cause, except: info.uid };
    if (finding.kind === 'none') {
      this.statistics.count('unschedulable', info.shape.schedulerName);
      if (finding.nodes > 0) this.statistics.preemptionAttempts++;
      queue.putUnschedulable(queued, finding.rejectedBy, nowMs);
      this.#promise(info, finding.help.nominatedNode, moment);
      this.#preempt(queued, finding.help, moment);
      const waits = { reason: 'Unschedulable', message: finding.message } as const;
      this.reports.failed(queued, { waits, nominatedNode: finding.help.nominatedNode }, nowMs);
      return;
    }
    cluster.place(info, finding.node.name);
    nominations.remove(info.uid);
    const input = { node: finding.node, profile: cycle.profile, cluster, state: finding.state };
    const rejection = reserve(info, input, nowMs);
    if (rejection !== undefined) {
      this.free(info.uid, moment);
      this.#turnedAway(queued, rejection, moment);
      return;
    }
    const started = this.bindings.start(queued, input, nowMs);
    if (this.bindings.isPreparingPod(info.uid)) this.reports.nominate(queued, finding.node.name, nowMs);
    this.#parts.wake({ kind: 'podPlaced', node: finding.node, pod: info.shape }, moment);
    this.#ended(started, moment);
    this.poke(moment);
  }

  /** Undefined where a plugin of the user's own has failed: the pod comes again after a while. */
  #find(queued: QueuedPod, cycle: SchedulingCycle, nowMs: number): Finding | undefined {
    try {
      return cycle.schedule(queued.info);
    } catch (error) {
      if (!(error instanceof PluginFailed)) throw error;
      this.statistics.count('error', queued.info.shape.schedulerName);
      this.#parts.queue.putBack(queued, { nowMs, gated: false });
      this.reports.failed(queued, { waits: { reason: 'SchedulerError', message: error.message } }, nowMs);
      return undefined;
    }
  }

  /** An answer to one of the writes asked for here. */
  settled(ticket: string, outcome: WriteOutcome, moment: Moment): void {
    if (Bindings.owns(ticket)) this.#ended(this.bindings.settled(ticket, outcome, moment.nowMs), moment);
    else if (Evictions.owns(ticket)) {
      const preempted = this.#evictions.settled(ticket, outcome, moment.nowMs);
      if (preempted !== undefined) this.#parts.queue.release(preempted.uid, moment.nowMs, preempted.failed);
    } else this.reports.settled(ticket, outcome, moment.nowMs);
  }

  /** An object has changed, or, without one, nodes and pods: preparations may go on. */
  poke(moment: Moment, changed?: NamedObject): void {
    if (!this.bindings.isPreparing) return;
    for (const settled of this.bindings.poke(moment.nowMs, changed)) this.#ended(settled, moment);
  }

  /** Preparations that have waited long enough come to an end. */
  giveUpLate(moment: Moment): void {
    for (const settled of this.bindings.giveUpLate(moment.nowMs)) this.#ended(settled, moment);
  }

  /** The log tells where the pod is: the answer to our own request may still be on its way, or may never come. */
  confirm(info: WaitingPod, nodeName: string, moment: Moment): void {
    const binding = this.bindings.get(info.uid);
    if (binding === undefined) return;
    if (binding.node !== nodeName || !binding.asked) {
      this.drop(info.uid, moment);
      return;
    }
    binding.recorded = true;
    binding.queued.info = info;
    if (!binding.open) return;
    this.bindings.drop(info.uid);
    this.#bound(binding, moment);
  }

  /** Whatever becomes of the pod's binding, it is of no interest any more. */
  drop(uid: string, { nowMs }: Moment): void {
    const binding = this.bindings.get(uid);
    if (binding === undefined) return;
    this.bindings.drop(uid);
    unreserve(binding.queued.info, binding.input, nowMs);
  }

  /** Gives the pod's room back. */
  free(uid: string, moment: Moment): void {
    const { cluster, wake } = this.#parts;
    const info = cluster.nodeOf(uid)?.pods.get(uid);
    const node = cluster.displace(uid);
    if (node !== undefined && info !== undefined) wake({ kind: 'podLeft', node, pod: info.shape }, moment);
  }

  #ended(settled: Settled, moment: Moment): void {
    switch (settled.kind) {
      case 'stale':
      case 'open':
      case 'taken':
      case 'waiting':
        return;
      case 'bound':
        this.#bound(settled.binding, moment);
        break;
      case 'gone':
        unreserve(settled.binding.queued.info, settled.binding.input, moment.nowMs);
        this.#parts.gone(settled.binding.queued.info.uid, moment);
        break;
      case 'denied':
        this.#undo(settled.binding, { ...moment, except: settled.binding.queued.info.uid });
        this.#turnedAway(settled.binding.queued, settled.rejection, moment);
        break;
      case 'refused':
        this.#refused(settled.binding, settled, moment);
        break;
      default:
        assertNever(settled);
    }
  }

  /** A plugin said no after a node was found. */
  #turnedAway(queued: QueuedPod, rejection: Rejection, moment: Moment): void {
    this.statistics.count('unschedulable', queued.info.shape.schedulerName);
    this.#parts.queue.putUnschedulable(queued, [rejection.plugin], moment.nowMs);
    const message = explain({ nodes: 1, counts: countReasons(new Map([[rejection, 1]])) });
    this.reports.failed(queued, { waits: { reason: 'Unschedulable', message }, nominatedNode: '' }, moment.nowMs);
  }

  #refused(binding: Binding, { message, conflict }: { message: string; conflict: boolean }, moment: Moment): void {
    const { queued } = binding;
    const { nowMs } = moment;
    this.statistics.count('error', queued.info.shape.schedulerName);
    this.#undo(binding, { ...moment, except: queued.info.uid });
    const profile = this.#parts.profiles.get(queued.info.shape.schedulerName);
    const gated = profile !== undefined && isGated(queued.info, profile, this.#parts.cluster);
    this.#parts.queue.putBack(queued, { nowMs, gated });
    // A lost race is ordinary and soon mended; anything else people should know.
    if (conflict) return;
    this.reports.failed(queued, { waits: { reason: 'SchedulerError', message }, nominatedNode: '' }, nowMs);
  }

  #bound({ queued, node }: Binding, { nowMs }: Moment): void {
    this.statistics.bound(queued, nowMs);
    this.#parts.queue.remove(queued.info.uid);
    this.reports.bound(queued.info, node);
  }

  /** The binding did not happen: all that was taken for it is given back. */
  #undo({ queued, input }: Binding, moment: Moment): void {
    unreserve(queued.info, input, moment.nowMs);
    this.free(queued.info.uid, moment);
  }

  #preempt(queued: QueuedPod, { preemption, nominatedNode }: Help, moment: Moment): void {
    if (preemption === undefined) return;
    const { node, victims } = preemption;
    this.statistics.preempted(victims.length);
    // Less important pods that were promised this node will hardly fit there any more: they had better look around.
    for (const other of [...this.#parts.nominations.on(nominatedNode ?? '')]) {
      if (other.shape.priority >= queued.info.shape.priority) continue;
      this.#promise(other, '', moment);
      this.reports.nominate({ info: other, cause: moment.cause }, '', moment.nowMs);
      this.#parts.queue.activate(other.uid, moment);
    }
    if (this.#evictions.start(queued, node.name, victims, moment.nowMs)) this.#parts.queue.hold(queued);
  }

  /** Whoever was kept away by the promise the pod had before may try again. */
  #promise(pod: WaitingPod, node: string | undefined, moment: Moment): void {
    if (node === undefined) return;
    const { nominations, cluster, wake } = this.#parts;
    const before = nominations.set(pod, node);
    const left = before === undefined || before === node ? undefined : cluster.node(before);
    if (left !== undefined) wake({ kind: 'podLeft', node: left, pod: pod.shape }, moment);
  }
}
