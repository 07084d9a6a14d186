// What a timestamp or a duration is made of.

import { type Calendar, calendar } from '../time-arithmetic.ts';
import { CelError, type Duration, type Result, type Timestamp } from '../values.ts';
import type { Implementation, Library } from './signature.ts';

export const TIMES: Library = {
  getFullYear: of('year', ({ year }) => year),
  getMonth: of('month', ({ month }) => month),
  getDayOfYear: of('day_of_year', ({ dayOfYear }) => dayOfYear),
  getDayOfMonth: of('day_of_month', ({ day }) => day - 1),
  getDate: of('day_of_month_1_based', ({ day }) => day),
  getDayOfWeek: of('day_of_week', ({ weekday }) => weekday),
  getHours: of('hours', ({ hour }) => hour, 3_600_000_000_000n),
  getMinutes: of('minutes', ({ minute }) => minute, 60_000_000_000n),
  getSeconds: of('seconds', ({ second }) => second, 1_000_000_000n),
  getMilliseconds: of('milliseconds', ({ millisecond }) => millisecond, 1_000_000n),
};

/** `unit` in nanoseconds, where durations have this part too. */
function of(name: string, part: (calendar: Calendar) => number, unit?: bigint): Library[string] {
  const read = (at: Timestamp, zone?: string): Result => {
    const found = calendar(at, zone);
    return found instanceof CelError ? found : BigInt(part(found));
  };
  const zoned = name === 'seconds' ? 'timestamp_to_seconds_tz' : `timestamp_to_${name}_with_tz`;
  const overloads: Record<string, Implementation> = {
    [`.timestamp_to_${name}(timestamp) int`]: (at: Timestamp) => read(at),
    [`.${zoned}(timestamp, string) int`]: read,
  };
  if (unit !== undefined)
    overloads[`.duration_to_${name}(duration) int`] = (duration: Duration) => duration.nanos / unit;
  return overloads;
}
