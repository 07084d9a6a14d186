// Instants and what clocks on the wall show at them, by the time zone database that this machine knows.

export type LocalFields = {
  readonly year: number;
  /** 1 is January. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
};

export function fieldsAt(ms: number, timeZone: string): LocalFields {
  const date = new Date(ms + offsetMs(ms, timeZone));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    weekday: date.getUTCDay(),
  };
}

/** The instant at which clocks show this; months and days beyond their range roll over. A time that clocks skip or show
 * twice is one of the two instants it could mean. */
export function instantOf({ year, month, day, hour, minute, second }: LocalFields, timeZone: string): number {
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  const guess = offsetMs(local, timeZone);
  const utc = local - guess;
  const actual = offsetMs(utc, timeZone);
  return actual === guess ? utc : local - actual;
}

/** `2026-03-29T02:30:00+01:00`, or with `Z` where that is the zone. */
export function rfc3339(ms: number, timeZone: string): string {
  const offset = offsetMs(ms, timeZone);
  const text = new Date(ms + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${text}Z`;
  const minutes = Math.floor(Math.abs(offset) / 60_000);
  return `${text}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** By zone, the one asked for longest ago first. A zone has as many names as there are ways to write it in two cases. */
const formats = new Map<string, Intl.DateTimeFormat>();
const formatsMax = 64;

/** How far clocks are ahead of UTC. */
function offsetMs(ms: number, timeZone: string): number {
  if (timeZone === '' || timeZone === 'UTC') return 0;
  const format = formatOf(timeZone);
  // e.g. `03/29/2026, 02:30:00`
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = format.format(ms).split(/\D+/).map(Number);
  const wholeSeconds = Math.floor(ms / 1000) * 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSeconds;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  const format = known ?? new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...shown });
  if (known !== undefined) formats.delete(timeZone);
  formats.set(timeZone, format);
  if (formats.size > formatsMax) {
    const [oldest] = formats.keys();
    if (oldest !== undefined) formats.delete(oldest);
  }
  return format;
}

const shown = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
} as const;

function two(number: number): string {
  return String(number).padStart(2, '0');
}
