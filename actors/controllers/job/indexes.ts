// Sets of completion indexes as ordered intervals, and the text a job's status and policies write them in: `1,3-5,7`.
// A set of a hundred thousand indexes that succeeded one after another is a single interval.

export type Interval = { readonly first: number; readonly last: number };

/** In order, none touching the next. */
export type Indexes = readonly Interval[];

export const noIndexes: Indexes = [];

/** Indexes below `completions`; parts that are no numbers are passed over, so that a damaged status mends itself. */
export function parseIndexes(text: string | undefined, completions: number): Indexes {
  if (text === undefined || text === '') return noIndexes;
  const intervals: Interval[] = [];
  for (const part of text.split(',')) {
    const [from, to = from] = part.split('-').map(numberOf);
    if (from === undefined || to === undefined || Number.isNaN(from)) continue;
    if (from >= completions) break;
    if (!Number.isNaN(to)) intervals.push({ first: from, last: Math.min(to, completions - 1) });
  }
  return joined(intervals);
}

/** Two neighbours are written `4,5`, three `4-6`. */
export function formatIndexes(indexes: Indexes): string {
  return indexes
    .map(({ first, last }) => {
      if (last === first) return `${first}`;
      return `${first}${last === first + 1 ? ',' : '-'}${last}`;
    })
    .join(',');
}

export function indexesOf(numbers: Iterable<number>): Indexes {
  const sorted = [...numbers].sort((a, b) => a - b);
  return joined(sorted.map((index) => ({ first: index, last: index })));
}

export function union(a: Indexes, b: Indexes): Indexes {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return joined([...a, ...b].sort((one, other) => one.first - other.first));
}

export function countOf(indexes: Indexes): number {
  let count = 0;
  for (const { first, last } of indexes) count += last - first + 1;
  return count;
}

export function hasIndex(indexes: Indexes, index: number): boolean {
  let [low, high] = [0, indexes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((indexes[middle]?.last ?? 0) >= index) high = middle;
    else low = middle + 1;
  }
  const interval = indexes[low];
  return interval !== undefined && interval.first <= index;
}

/** How many indexes are in both. */
export function overlapOf(a: Indexes, b: Indexes): number {
  let [i, j, count] = [0, 0, 0];
  for (;;) {
    const [one, other] = [a[i], b[j]];
    if (one === undefined || other === undefined) return count;
    count += Math.max(0, Math.min(one.last, other.last) - Math.max(one.first, other.first) + 1);
    if (one.last <= other.last) i++;
    if (other.last <= one.last) j++;
  }
}

/** The lowest `count` indexes below `completions` that are not in the set. */
export function firstOutside(indexes: Indexes, count: number, completions: number): number[] {
  const found: number[] = [];
  let candidate = 0;
  for (const { first, last } of indexes) {
    for (; candidate < Math.min(first, completions) && found.length < count; candidate++) found.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  for (; candidate < completions && found.length < count; candidate++) found.push(candidate);
  return found;
}

/** Intervals that are in order of their beginnings, with those that touch made one. */
function joined(intervals: readonly Interval[]): Indexes {
  const result: { first: number; last: number }[] = [];
  for (const { first, last } of intervals) {
    const before = result.at(-1);
    if (before === undefined || first > before.last + 1) result.push({ first, last });
    else before.last = Math.max(before.last, last);
  }
  return result;
}

function numberOf(text: string): number {
  return /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
}
