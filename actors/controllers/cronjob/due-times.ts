// Which of a cron job's times is due, and when to look again. Of several times that were missed the newest counts alone;
// a hundred or more of them are told as a warning.

import type { CronJob } from '../../../streams/resources/batch.ts';
import { type CronSchedule, parseCron } from '../../../streams/resources/cron.ts';
import { nextTime } from '../../../streams/resources/cron-times.ts';

/** Clocks of several machines agree to within this. */
const skewMs = 100;
const manyMissed = 100;

export type Timetable = { readonly schedule: CronSchedule; readonly timeZone: string };

export type ParsedTimetable =
  | ({ readonly kind: 'timetable' } & Timetable)
  | { readonly kind: 'malformed'; readonly message: string };

/** A zone within the schedule comes before the one beside it. */
export function timetableOf({ schedule, timeZone = 'UTC' }: CronJob['spec']): ParsedTimetable {
  const parsed = parseCron(schedule);
  if (parsed.kind === 'malformed') return parsed;
  return { kind: 'timetable', schedule: parsed.schedule, timeZone: parsed.timeZone ?? timeZone };
}

export type Due =
  /** `many`: a hundred times or more have passed unused. */
  | { readonly kind: 'due'; readonly timeMs: number; readonly many: boolean }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'invalid'; readonly message: string };

/** The newest time that has come and was not used. */
export function dueTime(cronJob: CronJob, timetable: Timetable, nowMs: number): Due {
  const { startingDeadlineSeconds } = cronJob.spec;
  const deadlineMs = startingDeadlineSeconds === undefined ? -Infinity : nowMs - startingDeadlineSeconds * 1000;
  const recent = recentTime(Math.max(lastMs(cronJob), deadlineMs), timetable, nowMs);
  if (recent.kind === 'invalid') return { kind: 'invalid', message: recent.message };
  if (recent.timeMs === undefined) return { kind: 'nothing' };
  return { kind: 'due', timeMs: recent.timeMs, many: recent.missed > manyMissed };
}

/** How long until the next time; undefined where none will come. */
export function nextInMs(cronJob: CronJob, timetable: Timetable, nowMs: number): number | undefined {
  const earliestMs = lastMs(cronJob);
  const recent = recentTime(earliestMs, timetable, nowMs);
  const fromMs = recent.kind === 'recent' ? (recent.timeMs ?? (recent.missed === 0 ? earliestMs : nowMs)) : nowMs;
  const next = nextTime(timetable.schedule, fromMs, timetable.timeZone);
  return next === undefined ? undefined : Math.max(0, next + skewMs - nowMs);
}

/** Times count from the last one that was used, or from when the cron job was made. */
function lastMs({ metadata, status }: CronJob): number {
  return Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? '');
}

type Recent =
  | { readonly kind: 'recent'; readonly timeMs: number | undefined; readonly missed: number }
  | { readonly kind: 'invalid'; readonly message: string };

function recentTime(earliestMs: number, { schedule, timeZone }: Timetable, nowMs: number): Recent {
  const next = (ms: number) => nextTime(schedule, ms, timeZone);
  const first = next(earliestMs);
  if (first !== undefined && nowMs < first) return { kind: 'recent', timeMs: undefined, missed: 0 };
  const second = first === undefined ? undefined : next(first);
  if (first === undefined || second === undefined)
    return { kind: 'invalid', message: 'time difference between two schedules is less than 1 second' };
  if (nowMs < second) return { kind: 'recent', timeMs: first, missed: 0 };
  const periodMs = second - first;
  const missed = Math.floor((nowMs - first) / periodMs) + 1;
  // Not every schedule is regular: the search begins two periods before the time that would be the newest.
  let timeMs: number | undefined;
  for (let at = next(first + (missed - 2) * periodMs); at !== undefined && at <= nowMs; at = next(at)) timeMs = at;
  return { kind: 'recent', timeMs, missed };
}
