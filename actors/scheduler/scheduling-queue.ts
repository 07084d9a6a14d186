// The pods that wait for a node: ready (active), held back after a failure for a while (backoff), until something
// changes that may help (unschedulable), or until their gates are gone (gated). Invariant: a pod is in at most one of
// them, and a pod given out is in none until it is put back; whatever may help a pod wakes it, even while it is out or
// held. Time is passed in. Source: kubernetes.md §2.3.

import { assert } from '../../streams/base/assert.ts';
import type { Cause } from '../../streams/log/event.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { ClusterEvent, FilterPlugin, QueueSortPlugin } from './framework.ts';
import { InFlightEvents } from './in-flight-events.ts';
import { IncomingCounts, labelOf } from './incoming-counts.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type { WaitingPod } from './pod-shape.ts';
import { type Backoff, backoffMs, newlyQueued, type Place, type QueuedPod, readyEarlier } from './queued-pod.ts';
import { type Audience, type Hints, UnschedulablePods, usedBy } from './unschedulable-pods.ts';
import { type NamedObject, Waiters } from './waiters.ts';

export type QueueCounts = Readonly<Record<Exclude<Place, 'out'>, number>>;

/** A pod nothing woke is tried again after this, in case a wake-up was not foreseen. */
const unschedulableMsMax = 5 * 60_000;
/** How often these are looked for. */
export const flushEveryMs = 30_000;

export type SchedulingQueueOptions = {
  readonly sort: QueueSortPlugin;
  readonly filters: (schedulerName: string) => ReadonlyMap<string, FilterPlugin>;
  readonly cluster: ClusterSnapshot;
  /** Default: kube-scheduler's, 1 s to 10 s. */
  readonly backoff?: Backoff | undefined;
};

/** When and why; `except` is the pod that caused the event itself. */
export type WakeMoment = { readonly nowMs: number; readonly cause: Cause | null; readonly except?: string };

