// What the scheduler knows and does, step by step, without waiting for anything: it takes in what the log recorded,
// finds nodes for waiting pods, and leaves effects to be carried out. Invariant: what it holds of pods and nodes follows
// from recorded objects and from the bindings it has asked for, nothing else.

import { assertNever } from '../../streams/base/assert.ts';
import type { Labels, ResourceName } from '../../streams/resources/meta.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Effect } from '../kit/effect.ts';
import type { WriteOutcome } from '../kit/write.ts';
import { ClusterSnapshot } from './cluster-snapshot.ts';
import { defaultProfile } from './default-profile.ts';
import { type Explanation, explain } from './explanation.ts';
import type { ClusterEvent, FilterPlugin, Profile } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { Nominations } from './nominations.ts';
import { PodPlacing } from './pod-placing.ts';
import { type PodInfo, type PodShape, PodShapes, type WaitingPod, withoutObject } from './pod-shape.ts';
import { claimsNoted, hasEndingPods, isGated, sameLabels, standingOf } from './pod-standing.ts';
import type { Moment, ObjectChange, SchedulerCounts, SchedulerOptions } from './scheduler-ports.ts';
import { flushEveryMs, SchedulingQueue } from './scheduling-queue.ts';
import { Timers } from './timers.ts';

const bindingsMaxDefault = 1_000;
/** When the API server was unavailable, it is asked again after this. */
const retryAfterMs = 1_000;

export class Scheduler {
  readonly cluster: ClusterSnapshot;
  readonly queue: SchedulingQueue;
  readonly nominations: Nominations;
  readonly placing: PodPlacing;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #bindingsMax: number;
  readonly #shapes = new PodShapes();
  readonly #infos = new Map<string, PodInfo>();
  readonly #effects: Effect[] = [];
  readonly #timers: Timers;
  #draining = false;

  constructor({ random, profiles = [defaultProfile], world, backoff, ...options }: SchedulerOptions) {
    const cluster = new ClusterSnapshot(world);
    const [first = defaultProfile] = profiles;
    const filters = new Map<string, ReadonlyMap<string, FilterPlugin>>();
    for (const { schedulerName, filters: plugins } of profiles) {
      filters.set(schedulerName, new Map(plugins.map((plugin) => [plugin.name, plugin])));
    }
    const filtersOf = (name: string) => filters.get(name) ?? noFilters;
    const emit = (effect: Effect) => void this.#effects.push(effect);
    this.cluster = cluster;
    this.queue = new SchedulingQueue({ sort: first.queueSort, filters: filtersOf, cluster, backoff });
    this.nominations = new Nominations(cluster);
    this.#profiles = new Map(profiles.map((profile) => [profile.schedulerName, profile]));
    this.#bindingsMax = options.bindingsMax ?? bindingsMaxDefault;
    this.#timers = new Timers(emit);
    this.placing = new PodPlacing({
      profiles: this.#profiles,
      cluster,
      queue: this.queue,
      nominations: this.nominations,
      random,
      emit,
      stopwatch: options.stopwatch ?? (() => 0),
      wake: (event, moment) => this.#wake(event, moment),
      gone: (uid, moment) => this.podGone(uid, moment),
    });
  }

  get decisions() {
    return this.placing.decisions;
  }

  get counts(): SchedulerCounts {
    const { statistics, bindings } = this.placing;
    return {
      ...this.queue.counts,
      nodes: this.cluster.nodes.length,
      binding: bindings.size,
      bound: statistics.total('scheduled'),
      failed: statistics.total('unschedulable'),
      refused: statistics.total('error'),
    };
  }

  /** True where a pod is ready and another binding may be asked for. */
  get hasWork(): boolean {
    return !this.#draining && this.queue.isReady && this.placing.bindings.asked < this.#bindingsMax;
  }

  get isBinding(): boolean {
    return this.placing.bindings.size > 0;
  }

