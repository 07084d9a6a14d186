// What was decided about each pod and why, kept as data so that `why is my pod pending` and `why is it here` can be
// answered. Invariant: bounded; the pods decided on longest ago are forgotten first.

import type { NodeScore } from './node-ranking.ts';
import type { PodInfo } from './pod-shape.ts';
import type { Help } from './post-filter.ts';
import type { Finding, Verdict } from './scheduling-cycle.ts';

export type Decision = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly atMs: number;
  /** The node it was given; absent where none suits. */
  readonly node?: string;
  /** The text of its FailedScheduling event, in full. */
  readonly message?: string;
  /** Nodes in the cluster, nodes looked at, nodes among these that suit. */
  readonly nodes: number;
  readonly examined: number;
  readonly feasible: number;
  /** Some of the nodes that do not suit: at most 8 for a pod that found one, 100 for one that did not. */
  readonly verdicts: readonly Verdict[];
  /** The chosen node's score and the next best; empty where there was no choice. */
  readonly scores: readonly NodeScore[];
  /** Of the plugins that score, by name. */
  readonly weights: Readonly<Record<string, number>>;
  /** Who had to go for it, and from where. */
  readonly preemption?: { readonly node: string; readonly victims: readonly string[] };
};

type Circumstances = { readonly atMs: number; readonly weights: Decision['weights'] };

const decisionsMax = 4_096;

export class Decisions {
  readonly #max: number;
  /** By namespace and name, oldest first. */
  readonly #byPod = new Map<string, Decision>();

  constructor(max = decisionsMax) {
    this.#max = max;
  }

  get size(): number {
    return this.#byPod.size;
  }

  /** The last decision on the pod of this name. */
  get({ namespace, name }: { namespace: string; name: string }): Decision | undefined {
    return this.#byPod.get(`${namespace}/${name}`);
  }

  record({ namespace, name, uid }: PodInfo, finding: Finding, { atMs, weights }: Circumstances): void {
    const key = `${namespace}/${name}`;
    const { nodes, examined, feasible, verdicts } = finding;
    const decision: Decision = {
      namespace,
      name,
      uid,
      atMs,
      nodes,
      examined,
      feasible,
      verdicts,
      weights,
      ...(finding.kind === 'found'
        ? { node: finding.node.name, scores: finding.scores }
        : { message: finding.message, scores: [], ...preemptionOf(finding.help) }),
    };
    this.#byPod.delete(key);
    this.#byPod.set(key, decision);
    if (this.#byPod.size <= this.#max) return;
    const [oldest] = this.#byPod.keys();
    if (oldest !== undefined) this.#byPod.delete(oldest);
  }
}

function preemptionOf({ preemption }: Help): Pick<Decision, 'preemption'> {
  if (preemption === undefined) return {};
  const victims = preemption.victims.map(({ namespace, name }) => `${namespace}/${name}`);
  return { preemption: { node: preemption.node.name, victims } };
}
