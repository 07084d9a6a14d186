// Which of the suitable nodes is best: every plugin scores 0 to 100, weighted and summed; ties are broken by the seeded
// generator. The scratch columns are kept between pods, because there may be hundreds of nodes for each of thousands.

import { assert } from '../../streams/base/assert.ts';
import type { Random } from '../../streams/base/random.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { CycleState } from './cycle-state.ts';
import type { Profile, ScorePlugin } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { WaitingPod } from './pod-shape.ts';
import type { RankTable } from './rank-table.ts';

export type NodeScore = {
  readonly node: string;
  readonly total: number;
  /** Weighted score by plugin; a plugin that had nothing to say is absent. */
  readonly plugins: Readonly<Record<string, number>>;
};

export type Attempt = { readonly pod: WaitingPod; readonly table: RankTable; readonly state: CycleState };

/** The best nodes' scores are kept, to answer why a pod went where it went. */
const scoresMax = 5;

type Column = { readonly plugin: ScorePlugin; readonly weight: number; readonly scores: Float64Array };

export class NodeRanking {
  readonly #profile: Profile;
  readonly #cluster: ClusterSnapshot;
  readonly #random: Random;
  readonly #scratch: Float64Array[] = [];

  constructor({ profile, cluster, random }: { profile: Profile; cluster: ClusterSnapshot; random: Random }) {
    this.#profile = profile;
    this.#cluster = cluster;
    this.#random = random;
  }

  best(attempt: Attempt, nodes: readonly NodeInfo[]): { node: NodeInfo; scores: readonly NodeScore[] } {
    const { table } = attempt;
    const [only] = nodes;
    assert(only !== undefined, 'there is a node to choose');
    if (nodes.length === 1) return { node: only, scores: [] };
    const totals = this.#column(0, nodes.length);
    for (let i = 0; i < nodes.length; i++) totals[i] = table.steadyTotal(nodes[i] ?? only);
    const columns = this.#columns(attempt, nodes);
    for (const { scores, weight } of columns) {
      for (let i = 0; i < scores.length; i++) totals[i] = (totals[i] ?? 0) + weight * (scores[i] ?? 0);
    }
    const chosen = this.#pick(totals);
    const node = nodes[chosen];
    assert(node !== undefined, 'the chosen node is one of those that suit');
    const scores = leading(totals, chosen).map((at) => {
      const plugins: Record<string, number> = {};
      const ranked = nodes[at] ?? node;
      for (const { plugin, weight, scorer } of table.steady) plugins[plugin.name] = weight * scorer(ranked);
      for (const { plugin, weight, scores } of columns) plugins[plugin.name] = weight * (scores[at] ?? 0);
      return { node: ranked.name, total: totals[at] ?? 0, plugins };
    });
    return { node, scores };
  }

  /** Scores that are normalised among these nodes, or that look beyond one node. */
  #columns({ pod, table, state }: Attempt, nodes: readonly NodeInfo[]): Column[] {
    const columns: Column[] = [];
    for (const { plugin, weight, values } of table.raw) {
      const scores = this.#column(columns.length + 1, nodes.length);
      for (let i = 0; i < nodes.length; i++) scores[i] = values[nodes[i]?.slot ?? 0] ?? 0;
      plugin.normalizeScore?.(scores);
      columns.push({ plugin, weight, scores });
    }
    for (const { plugin, weight } of this.#profile.scores) {
      const scorer = plugin.scope === 'cluster' ? plugin.preScore(pod, this.#cluster, nodes, state) : undefined;
      if (scorer === undefined) continue;
      const scores = this.#column(columns.length + 1, nodes.length);
      for (let i = 0; i < nodes.length; i++) {
        const node = nodes[i];
        scores[i] = node === undefined ? 0 : scorer(node);
      }
      plugin.normalizeScore?.(scores);
      columns.push({ plugin, weight, scores });
    }
    return columns;
  }

  /** One of the highest, each as likely as the others. */
  #pick(totals: Float64Array): number {
    let best = Number.NEGATIVE_INFINITY;
    let ties = 0;
    for (const total of totals) {
      if (total > best) {
        best = total;
        ties = 1;
      } else if (total === best) ties++;
    }
    let left = ties > 1 ? this.#random.int(ties) : 0;
    for (let i = 0; i < totals.length; i++) if (totals[i] === best && left-- === 0) return i;
    return 0;
  }

  #column(index: number, length: number): Float64Array {
    let column = this.#scratch[index];
    if (column === undefined || column.length < length) {
      column = new Float64Array(Math.max(128, length * 2));
      this.#scratch[index] = column;
    }
    return column.subarray(0, length);
  }
}

/** Positions of the chosen node and the highest of the others, best first. */
function leading(totals: Float64Array, chosen: number): number[] {
  const places = [chosen];
  for (let i = 0; i < totals.length; i++) {
    if (i === chosen) continue;
    const total = totals[i] ?? 0;
    if (places.length === scoresMax && total <= (totals[places[scoresMax - 1] ?? 0] ?? 0)) continue;
    let at = 1;
    while (at < places.length && (totals[places[at] ?? 0] ?? 0) >= total) at++;
    places.splice(at, 0, i);
    if (places.length > scoresMax) places.pop();
  }
  return places;
}