  explain(pod: { readonly namespace: string; readonly name: string; readonly uid: string }): Explanation {
    return explain(this, pod, (name) => this.#profiles.get(name));
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
    if (this.placing.bindings.get(uid) !== undefined || this.queue.get(uid) !== undefined) return true;
    if ((deletionTimestamp !== undefined) !== info.shape.terminating) return true;
    if (info.startedAtMs === undefined && pod.status?.startTime !== undefined) return true;
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
    this.placing.drop(uid, moment);
    this.placing.free(uid, moment);
    const info = this.#infos.get(uid);
    if (info === undefined) return;
    const promised = this.nominations.remove(uid);
    if (promised !== undefined) this.#promiseEnded(info, promised, moment);
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
    this.#ungate(change, moment);
    const { namespace = '', name } = change.object.metadata;
    this.placing.poke(moment, { resource: change.resource, namespace, name });
    this.#arm(moment.nowMs);
  }

  /** Seeks nodes for at most `podsMax` pods. */
  work(podsMax: number, nowMs: number): void {
    this.queue.flush(nowMs);
    for (let i = 0; i < podsMax && this.hasWork; i++) {
      const queued = this.queue.pop();
      if (queued === undefined) break;
      this.placing.place(queued, nowMs);
    }
    this.#arm(nowMs);
  }

  settled(ticket: string, outcome: WriteOutcome, moment: Moment): void {
    this.placing.settled(ticket, outcome, moment);
    if (this.#draining) this.placing.bindings.dropOpen();
    this.#arm(moment.nowMs);
  }

  timerFired(timer: string, generation: number, nowMs: number): void {
    if (!this.#timers.fired(timer, generation)) return;
    if (timer === 'retry') {
      this.placing.bindings.retry();
      this.placing.reports.retry(nowMs);
    }
    if (timer === 'flush') this.queue.flushUnschedulable(nowMs);
    if (timer === 'preparation') this.placing.giveUpLate({ nowMs, cause: null });
    this.queue.flush(nowMs);
    this.#arm(nowMs);
  }

  /** No new work from here on; bindings under way are still waited for. */
  drain(): void {
    this.#draining = true;
    this.placing.bindings.dropOpen();
    this.#timers.disarmAll();
  }

  #placed(pod: Pod, nodeName: string, moment: Moment): void {
    const { uid } = pod.metadata;
    this.queue.remove(uid);
    this.nominations.remove(uid);
    const before = this.cluster.nodeOf(uid);
    const known = this.#infos.get(uid);
    const renewed = this.#renew(pod);
    this.placing.confirm(renewed, nodeName, moment);
    const info = withoutObject(renewed);
    this.#infos.set(uid, info);
    if (before?.name === nodeName && known?.shape === info.shape) {
      // The assumption has become a fact, or nothing that matters has changed.
      this.cluster.replace(info, before);
      return;
    }
    if (before?.name === nodeName && known !== undefined) this.#standsAs(info, known.shape, before, moment);
    else {
      const node = this.cluster.place(info, nodeName);
      if (before !== undefined && known !== undefined) {
        this.#wake({ kind: 'podLeft', node: before, pod: known.shape }, moment);
      }
      this.#wake({ kind: 'podPlaced', node, pod: info.shape }, moment);
    }
    this.placing.poke(moment);
  }

  /** The pod stays where it is, but looks different: for others it is as if one had gone and another come. */
  #standsAs(info: PodInfo, shapeBefore: PodShape, node: NodeInfo, moment: Moment): void {
    this.cluster.place(info, node.name);
    this.#wake({ kind: 'podLeft', node, pod: shapeBefore }, moment);
    this.#wake({ kind: 'podPlaced', node, pod: info.shape }, moment);
  }

  #waiting(pod: Pod, profile: Profile, moment: Moment): void {
    const { nowMs, cause } = moment;
    const { uid } = pod.metadata;
    const shapeBefore = this.#infos.get(uid)?.shape;
    const info = this.#renew(pod);
    const gated = isGated(info, profile, this.cluster);
    const queued = this.queue.get(uid);
    const previous = queued?.info;
    if (queued === undefined) this.queue.add(info, { nowMs, gated, cause });
    else {
      const matters = shapeBefore !== info.shape || claimsNoted(queued.info.pod) !== claimsNoted(pod);
      this.queue.update(queued, info, { nowMs, gated, matters, cause });
    }
    const assumed = this.cluster.nodeOf(uid);
    if (assumed !== undefined) {
      // It stands there already as far as others are concerned, in its new version from now on.
      if (shapeBefore !== undefined && shapeBefore !== info.shape) this.#standsAs(info, shapeBefore, assumed, moment);
      return;
    }
    const promised = this.nominations.recorded(info, previous);
    if (promised !== undefined) this.#promiseEnded(info, promised, moment);
  }

