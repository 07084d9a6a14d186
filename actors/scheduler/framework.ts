// The extension points of scheduling: what a plugin is asked and how it answers. Plugins are pure: verdicts and scores
// are functions of what they are given. Source: KEP-624 (scheduling framework), kubernetes.md §2.1.
//
// The points, in the order a pod passes them:
//   preEnqueue  may it be tried at all?            queueSort   who is tried first?
//   preFilter   no / only these nodes / a filter   filter      does this node suit? (the closure preFilter returns)
//   postFilter  no node suits: can it be helped?   preScore    a scorer, or nothing to say; then normalizeScore
//   reserve     claims what it needs on the node; unreserve gives it back, whatever goes wrong later
//   permit      may the binding go ahead: yes, no, or wait
//   preBind     prepares the node or the cluster with writes; may take long, other pods are served meanwhile
//
// A plugin's `scope` says what its answer depends on. `node`: the pod's shape and that one node, so the answer is
// remembered until the node changes and is given to every pod of the shape. `cluster`: anything; asked anew every time.
// Plugins that look at other kinds read them from `cluster.world` and name them in `watches`; a filter so hears of
// their changes as `objectChanged` and is asked whether the pods it turned away should be tried again.

import type { Random } from '../../streams/base/random.ts';
import type { AnyObject, ResourceName } from '../../streams/resources/meta.ts';
import type { ChangeType } from '../../streams/views/change.ts';
import type { Write } from '../kit/write.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { CycleState } from './cycle-state.ts';
import type { NodeAspects, NodeInfo } from './node-info.ts';
import type { PodInfo, PodShape, WaitingPod } from './pod-shape.ts';
import type { Trial } from './trial.ts';
import type { NamedObject } from './waiters.ts';

/** Why a node does not suit a pod. Shared constants wherever possible: verdicts are counted by identity. */
export type Rejection = {
  readonly plugin: string;
  readonly reasons: readonly string[];
  /** True where other pods leaving the node could help. */
  readonly resolvable: boolean;
};

export type NodeFilter = (node: NodeInfo) => Rejection | undefined;
/** 0 to 100, unless the plugin normalises. */
export type NodeScorer = (node: NodeInfo) => number;

export type PreFilterResult =
  /** The plugin has nothing to say about this pod. */
  | { readonly kind: 'skip' }
  /** `nodes`: only these can suit at all. */
  | {
      readonly kind: 'filter';
      readonly filter: NodeFilter;
      readonly nodes?: ReadonlySet<string>;
      readonly adjust?: Adjust;
    }
  /** No node can suit. */
  | { readonly kind: 'reject'; readonly rejection: Rejection };

/**
 * Makes the filter take the pod for placed on the node (`by` 1) or for gone from it (-1): preemption asks what would be
 * if. Every adjustment is taken back before the next pod. A filter that only looks at the node it is given needs none.
 */
export type Adjust = (pod: PodInfo, node: NodeInfo, by: 1 | -1) => void;

export const skip: PreFilterResult = { kind: 'skip' };

/** What happened in the cluster that may make room for a pod that was turned away. */
export type ClusterEvent =
  | { readonly kind: 'nodeAdded'; readonly node: NodeInfo }
  | { readonly kind: 'nodeChanged'; readonly node: NodeInfo; readonly aspects: NodeAspects }
  | { readonly kind: 'nodeRemoved' }
  /** A pod now stands on the node, or stands there with other labels. */
  | { readonly kind: 'podPlaced'; readonly node: NodeInfo; readonly pod: PodShape }
  /** A pod has left the node, or asks less of it. */
  | { readonly kind: 'podLeft'; readonly node: NodeInfo; readonly pod: PodShape }
  /** An object of a kind some plugin watches. */
  | {
      readonly kind: 'objectChanged';
      readonly change: ChangeType;
      readonly resource: ResourceName;
      /** For DELETED its last state. */
      readonly object: AnyObject;
      readonly previous: AnyObject | undefined;
    };

