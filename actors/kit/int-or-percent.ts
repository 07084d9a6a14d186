// Numbers that may be given as a share of a whole, as `maxSurge` and its like are.

import type { IntOrString } from '../../streams/resources/workload.ts';

/** What the value comes to, `round`ed where it is a percentage; 0 where it cannot be read. */
export function portionOf(value: IntOrString, of: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const number = Number.parseInt(value, 10);
  if (Number.isNaN(number)) return 0;
  return value.endsWith('%') ? round((number * of) / 100) : number;
}
