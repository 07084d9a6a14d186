// One pod, all nodes: which of them suit, which of those is best, and if none, why. It changes nothing: placing the pod
// is the caller's. Only as many suitable nodes are sought as kubernetes.md §2.4 says, and the search goes on next time
// where it ended, so that every node gets its turn.

import type { Random } from '../../streams/base/random.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import { CycleState } from './cycle-state.ts';
import { countReasons, explain, noNodes, noneInCommon, notAmong } from './fit-error.ts';
import type { NodeFilter, Profile, Rejected, Rejection } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { NodeRanking, type NodeScore } from './node-ranking.ts';
import type { PodShape, WaitingPod } from './pod-shape.ts';
import { intersection, RankTable, type Restriction } from './rank-table.ts';

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
  | { readonly kind: 'none'; readonly message: string; readonly rejectedBy: readonly string[] }
);

/** Verdicts kept to answer why a pod did not go to a node. */
const verdictsMax = { found: 8, none: 100 } as const;
/** Shapes whose tables are kept: 5,000 nodes take 250 kB a table. */
const tablesMax = 32;

export class SchedulingCycle {
  readonly profile: Profile;
  readonly #cluster: ClusterSnapshot;
  readonly #ranking: NodeRanking;
  readonly #tables = new Map<PodShape, RankTable>();
  readonly #failures = new WeakMap<RankTable, { readonly generation: number; readonly finding: Finding }>();
  /** What the last search found; kept to spare allocations. */
  readonly #feasible: NodeInfo[] = [];
  readonly #rejected: { readonly nodes: NodeInfo[]; readonly rejections: Rejection[] } = { nodes: [], rejections: [] };
  #next = 0;

  constructor({ profile, cluster, random }: { profile: Profile; cluster: ClusterSnapshot; random: Random }) {
    this.profile = profile;
    this.#cluster = cluster;
    this.#ranking = new NodeRanking({ profile, cluster, random });
  }

  schedule(pod: WaitingPod): Finding {
    const cluster = this.#cluster;
    const nodes = cluster.nodes;
    if (nodes.length === 0) return none({ nodes: 0, message: noNodes, rejectedBy: [] });
    const table = this.#tableFor(pod.shape);
    if (table.rejection !== undefined) return this.#rejectEverywhere(pod, table.rejection);
    const state = new CycleState();
    const plan = this.#preFilter(pod, table, state);
    if (plan.rejection !== undefined) return this.#rejectEverywhere(pod, plan.rejection);
    const known = this.#failures.get(table);
    if (plan.pure && known?.generation === cluster.generation) return known.finding;
    const candidates = plan.allowed === undefined ? nodes : resolve(plan.allowed, cluster);
    const examined = this.#search(table, plan.filters, candidates);
    this.#next = (this.#next + examined) % nodes.length;
    const feasible = this.#feasible;
    if (feasible.length > 0) {
      const { node, scores } = this.#ranking.best({ pod, table, state }, feasible);
      const verdicts = this.#verdicts(verdictsMax.found);
      const counts = { nodes: nodes.length, examined, feasible: feasible.length };
      return { kind: 'found', node, scores, state, ...counts, verdicts };
    }
    const finding = this.#explain(pod, plan);
    if (plan.pure) this.#failures.set(table, { generation: cluster.generation, finding });
    return finding;
  }

  /** Asks the plugins that look beyond one node. */
  #preFilter(pod: WaitingPod, table: RankTable, state: CycleState): Plan {
    const filters: NodeFilter[] = [];
    const restrictions: Restriction[] = [];
    let pure = true;
    for (const plugin of this.profile.filters) {
      if (plugin.scope !== 'cluster') continue;
      const result = plugin.preFilter(pod, this.#cluster, state);
      if (result.kind === 'skip') continue;
      pure = false;
      if (result.kind === 'reject')
        return { pure, filters, allowed: undefined, restrictors: [], rejection: result.rejection };
      filters.push(result.filter);
      if (result.nodes !== undefined) restrictions.push({ plugin: plugin.name, nodes: result.nodes });
    }
    if (table.allowed !== undefined) restrictions.unshift({ plugin: '', nodes: table.allowed });
    const allowed = intersection(restrictions);
    const own = restrictions.map(({ plugin }) => plugin).filter((plugin) => plugin !== '');
    const restrictors = own.length === 0 ? table.restrictors : [...table.restrictors, ...own];
    if (allowed?.size === 0) {
      const [plugin = ''] = restrictors;
      const rejection = { plugin, reasons: [noneInCommon(restrictors)], resolvable: false };
      return { pure, filters, allowed, restrictors, rejection };
    }
    return { pure, filters, allowed, restrictors, rejection: undefined };
  }

