// What the answers were: a count for each status in each area.

export class Counts {
  readonly #areas = new Map<string, Map<number, number>>();
  total = 0;

  add(area: string, status: number): void {
    let counts = this.#areas.get(area);
    if (counts === undefined) {
      counts = new Map();
      this.#areas.set(area, counts);
    }
    counts.set(status, (counts.get(status) ?? 0) + 1);
    this.total++;
  }

  /** How many answers there were between two statuses, the second not among them. */
  between(from: number, to: number): number {
    let sum = 0;
    for (const counts of this.#areas.values())
      for (const [status, count] of counts) if (status >= from && status < to) sum += count;
    return sum;
  }

  lines(): readonly string[] {
    return [...this.#areas].map(([area, counts]) => {
      const told = [...counts].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
      return `  ${area.padEnd(16)} ${told.join(', ')}`;
    });
  }
}