export class SchedulingQueue {
  readonly incoming = new IncomingCounts();
  readonly #options: SchedulingQueueOptions;
  readonly #pods = new Map<string, QueuedPod>();
  readonly #active: IndexedHeap<QueuedPod>;
  readonly #backoff = new IndexedHeap<QueuedPod>(readyEarlier);
  readonly #errorBackoff = new IndexedHeap<QueuedPod>(readyEarlier);
  readonly #unschedulable = new UnschedulablePods();
  readonly #inFlight = new InFlightEvents();
  readonly #gated = new Set<QueuedPod>();
  /** Gated pods by the claims they use. */
  readonly #gatedUsers = new Waiters<QueuedPod>();
  readonly #hints: Hints = {
    audience: (event, queued) => this.#audience(event, queued),
    helps: (event, queued) => this.#helps(event, queued),
  };
  #order = 0;

  constructor(options: SchedulingQueueOptions) {
    this.#options = options;
    this.#active = new IndexedHeap((a, b) => {
      if (options.sort.before(a, b)) return true;
      return !options.sort.before(b, a) && a.order < b.order;
    });
  }

  get counts(): QueueCounts {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#errorBackoff.size,
      unschedulable: this.#unschedulable.size,
      gated: this.#gated.size,
    };
  }

  get(uid: string): QueuedPod | undefined {
    return this.#pods.get(uid);
  }

  pods(): Iterable<QueuedPod> {
    return this.#pods.values();
  }

  /** True where a pod can be had now. */
  get isReady(): boolean {
    return this.#active.size > 0 || this.#backoff.size > 0;
  }

  add(info: WaitingPod, { nowMs, gated, cause }: { nowMs: number; gated: boolean; cause: Cause | null }): QueuedPod {
    const queued = newlyQueued(info, { nowMs, cause, order: this.#order++ });
    this.#pods.set(info.uid, queued);
    this.#enter(queued, gated ? 'gated' : 'active', 'UnscheduledPodAdd');
    return queued;
  }

  /** Takes in a new version of a waiting pod; `matters` where it may fare differently now. */
  update(
    queued: QueuedPod,
    info: WaitingPod,
    { nowMs, gated, matters, cause }: { nowMs: number; gated: boolean; matters: boolean; cause: Cause | null },
  ): void {
    const { place } = queued;
    this.#leave(queued);
    queued.info = info;
    if (place === 'out') return;
    if (matters || place === 'gated') queued.cause = cause;
    if (gated) this.#enter(queued, 'gated', place === 'gated' ? undefined : 'UnscheduledPodUpdate');
    else if (place === 'gated') this.#enter(queued, 'active', 'UnscheduledPodUpdate');
    else if (place === 'unschedulable' && matters && !queued.held) this.#ready(queued, nowMs, 'UnscheduledPodUpdate');
    else {
      queued.missedWake ||= queued.held && matters;
      this.#enter(queued, place);
    }
  }

  remove(uid: string): QueuedPod | undefined {
    const queued = this.#pods.get(uid);
    if (queued === undefined) return undefined;
    this.#leave(queued);
    this.#inFlight.end(uid);
    this.#pods.delete(uid);
    return queued;
  }

  /**
   * The most urgent pod that is ready. An idle scheduler also takes pods out of their back-off early, as it has nothing
   * better to do, but never those whose binding failed.
   */
  pop(): QueuedPod | undefined {
    const queued = this.#active.peek() ?? this.#backoff.peek();
    if (queued === undefined) return undefined;
    this.#leave(queued);
    this.#inFlight.begin(queued.info.uid);
    return queued;
  }

  /** The pod that was given out is not going to be called unschedulable any more. */
  done(uid: string): void {
    this.#inFlight.end(uid);
  }

  /** No node suits: wait for an event that one of these plugins finds helpful. */
  putUnschedulable(queued: QueuedPod, rejectedBy: readonly string[], nowMs: number): void {
    assert(queued.place === 'out', 'only a pod that was given out is put back');
    queued.attempts++;
    queued.errors = 0;
    queued.erred = false;
    queued.rejectedBy = rejectedBy;
    queued.queuedAtMs = nowMs;
    const { uid } = queued.info;
    const missed = this.#inFlight.end(uid).find(({ event, except }) => except !== uid && this.#helps(event, queued));
    if (missed !== undefined) this.#ready(queued, nowMs, labelOf(missed.event));
    else this.#enter(queued, 'unschedulable', 'ScheduleAttemptFailure');
  }

  /** Binding failed: try again after a back-off, or once the gates it was given meanwhile are gone. */
  putBack(queued: QueuedPod, { nowMs, gated }: { nowMs: number; gated: boolean }): void {
    assert(queued.place === 'out', 'only a pod that was given out is put back');
    this.#inFlight.end(queued.info.uid);
    queued.errors++;
    queued.erred = true;
    queued.queuedAtMs = nowMs;
    queued.readyAtMs = nowMs + backoffMs(queued.errors, this.#options.backoff);
    this.#enter(queued, gated ? 'gated' : 'backoff', 'ScheduleAttemptFailure');
  }

  /** The pod waits for those that are evicted for it: nothing makes it ready before `release`. */
  hold(queued: QueuedPod): void {
    queued.held = true;
    queued.missedWake = false;
  }

  /** What it was held for is over; it is ready if something would have woken it meanwhile, or if that failed. */
  release(uid: string, nowMs: number, failed: boolean): void {
    const queued = this.#pods.get(uid);
    if (queued === undefined || !queued.held) return;
    queued.held = false;
    if (queued.place !== 'unschedulable' || !(failed || queued.missedWake)) return;
    this.#leave(queued);
    this.#ready(queued, nowMs, 'ForceActivate');
  }

  /** Lets the gated pods go that nothing holds back any more; of a claim only those that use it are asked. */
  ungate({ cause }: WakeMoment, free: (info: WaitingPod) => boolean, claim?: NamedObject): void {
    for (const queued of claim === undefined ? this.#gated : this.#gatedUsers.concernedBy(claim)) {
      if (!free(queued.info)) continue;
      this.#leave(queued);
      queued.cause = cause;
      this.#enter(queued, 'active', 'UnscheduledPodUpdate');
    }
  }

  /** Makes one pod ready whatever turned it away. */
  activate(uid: string, { nowMs, cause }: WakeMoment): void {
    const queued = this.#pods.get(uid);
    if (queued?.place === 'unschedulable') this.#wakeUp(queued, { nowMs, cause }, 'ForceActivate');
  }

  /** Moves the pods that the event may help to where they are tried again; says how many. */
  wake(event: ClusterEvent, { nowMs, cause, except }: WakeMoment): number {
    this.#inFlight.record(event, except);
    const woken = this.#unschedulable.helpedBy(event, this.#hints);
    for (const queued of woken) this.#wakeUp(queued, { nowMs, cause }, labelOf(event));
    return woken.length;
  }

  /** Moves pods whose time has come. */
  flush(nowMs: number): void {
    for (const heap of [this.#backoff, this.#errorBackoff]) {
      for (let next = heap.peek(); next !== undefined && next.readyAtMs <= nowMs; next = heap.peek()) {
        this.#leave(next);
        this.#enter(next, 'active', 'BackoffComplete');
      }
    }
  }

  /** Tries again the pods that nothing has woken for five minutes. */
  flushUnschedulable(nowMs: number): void {
    const stale: QueuedPod[] = [];
    for (const queued of this.#unschedulable.pods()) {
      if (nowMs - queued.queuedAtMs > unschedulableMsMax) stale.push(queued);
    }
    for (const queued of stale) this.#wakeUp(queued, { nowMs, cause: queued.cause }, 'UnschedulableTimeout');
  }

  /** When the next back-off ends that is not cut short. */
  get nextReadyAtMs(): number | undefined {
    return this.#errorBackoff.peek()?.readyAtMs;
  }

  #helps(event: ClusterEvent, { info, rejectedBy }: QueuedPod): boolean {
    if (rejectedBy.length === 0) return true;
    const plugins = this.#options.filters(info.shape.schedulerName);
    const at = { pod: info, cluster: this.#options.cluster };
    return rejectedBy.some((name) => plugins.get(name)?.wakesOn(event, info.shape, at) ?? true);
  }

  #audience(event: ClusterEvent, { info, rejectedBy }: QueuedPod): Audience {
    const plugins = this.#options.filters(info.shape.schedulerName);
    let audience: Audience = 'one';
    for (const name of rejectedBy) {
      const wakesEach = plugins.get(name)?.wakesEach ?? false;
      if (wakesEach === true) return 'each';
      if (wakesEach === false || event.kind !== 'objectChanged') continue;
      if (
        wakesEach.some(({ resource, group }) => resource === event.resource.resource && group === event.resource.group)
      )
        audience = 'users';
    }
    return audience;
  }

  #wakeUp(queued: QueuedPod, { nowMs, cause }: WakeMoment, label: string): void {
    queued.cause = cause;
    if (queued.held) {
      queued.missedWake = true;
      return;
    }
    this.#leave(queued);
    this.#ready(queued, nowMs, label);
  }

  /** Active, unless its last attempt is too recent. */
  #ready(queued: QueuedPod, nowMs: number, label: string): void {
    const readyAtMs = queued.queuedAtMs + backoffMs(queued.attempts, this.#options.backoff);
    queued.queuedAtMs = nowMs;
    queued.readyAtMs = readyAtMs;
    this.#enter(queued, readyAtMs > nowMs ? 'backoff' : 'active', label);
  }

  #heapOf({ erred }: QueuedPod): IndexedHeap<QueuedPod> {
    return erred ? this.#errorBackoff : this.#backoff;
  }

  #enter(queued: QueuedPod, place: Place, label?: string): void {
    queued.place = place;
    if (label !== undefined) this.incoming.count(place, label);
    if (place === 'active') this.#active.push(queued);
    else if (place === 'backoff') this.#heapOf(queued).push(queued);
    else if (place === 'gated') {
      this.#gated.add(queued);
      const used = usedBy(queued.info);
      if (used.length > 0) this.#gatedUsers.wait(queued, used);
    } else if (place === 'unschedulable') this.#unschedulable.add(queued);
  }

  #leave(queued: QueuedPod): void {
    const { place } = queued;
    queued.place = 'out';
    if (place === 'active') this.#active.remove(queued);
    else if (place === 'backoff') this.#heapOf(queued).remove(queued);
    else if (place === 'gated') {
      this.#gated.delete(queued);
      this.#gatedUsers.leave(queued);
    } else if (place === 'unschedulable') this.#unschedulable.delete(queued);
  }
}
