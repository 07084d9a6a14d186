// One pod, all nodes: which of them suit, which of those is best, and if none, why and what would help. It changes
// nothing: placing the pod is the caller's. Only as many suitable nodes are sought as kubernetes.md §2.4 says, and the
// search goes on next time where it ended, so that every node gets its turn.

import type { Random } from '../../streams/base/random.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import { CycleState } from './cycle-state.ts';
import { countReasons, explain, noNodes, notAmong } from './fit-error.ts';
import type { FailedAttempt, Profile, Rejected, Rejection } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { NodeRanking, type NodeScore } from './node-ranking.ts';
import { Nominations } from './nominations.ts';
import type { PodShape, WaitingPod } from './pod-shape.ts';
import { type Help, postFilter } from './post-filter.ts';
import { type Plan, preFilter } from './pre-filter.ts';
import { RankTable } from './rank-table.ts';
import { StandingFailure } from './standing-failure.ts';
import { Trial } from './trial.ts';

export type Verdict = { readonly node: string; readonly rejection: Rejection };

export type Finding = {
  /** Nodes there are, nodes looked at, nodes that suit among these. */
  readonly nodes: number;
  readonly examined: number;
  readonly feasible: number;
  /** The first few nodes that do not suit. */
  readonly verdicts: readonly Verdict[];
} & (
  | {
      readonly kind: 'found';
      readonly node: NodeInfo;
      readonly scores: readonly NodeScore[];
      readonly state: CycleState;
    }
  | {
      readonly kind: 'none';
      readonly message: string;
      readonly rejectedBy: readonly string[];
      readonly help: Help;
    }
);

/** Verdicts kept to answer why a pod did not go to a node. */
const verdictsMax = { found: 8, none: 100 } as const;
/** Shapes whose tables are kept: 5,000 nodes take 250 kB a table. */
const tablesMax = 32;

type CycleOptions = {
  readonly profile: Profile;
  readonly cluster: ClusterSnapshot;
  readonly random: Random;
  readonly nominations?: Nominations;
  /** Told how long the points of an attempt took. */
  readonly watch?: ExtensionPointWatch;
};

export type ExtensionPointWatch = {
  begin(): void;
  /** The named point is over; it began where the one before ended. */
  passed(point: 'PreFilter' | 'Filter' | 'PostFilter' | 'Score'): void;
};

const unwatched: ExtensionPointWatch = { begin: () => {}, passed: () => {} };

export class SchedulingCycle {
  readonly profile: Profile;
  /** Of the plugins that score. */
  readonly weights: Readonly<Record<string, number>>;
  readonly #cluster: ClusterSnapshot;
  readonly #random: Random;
  readonly #watch: ExtensionPointWatch;
  readonly #nominations: Nominations;
  readonly #ranking: NodeRanking;
  readonly #tables = new Map<PodShape, RankTable>();
  readonly #failures = new WeakMap<RankTable, { readonly generation: number; readonly finding: Finding }>();
  /** What the last search found; kept to spare allocations. */
  readonly #feasible: NodeInfo[] = [];
  readonly #found = { nodes: [] as NodeInfo[], rejections: [] as Rejection[], resolvable: 0 };
  readonly #standing = new WeakMap<RankTable, StandingFailure>();
  #rejected: Rejected & { readonly counts?: ReadonlyMap<Rejection, number> } = this.#found;
  #next = 0;

  constructor({ profile, cluster, random, nominations = new Nominations(cluster), watch = unwatched }: CycleOptions) {
    this.profile = profile;
    this.weights = Object.fromEntries(profile.scores.map(({ plugin, weight }) => [plugin.name, weight]));
    this.#cluster = cluster;
    this.#random = random;
    this.#watch = watch;
    this.#nominations = nominations;
    this.#ranking = new NodeRanking({ profile, cluster, random });
  }