  /** Fills `#feasible` and `#rejected`; says how many nodes were looked at. */
  #search(table: RankTable, filters: readonly NodeFilter[], candidates: readonly NodeInfo[]): number {
    const feasible = this.#feasible;
    const rejected = this.#rejected;
    feasible.length = 0;
    rejected.nodes.length = 0;
    rejected.rejections.length = 0;
    const count = candidates.length;
    const wanted = feasibleNodesWanted(count, this.profile.percentageOfNodesToScore);
    let at = count === 0 ? 0 : this.#next % count;
    let examined = 0;
    while (examined < count && feasible.length < wanted) {
      const node = candidates[at];
      at = at + 1 === count ? 0 : at + 1;
      examined++;
      if (node === undefined) continue;
      const rejection = verdictOf(table, filters, node);
      if (rejection === undefined) feasible.push(node);
      else {
        rejected.nodes.push(node);
        rejected.rejections.push(rejection);
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

  #explain(pod: WaitingPod, plan: Plan): Finding {
    const nodes = this.#cluster.nodes.length;
    const examined = this.#rejected.nodes.length;
    const counts = new Map<Rejection, number>();
    for (const rejection of this.#rejected.rejections) counts.set(rejection, (counts.get(rejection) ?? 0) + 1);
    const plugins = new Set<string>();
    for (const { plugin } of counts.keys()) plugins.add(plugin);
    if (examined < nodes) {
      counts.set({ plugin: '', reasons: [notAmong(plan.restrictors)], resolvable: false }, nodes - examined);
      for (const plugin of plan.restrictors) plugins.add(plugin);
    }
    const message = this.#withPostFilter(explain({ nodes, counts: countReasons(counts) }), pod, this.#rejected);
    const verdicts = this.#verdicts(verdictsMax.none);
    return { ...none({ nodes, message, rejectedBy: [...plugins] }), examined, verdicts };
  }

  #rejectEverywhere(pod: WaitingPod, { plugin, reasons }: Rejection): Finding {
    const nodes = this.#cluster.nodes.length;
    const message = this.#withPostFilter(`0/${nodes} nodes are available: ${reasons.join(', ')}.`, pod, noneRejected);
    return none({ nodes, message, rejectedBy: [plugin] });
  }

  #withPostFilter(message: string, { shape }: WaitingPod, rejected: Rejected): string {
    const said: string[] = [];
    for (const plugin of this.profile.postFilters) {
      const text = plugin.postFilter(shape, this.#cluster, rejected);
      if (text !== undefined) said.push(text);
    }
    return said.length === 0 ? message : `${message} ${said.join(', ')}`;
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

type Plan = {
  /** Nothing beyond shape and nodes has a say, so the same pod in the same cluster fares the same. */
  readonly pure: boolean;
  readonly filters: readonly NodeFilter[];
  readonly allowed: ReadonlySet<string> | undefined;
  readonly restrictors: readonly string[];
  readonly rejection: Rejection | undefined;
};

const noneRejected: Rejected = { nodes: [], rejections: [] };

function verdictOf(table: RankTable, filters: readonly NodeFilter[], node: NodeInfo): Rejection | undefined {
  let rejection = table.verdict(node);
  for (let i = 0; rejection === undefined && i < filters.length; i++) rejection = filters[i]?.(node);
  return rejection;
}

function resolve(names: ReadonlySet<string>, cluster: ClusterSnapshot): NodeInfo[] {
  const found: NodeInfo[] = [];
  for (const name of names) {
    const node = cluster.node(name);
    if (node !== undefined) found.push(node);
  }
  return found;
}

function none({ nodes, message, rejectedBy }: { nodes: number; message: string; rejectedBy: readonly string[] }) {
  return { kind: 'none', nodes, message, rejectedBy, examined: 0, feasible: 0, verdicts: [] } as const;
}
