// When a schedule is next due, in the time of its zone. Where clocks are put forward, times that do not exist are passed
// over; where they are put back, times that come twice are due twice; a day whose midnight does not exist begins later.
// What this gives is what the cron library of Kubernetes gives.

import type { CronField, CronSchedule } from './cron.ts';
import { fieldsAt, instantOf, type LocalFields } from './time-zone.ts';

const yearsMax = 5;
const hourMs = 3_600_000;
const minuteMs = 60_000;

/**
 * The first time after `afterMs` (milliseconds since the Unix epoch) that the schedule names, in whole seconds. undefined
 * where there is none within five years: the 31st of February never comes.
 */
export function nextTime(schedule: CronSchedule, afterMs: number, timeZone: string): number | undefined {
  if (schedule.kind === 'every') return Math.floor(afterMs / 1000) * 1000 + schedule.seconds * 1000;
  let ms = Math.floor(afterMs / 1000) * 1000 + 1000;
  const lastYear = fieldsAt(ms, timeZone).year + yearsMax;
  // Each step goes to the beginning of the next month, day, hour or minute; when one of them wraps, the greater ones are
  // looked at anew.
  for (;;) {
    const now = fieldsAt(ms, timeZone);
    if (now.year > lastYear) return undefined;
    if (!schedule.month.values.has(now.month))
      ms = instantOf({ ...midnight(now), month: now.month + 1, day: 1 }, timeZone);
    else if (!isDay(schedule, now)) ms = nextDay(now, timeZone);
    else if (!schedule.hour.values.has(now.hour)) ms += hourMs - (now.minute * minuteMs + now.second * 1000);
    else if (!schedule.minute.values.has(now.minute)) ms += minuteMs - now.second * 1000;
    // The minute has begun: its first second is over.
    else if (now.second > 0) ms += minuteMs - now.second * 1000;
    else return ms;
  }
}

type Fields = Extract<CronSchedule, { kind: 'fields' }>;

/** Where both days are restricted, either suffices. */
function isDay({ dayOfMonth, dayOfWeek }: Fields, now: LocalFields): boolean {
  const [month, week] = [has(dayOfMonth, now.day), has(dayOfWeek, now.weekday)];
  return dayOfMonth.any || dayOfWeek.any ? month && week : month || week;
}

function has(field: CronField, value: number): boolean {
  return field.values.has(value);
}

function nextDay(now: LocalFields, timeZone: string): number {
  const ms = instantOf({ ...midnight(now), day: now.day + 1 }, timeZone);
  const { hour } = fieldsAt(ms, timeZone);
  // Where midnight does not exist, the instant may be the last hour of the day before.
  return hour > 12 ? ms + (24 - hour) * hourMs : ms;
}

function midnight(now: LocalFields): LocalFields {
  return { ...now, hour: 0, minute: 0, second: 0 };
}