  schedule(pod: WaitingPod): Finding {
    const cluster = this.#cluster;
    const nodes = cluster.nodes;
    if (nodes.length === 0) return none({ nodes: 0, message: noNodes, rejectedBy: [], help: helpless });
    this.#watch.begin();
    const attempt = this.#attempt(pod);
    this.#watch.passed('PreFilter');
    const { plan, table, state } = attempt;
    if (plan.rejection !== undefined) return this.#rejectedEverywhere(attempt, plan.rejection);
    const promised = this.#nominations.nodeOf(pod.uid);
    const known = this.#failures.get(table);
    if (plan.pure && promised === undefined && known?.generation === cluster.generation) return known.finding;
    let examined = promised === undefined ? 0 : this.#search(attempt, resolve(new Set([promised]), plan, cluster));
    if (this.#feasible.length === 0) examined = this.#searchAll(attempt);
    this.#watch.passed('Filter');
    const feasible = this.#feasible;
    if (feasible.length > 0) {
      const { node, scores } = this.#ranking.best({ pod, table, state }, feasible);
      this.#watch.passed('Score');
      const verdicts = this.#verdicts(verdictsMax.found);
      const counts = { nodes: nodes.length, examined, feasible: feasible.length };
      return { kind: 'found', node, scores, state, ...counts, verdicts };
    }
    const finding = this.#explain(attempt);
    const lasting = finding.help.preemption === undefined && promised === undefined;
    if (plan.pure && lasting) this.#failures.set(table, { generation: cluster.generation, finding });
    return finding;
  }

  #attempt(pod: WaitingPod): Attempt {
    const table = this.#tableFor(pod.shape);
    const state = new CycleState();
    const plan = preFilter({ pod, table, profile: this.profile, cluster: this.#cluster, state });
    const { filters, adjusts } = plan;
    const trial = new Trial({ pod, table, filters, adjusts, nominations: this.#nominations });
    this.#feasible.length = 0;
    return { pod, table, state, plan, trial };
  }

  /** Looks at every node that comes into question, or at what has changed since the last such pod found none. */
  #searchAll(attempt: Attempt): number {
    const cluster = this.#cluster;
    const { plan, table, pod } = attempt;
    // A pod with a promise of its own fares differently from its like.
    const lasting = plan.pure && plan.allowed === undefined && this.#nominations.nodeOf(pod.uid) === undefined;
    const standing = lasting ? this.#standing.get(table) : undefined;
    const suitable = standing?.renew(cluster, (node) => verdictOf(attempt, node, false));
    if (standing !== undefined && suitable !== undefined) {
      this.#rejected = standing;
      this.#feasible.push(...suitable);
      return standing.nodes.length;
    }
    const { nodes } = cluster;
    const examined = this.#search(attempt, plan.allowed === undefined ? nodes : resolve(plan.allowed, plan, cluster));
    this.#next = (this.#next + examined) % nodes.length;
    if (lasting && this.#feasible.length === 0) {
      const failure = new StandingFailure(cluster, this.#rejected);
      this.#standing.set(table, failure);
      this.#rejected = failure;
    } else this.#standing.delete(table);
    return examined;
  }

  /** Fills `#feasible` and `#rejected`; says how many nodes were looked at. */
  #search(attempt: Attempt, candidates: readonly NodeInfo[]): number {
    const feasible = this.#feasible;
    const rejected = this.#found;
    this.#rejected = rejected;
    feasible.length = 0;
    rejected.nodes.length = 0;
    rejected.rejections.length = 0;
    rejected.resolvable = 0;
    const count = candidates.length;
    const wanted = feasibleNodesWanted(count, this.profile.percentageOfNodesToScore);
    const own = this.#nominations.nodeOf(attempt.pod.uid);
    let at = count === 0 ? 0 : this.#next % count;
    let examined = 0;
    while (examined < count && feasible.length < wanted) {
      const node = candidates[at];
      at = at + 1 === count ? 0 : at + 1;
      examined++;
      if (node === undefined) continue;
      const rejection = verdictOf(attempt, node, own === node.name);
      if (rejection === undefined) feasible.push(node);
      else {
        rejected.nodes.push(node);
        rejected.rejections.push(rejection);
        if (rejection.resolvable) rejected.resolvable++;
      }
    }
    return examined;
  }

  #verdicts(max: number): Verdict[] {
    const { nodes, rejections } = this.#rejected;
    const verdicts: Verdict[] = [];
    for (let i = 0; i < nodes.length && i < max; i++) {
      const node = nodes[i];
      const rejection = rejections[i];
      if (node !== undefined && rejection !== undefined) verdicts.push({ node: node.name, rejection });
    }
    return verdicts;
  }

  #explain(attempt: Attempt): Finding & { readonly kind: 'none' } {
    const { plan } = attempt;
    const nodes = this.#cluster.nodes.length;
    const examined = this.#rejected.nodes.length;
    const counts = new Map(this.#rejected.counts);
    if (counts.size === 0) {
      for (const rejection of this.#rejected.rejections) counts.set(rejection, (counts.get(rejection) ?? 0) + 1);
    }
    const plugins = new Set<string>();
    for (const { plugin } of counts.keys()) plugins.add(plugin);
    if (examined < nodes) {
      counts.set({ plugin: '', reasons: [notAmong(plan.restrictors)], resolvable: false }, nodes - examined);
      for (const plugin of plan.restrictors) plugins.add(plugin);
    }
    const help = this.#help(attempt, this.#rejected);
    const message = joined(explain({ nodes, counts: countReasons(counts) }), help.message);
    const verdicts = this.#verdicts(verdictsMax.none);
    return { ...none({ nodes, message, rejectedBy: [...plugins], help }), examined, verdicts };
  }

  #rejectedEverywhere(attempt: Attempt, rejection: Rejection): Finding {
    const { nodes } = this.#cluster;
    const rejected = rejection.resolvable
      ? { nodes, rejections: nodes.map(() => rejection), resolvable: nodes.length }
      : noneRejected;
    const help = this.#help(attempt, rejected);
    const message = joined(`0/${nodes.length} nodes are available: ${rejection.reasons.join(', ')}.`, help.message);
    return none({ nodes: nodes.length, message, rejectedBy: [rejection.plugin], help });
  }

  #help({ pod, state, trial, plan, table }: Attempt, rejected: Rejected): Help {
    const failed: FailedAttempt = {
      pod,
      cluster: this.#cluster,
      state,
      rejected,
      random: this.#random,
      trial,
      // What a pod with a promise of its own finds out is not true for its like.
      memo: plan.pure && this.#nominations.nodeOf(pod.uid) === undefined ? table : undefined,
    };
    const help = postFilter(this.profile.postFilters, failed);
    this.#watch.passed('PostFilter');
    return help;
  }

  #tableFor(shape: PodShape): RankTable {
    let table = this.#tables.get(shape);
    if (table === undefined) {
      const [oldest] = this.#tables.values();
      const full = this.#tables.size >= tablesMax && oldest !== undefined;
      if (full) this.#tables.delete(oldest.shape);
      table = new RankTable(shape, this.profile, full ? oldest.giveUpColumns() : undefined);
    } else this.#tables.delete(shape);
    this.#tables.set(shape, table);
    table.fit(this.#cluster.slots);
    return table;
  }
}

/** How many suitable nodes are sought among `count`; `percentage` 0 adapts: 50 % of few, 5 % of many. */
export function feasibleNodesWanted(count: number, percentage: number): number {
  const all = 100;
  if (count < all) return count;
  const share = percentage > 0 ? percentage : Math.max(5, Math.trunc(50 - count / 125));
  return Math.min(count, Math.max(all, Math.floor((count * share) / 100)));
}

type Attempt = {
  readonly pod: WaitingPod;
  readonly table: RankTable;
  readonly state: CycleState;
  readonly plan: Plan;
  readonly trial: Trial;
};

const noneRejected: Rejected = { nodes: [], rejections: [], resolvable: 0 };
const helpless: Help = { message: '', nominatedNode: '', preemption: undefined };

/** `own`: the node is promised to this very pod. */
function verdictOf({ table, plan, trial }: Attempt, node: NodeInfo, own: boolean): Rejection | undefined {
  // With pods promised to the node, it has to suit with and without them.
  if (node.promised > 0 && (own || !plan.pure)) return trial.whole(node);
  let rejection = table.verdict(node, trial);
  for (let i = 0; rejection === undefined && i < plan.filters.length; i++) rejection = plan.filters[i]?.(node);
  return rejection;
}

function resolve(names: ReadonlySet<string>, { allowed }: Plan, cluster: ClusterSnapshot): NodeInfo[] {
  const found: NodeInfo[] = [];
  for (const name of names) {
    const node = allowed === undefined || allowed.has(name) ? cluster.node(name) : undefined;
    if (node !== undefined) found.push(node);
  }
  return found;
}

function joined(message: string, help: string): string {
  return help === '' ? message : `${message} ${help}`;
}

type Failure = {
  readonly nodes: number;
  readonly message: string;
  readonly rejectedBy: readonly string[];
  readonly help: Help;
};

function none(failure: Failure) {
  return { kind: 'none', ...failure, examined: 0, feasible: 0, verdicts: [] } as const;
}
