// When no node suits a pod: would one, if less important pods left it? Decides where and who, and says why not
// otherwise. It evicts nobody itself. Source: kubernetes.md §2.7.

import type { PodDisruptionBudget } from '../../../streams/resources/disruption.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { countReasons, explain } from '../fit-error.ts';
import type { FailedAttempt, PostFilterPlugin, PostFilterResult, Rejection } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-shape.ts';
import { candidatesWanted, leastHarmful } from '../preemption/candidates.ts';
import { type Candidate, type DryRun, victimsOn } from '../preemption/victims.ts';

const name = 'DefaultPreemption';
const notHelpful: Rejection = {
  plugin: name,
  reasons: ['Preemption is not helpful for scheduling'],
  resolvable: false,
};

export type DefaultPreemptionArgs = {
  /** Candidates that are enough, as a share of the nodes that may help and as a number: the larger counts. */
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
};

const defaults: DefaultPreemptionArgs = { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 };

/** What was found out about a node holds as long as neither it nor anything watched has changed. */
type Known = { readonly generation: number; readonly world: number; readonly run: DryRun };
type Memory = WeakMap<object, (Known | undefined)[]>;

export function defaultPreemptionWith(args: Partial<DefaultPreemptionArgs> = {}): PostFilterPlugin {
  const wanted = { ...defaults, ...args };
  const memory: Memory = new WeakMap();
  return {
    name,
    watches: [resources.podDisruptionBudgets],
    postFilter(attempt) {
      const reason = ineligible(attempt);
      if (reason !== undefined) return { kind: 'helpless', message: `preemption: ${reason}` };
      const { candidates, reasons } = findCandidates(attempt, wanted, memory);
      const best = leastHarmful(candidates);
      if (best !== undefined) return { kind: 'preempt', node: best.node, victims: best.victims };
      return unhelpful(attempt, reasons);
    },
  };
}

export const defaultPreemption = defaultPreemptionWith();

/** Why the pod may not preempt at all. */
function ineligible({ pod, cluster, rejected }: FailedAttempt): string | undefined {
  if (pod.shape.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const promised = pod.pod.status?.nominatedNodeName ?? '';
  const node = promised === '' ? undefined : cluster.node(promised);
  if (node === undefined) return undefined;
  // Where no eviction can make the promised node suit any more, another one is sought.
  const rejection = rejected.rejections[rejected.nodes.indexOf(node)];
  if (rejection?.resolvable === false) return undefined;
  for (const other of node.pods.values()) {
    if (other.shape.terminating && other.shape.priority < pod.shape.priority && isPreempted(other, cluster.world))
      return 'not eligible due to a terminating pod on the nominated node.';
  }
  return undefined;
}

function isPreempted({ namespace, name, uid }: PodInfo, world: ObjectReader): boolean {
  const pod = world.get<Pod>(resources.pods, { namespace, name });
  if (pod?.metadata.uid !== uid) return false;
  const condition = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return condition?.status === 'True' && condition.reason === 'PreemptionByScheduler';
}

type Found = { readonly candidates: readonly Candidate[]; readonly reasons: ReadonlyMap<Rejection, number> };

function findCandidates(attempt: FailedAttempt, args: DefaultPreemptionArgs, memory: Memory): Found {
  const { rejected, random, cluster } = attempt;
  const clean: Candidate[] = [];
  const violating: Candidate[] = [];
  const reasons = new Map<Rejection, number>();
  const { nodes, rejections, resolvable } = rejected;
  if (resolvable === 0) return { candidates: [], reasons };
  const wanted = candidatesWanted(resolvable, {
    percentage: args.minCandidateNodesPercentage,
    absolute: args.minCandidateNodesAbsolute,
  });
  const budgets = cluster.world.list<PodDisruptionBudget>(resources.podDisruptionBudgets);
  const offset = random.int(nodes.length);
  const dryRun = dryRunner(attempt, budgets, memory);
  for (let i = 0; i < nodes.length; i++) {
    const at = (offset + i) % nodes.length;
    const node = nodes[at];
    if (node === undefined || rejections[at]?.resolvable !== true) continue;
    const run = dryRun(node);
    if (run.kind === 'unhelpful') reasons.set(run.rejection, (reasons.get(run.rejection) ?? 0) + 1);
    else (run.violations === 0 ? clean : violating).push(run);
    if (clean.length > 0 && clean.length + violating.length >= wanted) break;
  }
  return { candidates: [...clean, ...violating], reasons };
}

/** Tries a node out, unless that was done for a pod just like this one and nothing has changed there since. */
function dryRunner(attempt: FailedAttempt, budgets: readonly PodDisruptionBudget[], memory: Memory) {
  const { pod, trial, memo, cluster } = attempt;
  let known = memo === undefined ? undefined : memory.get(memo);
  if (memo !== undefined && known === undefined) {
    known = [];
    memory.set(memo, known);
  }
  return (node: NodeInfo): DryRun => {
    const before = known?.[node.slot];
    if (before?.generation === node.generation && before.world === cluster.worldGeneration) return before.run;
    const run = victimsOn({ pod, node, trial, budgets });
    if (known !== undefined) known[node.slot] = { generation: node.generation, world: cluster.worldGeneration, run };
    return run;
  };
}

function unhelpful({ cluster }: FailedAttempt, reasons: ReadonlyMap<Rejection, number>): PostFilterResult {
  const nodes = cluster.nodes.length;
  const counted = new Map(reasons);
  let tried = 0;
  for (const count of reasons.values()) tried += count;
  if (tried < nodes) counted.set(notHelpful, nodes - tried);
  // A promise that can not be kept is taken back.
  return {
    kind: 'helpless',
    message: `preemption: ${explain({ nodes, counts: countReasons(counted) })}`,
    nominatedNode: '',
  };
}
