// Lists of a job's indexes as its policies and its status write them: `1,3-5,7`, increasing, below the completions.

export type Indexes =
  | { readonly kind: 'indexes'; readonly count: number; readonly intervals: readonly (readonly [number, number])[] }
  | { readonly kind: 'malformed'; readonly message: string };

export function indexesIn(text: string, completions: number): Indexes {
  const intervals: [number, number][] = [];
  if (text === '') return { kind: 'indexes', count: 0, intervals };
  let count = 0;
  for (const part of text.split(',')) {
    const interval = intervalIn(part, completions);
    if (typeof interval === 'string') return { kind: 'malformed', message: interval };
    const last = intervals.at(-1)?.[1];
    if (last !== undefined && last >= interval[0])
      return { kind: 'malformed', message: `non-increasing order, previous: ${last}, current: ${interval[0]}` };
    count += interval[1] - interval[0] + 1;
    intervals.push(interval);
  }
  return { kind: 'indexes', count, intervals };
}

function intervalIn(text: string, completions: number): [number, number] | string {
  const parts = text.split('-');
  if (parts.length > 2)
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  const ends: number[] = [];
  for (const part of parts) {
    if (!/^[+-]?[0-9]+$/.test(part)) return `cannot convert string to integer for index: ${JSON.stringify(part)}`;
    const index = Number(part);
    if (index >= completions) return `too large index: ${JSON.stringify(part)}`;
    ends.push(index);
  }
  const [first = 0, last = first] = ends;
  if (parts.length === 2 && first >= last) return `non-increasing order, previous: ${first}, current: ${last}`;
  return [first, last];
}
