// The least harm on one node: which less important pods must go so that the pod fits. All of them are taken away first;
// if that helps, they are put back one by one, those a disruption budget protects and the important ones first, and who
// cannot stay is a victim. Source: kubernetes.md §2.7.

import type { PodDisruptionBudget } from '../../../streams/resources/disruption.ts';
import type { Rejection } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo, WaitingPod } from '../pod-shape.ts';
import type { Trial } from '../trial.ts';
import { splitByBudget } from './budgets.ts';
import { harmOf } from './candidates.ts';

export type Candidate = {
  readonly kind: 'candidate';
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  /** Victims whose disruption budget allows none. */
  readonly violations: number;
  /** See candidates.ts. */
  readonly harm: readonly number[];
};

export type DryRun = Candidate | { readonly kind: 'unhelpful'; readonly rejection: Rejection };

const noVictims: DryRun = {
  kind: 'unhelpful',
  rejection: {
    plugin: 'DefaultPreemption',
    reasons: ['No preemption victims found for incoming pod'],
    resolvable: false,
  },
};

export type DryRunInput = {
  readonly pod: WaitingPod;
  readonly node: NodeInfo;
  readonly trial: Trial;
  readonly budgets: readonly PodDisruptionBudget[];
};

export function victimsOn({ pod, node, trial, budgets }: DryRunInput): DryRun {
  const { priority } = pod.shape;
  const potential: PodInfo[] = [];
  for (const other of node.pods.values()) if (other.shape.priority < priority) potential.push(other);
  if (potential.length === 0) return noVictims;
  trial.begin(node);
  try {
    for (const other of potential) trial.remove(other);
    const rejection = trial.verdict();
    if (rejection !== undefined) return { kind: 'unhelpful', rejection };
    potential.sort(byImportance);
    const { violating, free } = splitByBudget(potential, budgets);
    const victims: PodInfo[] = [];
    let violations = 0;
    for (const other of violating) {
      if (reprieved(trial, other)) continue;
      victims.push(other);
      violations++;
    }
    for (const other of free) if (!reprieved(trial, other)) victims.push(other);
    if (violating.length > 0 && free.length > 0) victims.sort(byImportance);
    // With nobody to evict, eviction is not what was missing.
    if (victims.length === 0) return noVictims;
    return { kind: 'candidate', node, victims, violations, harm: harmOf(victims, violations) };
  } finally {
    trial.end();
  }
}

/** Higher priority first, then whoever has run longer; who has not started comes last. */
export function byImportance(a: PodInfo, b: PodInfo): number {
  return b.shape.priority - a.shape.priority || startOf(a) - startOf(b);
}

function startOf({ startedAtMs }: PodInfo): number {
  return startedAtMs ?? Number.MAX_SAFE_INTEGER;
}

function reprieved(trial: Trial, pod: PodInfo): boolean {
  trial.add(pod);
  if (trial.verdict() === undefined) return true;
  trial.remove(pod);
  return false;
}
