// What the plugins of scope `node` think of every node for one pod shape, remembered node by node: after one pod is
// placed only the node it went to is asked again. Invariant: an answer is used only while the node's generation is the
// one it was given for, so a remembered answer equals a fresh one.

import type { NodeFilter, NodeScorer, Profile, Rejection, ScorePlugin } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodShape } from './pod-shape.ts';
import type { Trial } from './trial.ts';

/** A score that depends on the other suitable nodes too, so its raw values are kept apart. */
export type RawScore = {
  readonly plugin: ScorePlugin;
  readonly weight: number;
  readonly scorer: NodeScorer;
  values: Float64Array;
};

/** By slot of the node. Large, so a table that is given up hands them to the next. */
export type Columns = {
  /** Generation of the node the verdict is on, and of the one the scores are for. */
  readonly judged: Float64Array;
  readonly scored: Float64Array;
  readonly totals: Float64Array;
  readonly rejections: (Rejection | undefined)[];
};

export type SteadyScore = { readonly plugin: ScorePlugin; readonly weight: number; readonly scorer: NodeScorer };

export class RankTable {
  readonly shape: PodShape;
  /** Set where a plugin turns the pod away before any node is looked at. */
  readonly rejection: Rejection | undefined;
  /** The only nodes that can suit, where plugins say so, and those plugins. */
  readonly allowed: ReadonlySet<string> | undefined;
  readonly restrictors: readonly string[];
  readonly steady: readonly SteadyScore[];
  readonly raw: readonly RawScore[];
  readonly #filters: readonly NodeFilter[];
  #columns: Columns;

  constructor(shape: PodShape, profile: Profile, columns: Columns = columnsFor(0)) {
    this.shape = shape;
    this.#columns = columns;
    columns.judged.fill(0);
    columns.scored.fill(0);
    const filters: NodeFilter[] = [];
    const restrictions: Restriction[] = [];
    let rejection: Rejection | undefined;
    for (const plugin of profile.filters) {
      if (plugin.scope !== 'node' || rejection !== undefined) continue;
      const result = plugin.preFilter(shape);
      if (result.kind === 'reject') rejection = result.rejection;
      if (result.kind !== 'filter') continue;
      filters.push(result.filter);
      if (result.nodes !== undefined) restrictions.push({ plugin: plugin.name, nodes: result.nodes });
    }
    this.#filters = filters;
    this.rejection = rejection;
    this.allowed = intersection(restrictions);
    this.restrictors = restrictions.map(({ plugin }) => plugin);
    const steady: SteadyScore[] = [];
    const raw: RawScore[] = [];
    for (const { plugin, weight } of profile.scores) {
      const scorer = plugin.scope === 'node' ? plugin.preScore(shape) : undefined;
      if (scorer === undefined) continue;
      if (plugin.normalizeScore === undefined) steady.push({ plugin, weight, scorer });
      else raw.push({ plugin, weight, scorer, values: new Float64Array() });
    }
    this.steady = steady;
    this.raw = raw;
  }

  /** Makes room for nodes with slots below this number. */
  fit(slots: number): void {
    if (slots > this.#columns.judged.length) {
      // What was remembered is lost, and asked for again.
      this.#columns = columnsFor(Math.max(128, slots + (slots >> 2)));
    }
    const { length } = this.#columns.judged;
    for (const score of this.raw) if (score.values.length < length) score.values = new Float64Array(length);
  }

  /** The table must not be used any more. */
  giveUpColumns(): Columns {
    const columns = this.#columns;
    this.#columns = columnsFor(0);
    return columns;
  }

  /** Why the node does not suit; undefined where it does. `trial` counts in the pods that are promised the node. */
  verdict(node: NodeInfo, trial: Trial): Rejection | undefined {
    const { slot, generation } = node;
    const { judged, rejections } = this.#columns;
    if (judged[slot] === generation) return rejections[slot];
    const rejection = node.promised > 0 ? trial.whole(node) : this.judge(node);
    judged[slot] = generation;
    rejections[slot] = rejection;
    return rejection;
  }

  /** The same, asked anew and not remembered. */
  judge(node: NodeInfo): Rejection | undefined {
    for (const filter of this.#filters) {
      const rejection = filter(node);
      if (rejection !== undefined) return rejection;
    }
    return undefined;
  }

  /** The weighted sum of the scores that need no normalising; brings the raw ones up to date as well. */
  steadyTotal(node: NodeInfo): number {
    const { slot, generation } = node;
    const { scored, totals } = this.#columns;
    if (scored[slot] !== generation) {
      let total = 0;
      for (const { scorer, weight } of this.steady) total += scorer(node) * weight;
      for (const { scorer, values } of this.raw) values[slot] = scorer(node);
      totals[slot] = total;
      scored[slot] = generation;
    }
    return totals[slot] ?? 0;
  }
}

export type Restriction = { readonly plugin: string; readonly nodes: ReadonlySet<string> };

export function intersection(restrictions: readonly Restriction[]): ReadonlySet<string> | undefined {
  let common: ReadonlySet<string> | undefined;
  for (const { nodes } of restrictions) {
    const before = common;
    common = before === undefined ? nodes : new Set([...nodes].filter((name) => before.has(name)));
  }
  return common;
}

function columnsFor(length: number): Columns {
  return {
    judged: new Float64Array(length),
    scored: new Float64Array(length),
    totals: new Float64Array(length),
    rejections: new Array<Rejection | undefined>(length).fill(undefined),
  };
}