  #wake(event: ClusterEvent, moment: Moment): void {
    this.queue.wake(event, moment);
    if (event.kind !== 'podLeft' || event.node.promised === 0) return;
    // Who waits here for others to end may have to evict more than it thought: it looks again when none is left.
    for (const { uid, shape } of this.nominations.on(event.node.name)) {
      if (!hasEndingPods(event.node, shape.priority)) this.queue.activate(uid, moment);
    }
  }

  /** Pods that a plugin holds back which looks at objects of this kind may be free now. */
  #ungate({ resource, object }: ObjectChange, moment: Moment): void {
    const isIt = (name: ResourceName) => name.resource === resource.resource && name.group === resource.group;
    const names = new Set<string>();
    let isClaim = true;
    for (const [name, { preEnqueue }] of this.#profiles) {
      const looking = preEnqueue.filter(({ watches = [] }) => watches.some(isIt));
      if (looking.length > 0) names.add(name);
      isClaim &&= looking.every(({ claims = [] }) => claims.some(isIt));
    }
    if (names.size === 0) return;
    const { namespace = '', name } = object.metadata;
    const free = (info: WaitingPod) => names.has(info.shape.schedulerName) && this.#isFree(info);
    this.queue.ungate(moment, free, isClaim ? { resource, namespace, name } : undefined);
  }

  #isFree(info: WaitingPod): boolean {
    const profile = this.#profiles.get(info.shape.schedulerName);
    return profile !== undefined && !isGated(info, profile, this.cluster);
  }

  /** Less important pods reckoned with the promise as if the pod stood there. */
  #promiseEnded({ shape }: PodInfo, nodeName: string, moment: Moment): void {
    const node = this.cluster.node(nodeName);
    if (node !== undefined) this.#wake({ kind: 'podLeft', node, pod: shape }, moment);
  }

  #renew(pod: Pod): WaitingPod {
    const before = this.#infos.get(pod.metadata.uid);
    const info = before === undefined ? this.#shapes.acquire(pod) : this.#shapes.renew(before, pod);
    this.#infos.set(info.uid, info);
    return info;
  }

  #arm(nowMs: number): void {
    if (this.#draining) return;
    const { nextReadyAtMs } = this.queue;
    const { nextDueMs, hasOpen } = this.placing.bindings;
    if (nextDueMs !== undefined) this.#timers.arm('preparation', { nowMs, dueMs: nextDueMs });
    if (nextReadyAtMs !== undefined) this.#timers.arm('backoff', { nowMs, dueMs: nextReadyAtMs });
    if (this.queue.counts.unschedulable > 0) this.#timers.arm('flush', { nowMs, dueMs: nowMs + flushEveryMs });
    if (hasOpen || this.placing.reports.hasDelayed) {
      this.#timers.arm('retry', { nowMs, dueMs: nowMs + retryAfterMs });
    }
  }
}

const none: Effect[] = [];
const noFilters: ReadonlyMap<string, FilterPlugin> = new Map();