type FilterPluginBase = {
  readonly name: string;
  /** Kinds the plugin reads beside nodes, pods and namespaces. */
  readonly watches?: readonly ResourceName[];
  /** Whether the event may make a pod suit that this plugin turned away. Saying yes too often costs time, no a wait. */
  wakesOn(event: ClusterEvent, shape: PodShape, at: WakeContext): boolean;
  /**
   * The hint looks at the pod itself. With kinds of claims: where the event is about such a claim, it is asked for each pod
   * that uses it, and otherwise once for all pods of a shape; with true, for every pod, which costs time with many of them.
   */
  readonly wakesEach?: boolean | readonly ResourceName[];
};

/** `pod`: the waiting pod, or any one of its shape. */
export type WakeContext = { readonly pod: WaitingPod; readonly cluster: ClusterSnapshot };

export type FilterPlugin =
  | (FilterPluginBase & { readonly scope: 'node'; preFilter(shape: PodShape): PreFilterResult })
  | (FilterPluginBase & {
      readonly scope: 'cluster';
      preFilter(pod: WaitingPod, cluster: ClusterSnapshot, state: CycleState): PreFilterResult;
    });

export type ScorePlugin = {
  readonly name: string;
  /** Turns the raw scores of the nodes that suit, in place, into 0 to 100. A plugin may mark nodes with NaN. */
  normalizeScore?(scores: Float64Array): void;
} & (
  | { readonly scope: 'node'; preScore(shape: PodShape): NodeScorer | undefined }
  | {
      readonly scope: 'cluster';
      /** `nodes` are those that suit. Undefined: nothing to say, every node gets 0. */
      preScore(
        pod: WaitingPod,
        cluster: ClusterSnapshot,
        nodes: readonly NodeInfo[],
        state: CycleState,
      ): NodeScorer | undefined;
    }
);

export type PreEnqueuePlugin = {
  readonly name: string;
  /** Kinds it reads beside the pod. */
  readonly watches?: readonly ResourceName[];
  /** Of these, kinds of claims of which one matters only to the pods that use it. */
  readonly claims?: readonly ResourceName[];
  /** Why the pod must not be scheduled yet, if so. It is asked again when the pod or an object it watches changes. */
  preEnqueue(pod: WaitingPod, cluster: ClusterSnapshot): string | undefined;
};

export type QueueSortPlugin = {
  readonly name: string;
  /** True where `a` is to be scheduled before `b`. Pods of equal rank go in the order they came. */
  before(a: Queued, b: Queued): boolean;
};

export type Queued = { readonly info: WaitingPod; readonly queuedAtMs: number };

/** Runs when no node suits. */
export type PostFilterPlugin = {
  readonly name: string;
  /** Kinds it reads; their changes make what was found out before void. */
  readonly watches?: readonly ResourceName[];
  postFilter(attempt: FailedAttempt): PostFilterResult;
};

export type PostFilterResult =
  /**
   * It cannot help; the message ends the text that explains why no node suits. `nominatedNode` is the node the pod is
   * promised from now on, empty for none; absent: as before.
   */
  | { readonly kind: 'helpless'; readonly message?: string; readonly nominatedNode?: string }
  /** The pod is promised the node, and the victims, pods on that node, are evicted. Ends the search for help. */
  | { readonly kind: 'preempt'; readonly node: NodeInfo; readonly victims: readonly PodInfo[] };

/** An attempt that found no node, for those who look for help. */
export type FailedAttempt = {
  readonly pod: WaitingPod;
  readonly cluster: ClusterSnapshot;
  readonly state: CycleState;
  readonly rejected: Rejected;
  readonly random: Random;
  /** Asks the filters again with pods taken off a node or put on it. */
  readonly trial: Trial;
  /** Set where nothing but the pod's shape and single nodes has a say: the same object for pods that fare the same. */
  readonly memo: object | undefined;
};

/** The nodes that were looked at, and beside each why it does not suit. The arrays are reused for the next pod. */
export type Rejected = {
  readonly nodes: readonly NodeInfo[];
  readonly rejections: readonly Rejection[];
  /** How many of them other pods' leaving could help. */
  readonly resolvable: number;
};

/** What a plugin is given once the node is chosen. `state` is the attempt's own, from PreFilter on. */
export type Cycle = { readonly cluster: ClusterSnapshot; readonly state: CycleState; readonly nowMs: number };

