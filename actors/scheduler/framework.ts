// The extension points of scheduling: what a plugin is asked and how it answers. Plugins are pure: verdicts and scores
// are functions of what they are given. Source: KEP-624 (scheduling framework), kubernetes.md §2.1.
//
// A plugin's `scope` says what its answer depends on. `node`: the pod's shape and that one node, so the answer is
// remembered until the node changes and is given to every pod of the shape. `cluster`: anything; asked anew every time.

import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { NodeAspects, NodeInfo } from './node-info.ts';
import type { PodShape, WaitingPod } from './pod-shape.ts';

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
  | { readonly kind: 'filter'; readonly filter: NodeFilter; readonly nodes?: ReadonlySet<string> }
  /** No node can suit. */
  | { readonly kind: 'reject'; readonly rejection: Rejection };

export const skip: PreFilterResult = { kind: 'skip' };

/** What happened in the cluster that may make room for a pod that was turned away. */
export type ClusterEvent =
  | { readonly kind: 'nodeAdded'; readonly node: NodeInfo }
  | { readonly kind: 'nodeChanged'; readonly node: NodeInfo; readonly aspects: NodeAspects }
  | { readonly kind: 'nodeRemoved' }
  /** A pod now stands on the node, or stands there with other labels. */
  | { readonly kind: 'podPlaced'; readonly node: NodeInfo; readonly pod: PodShape }
  /** A pod has left the node, or asks less of it. */
  | { readonly kind: 'podLeft'; readonly node: NodeInfo; readonly pod: PodShape };

type FilterPluginBase = {
  readonly name: string;
  /** Whether the event may make a pod suit that this plugin turned away. Saying yes too often costs time, no a wait. */
  wakesOn(event: ClusterEvent, shape: PodShape): boolean;
};

export type FilterPlugin =
  | (FilterPluginBase & { readonly scope: 'node'; preFilter(shape: PodShape): PreFilterResult })
  | (FilterPluginBase & {
      readonly scope: 'cluster';
      preFilter(pod: WaitingPod, cluster: ClusterSnapshot): PreFilterResult;
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
      preScore(pod: WaitingPod, cluster: ClusterSnapshot, nodes: readonly NodeInfo[]): NodeScorer | undefined;
    }
);

export type PreEnqueuePlugin = {
  readonly name: string;
  /** Why the pod must not be scheduled yet, if so. It is asked again when the pod changes. */
  preEnqueue(pod: WaitingPod): string | undefined;
};

export type QueueSortPlugin = {
  readonly name: string;
  /** True where `a` is to be scheduled before `b`. Pods of equal rank go in the order they came. */
  before(a: Queued, b: Queued): boolean;
};

export type Queued = { readonly info: WaitingPod; readonly queuedAtMs: number };

/** Runs when no node suits. Its message ends the text that explains it. */
export type PostFilterPlugin = {
  readonly name: string;
  postFilter(shape: PodShape, cluster: ClusterSnapshot, rejected: Rejected): string | undefined;
};

/** The nodes that were looked at, and beside each why it does not suit. The arrays are reused for the next pod. */
export type Rejected = { readonly nodes: readonly NodeInfo[]; readonly rejections: readonly Rejection[] };

export type Profile = {
  readonly schedulerName: string;
  readonly preEnqueue: readonly PreEnqueuePlugin[];
  readonly queueSort: QueueSortPlugin;
  /** In order; those of scope `node` run first. */
  readonly filters: readonly FilterPlugin[];
  readonly postFilters: readonly PostFilterPlugin[];
  readonly scores: readonly { readonly plugin: ScorePlugin; readonly weight: number }[];
  /** Of all nodes, how many are searched for suitable ones before the best of these is taken; 0 adapts to their number. */
  readonly percentageOfNodesToScore: number;
};

/** Scales to 100 by the largest; `reverse` makes the largest the worst. */
export function normalizeByMax(scores: Float64Array, { reverse = false } = {}): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let i = 0; i < scores.length; i++) {
    const scaled = max === 0 ? 0 : Math.floor((100 * (scores[i] ?? 0)) / max);
    scores[i] = reverse ? 100 - scaled : scaled;
  }
}
