// What a benchmark is: it measures one kind of work and says it in rows, each beside its budget (design) and a yardstick
// of the same run, because absolute figures move with the machine and ratios do not.

export type Row = {
  readonly work: string;
  readonly measured: number;
  readonly unit: string;
  /** What the design asks for, e.g. `≥ 8,000`, and whether this run meets it; absent where it asks for nothing. */
  readonly budget?: Budget;
  /** The same machine, the same minute, the least work of the kind. */
  readonly yardstick?: { readonly what: string; readonly value: number };
  readonly note?: string;
};

export type Budget = { readonly atLeast: number } | { readonly atMost: number };

export type Bench = {
  readonly name: string;
  readonly about: string;
  /** Too long for a run of everything. */
  readonly onlyWhenNamed?: boolean;
  run(say: (progress: string) => void): Promise<readonly Row[]>;
};

export function meets({ measured, budget }: Row): boolean | undefined {
  if (budget === undefined) return undefined;
  return 'atLeast' in budget ? measured >= budget.atLeast : measured <= budget.atMost;
}

export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