export type ReservePlugin = {
  readonly name: string;
  /** The pod counts on the node already. Whoever says no has taken nothing; those before it are asked to give back. */
  reserve(pod: WaitingPod, node: NodeInfo, cycle: Cycle): Rejection | undefined;
  /** Gives back; may be asked though nothing was taken. In reverse order of the profile. */
  unreserve(pod: WaitingPod, node: NodeInfo, cycle: Cycle): void;
};

/** Level-based: asked again whenever something may have changed, until it says yes or no or its time is up. */
export type Permission =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny'; readonly rejection: Rejection }
  /** `timeoutMs` counts from the first answer of this kind. */
  | { readonly kind: 'wait'; readonly timeoutMs: number };

export type PermitPlugin = {
  readonly name: string;
  permit(pod: WaitingPod, node: NodeInfo, cycle: Cycle): Permission;
};

/**
 * What is to be done before the pod is bound. Level-based as a controller's reconcile: the plugin is asked, its writes
 * are carried out side by side, and it is asked again when all are answered or an object it watches has changed.
 */
export type Preparation =
  | { readonly kind: 'done' }
  /** A refused write is a failure; with `despiteConflict` the plugin is asked again where somebody else was first. */
  | { readonly kind: 'write'; readonly writes: readonly Write[]; readonly despiteConflict?: boolean }
  /**
   * `timeoutMs` counts from the first answer of this kind; `message` tells what was waited for. Asked again only when one
   * of the objects in `on` has changed; where they are not named, with any change that might matter.
   */
  | {
      readonly kind: 'wait';
      readonly timeoutMs: number;
      readonly message: string;
      readonly on?: readonly NamedObject[];
    }
  | { readonly kind: 'failed'; readonly message: string };

export type PreBindPlugin = {
  readonly name: string;
  readonly watches?: readonly ResourceName[];
  preBind(pod: WaitingPod, node: NodeInfo, cycle: Cycle): Preparation;
};

/**
 * One plugin at all the points it works at. A user's own is a module that exports one as `plugin`; its points need no
 * names of their own.
 */
export type Plugin = {
  readonly name: string;
  /** Of its scores, where the profile says nothing else; 1 if absent. */
  readonly weight?: number;
  readonly preEnqueue?: Unnamed<PreEnqueuePlugin>;
  readonly queueSort?: Unnamed<QueueSortPlugin>;
  readonly filter?: Unnamed<FilterPlugin>;
  readonly postFilter?: Unnamed<PostFilterPlugin>;
  readonly score?: Unnamed<ScorePlugin>;
  readonly reserve?: Unnamed<ReservePlugin>;
  readonly permit?: Unnamed<PermitPlugin>;
  readonly preBind?: Unnamed<PreBindPlugin>;
};

type Unnamed<T> = T extends unknown ? Omit<T, 'name'> & { readonly name?: string } : never;

export type Profile = {
  readonly schedulerName: string;
  readonly preEnqueue: readonly PreEnqueuePlugin[];
  readonly queueSort: QueueSortPlugin;
  /** In order; those of scope `node` run first. */
  readonly filters: readonly FilterPlugin[];
  readonly postFilters: readonly PostFilterPlugin[];
  readonly reserves?: readonly ReservePlugin[];
  readonly permits?: readonly PermitPlugin[];
  readonly preBinds?: readonly PreBindPlugin[];
  readonly scores: readonly { readonly plugin: ScorePlugin; readonly weight: number }[];
  /** Of all nodes, how many are searched for suitable ones before the best of these is taken; 0 adapts to their number. */
  readonly percentageOfNodesToScore: number;
};

/** The kinds any plugin of these profiles asked to hear of. */
export function watchedKinds(profiles: readonly Profile[]): ResourceName[] {
  const kinds = new Map<string, ResourceName>();
  for (const { preEnqueue, filters, postFilters, preBinds = [] } of profiles) {
    for (const { watches = [] } of [...preEnqueue, ...filters, ...postFilters, ...preBinds]) {
      for (const name of watches) kinds.set(`${name.group}/${name.resource}`, name);
    }
  }
  return [...kinds.values()];
}

/** Scales to 100 by the largest; `reverse` makes the largest the worst. */
export function normalizeByMax(scores: Float64Array, { reverse = false } = {}): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.floor((100 * (scores[i] ?? 0)) / max);
    scores[i] = reverse ? 100 - scaled : scaled;
  }
}
