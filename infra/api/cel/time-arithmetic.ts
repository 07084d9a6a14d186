// Timestamps and durations: what they are read from, how they are printed, and that they stay within CEL's range (the
// years 1 to 9999; durations of 64-bit nanoseconds).

import { INT_MAX, INT_MIN } from './literals.ts';
import { CelError, Duration, Timestamp } from './values.ts';

const SECOND = 1_000_000_000n;
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3600n * SECOND,
};

export function durationOf(nanos: bigint): Duration | CelError {
  return nanos < INT_MIN || nanos > INT_MAX ? new CelError('duration overflow') : new Duration(nanos);
}

export function timestampOf(nanos: bigint, zoneMinutes = 0): Timestamp | CelError {
  const inRange = nanos >= FIRST_SECOND * SECOND && nanos < (LAST_SECOND + 1n) * SECOND;
  return inRange ? new Timestamp(nanos, zoneMinutes) : new CelError('timestamp overflow');
}

export function addDurations(left: Duration, right: Duration): Duration | CelError {
  return durationOf(left.nanos + right.nanos);
}

export function addToTimestamp(to: Timestamp, by: Duration): Timestamp | CelError {
  return timestampOf(to.nanos + by.nanos, to.zoneMinutes);
}

export function subtractTimestamps(left: Timestamp, right: Timestamp): Duration | CelError {
  return durationOf(left.nanos - right.nanos);
}

/** RFC 3339, with any number of fraction digits (what is finer than nanoseconds is dropped). */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = ''] = match;
  const [, , , , , , , , sign, zoneHour = '0', zoneMinute = '0'] = match;
  const date = `${year}-${month}-${day}`;
  const millis = Date.parse(`${date}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(millis) || hour === '24' || Number(zoneHour) > 23 || Number(zoneMinute) > 59) return undefined;
  if (new Date(millis).toISOString().slice(0, 10) !== date) return undefined;
  const minutes = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -1 : 1);
  const local = BigInt(millis) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  const at = timestampOf(local - BigInt(minutes) * 60n * SECOND, minutes);
  return at instanceof CelError ? undefined : at;
}

export function showTimestamp({ nanos, zoneMinutes }: Timestamp): string {
  const { seconds, rest } = split(nanos);
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`;
  const local = new Date((Number(seconds) + zoneMinutes * 60) * 1000).toISOString().slice(0, 19);
  return `${local}${fraction}${zoneText(zoneMinutes)}`;
}

function zoneText(minutes: number): string {
  if (minutes === 0) return 'Z';
  const size = Math.abs(minutes);
  const [hour, minute] = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0'));
  return `${minutes < 0 ? '-' : '+'}${hour}:${minute}`;
}

function split(nanos: bigint): { readonly seconds: bigint; readonly rest: bigint } {
  const rest = ((nanos % SECOND) + SECOND) % SECOND;
  return { seconds: (nanos - rest) / SECOND, rest };
}

/** Go's form, e.g. `1h30m`, `-1.5s`. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null) return undefined;
  let nanos = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of (match[2] ?? '').matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const size = UNITS[unit] ?? 0n;
    const scale = 10n ** BigInt(fraction.length);
    nanos += BigInt(whole || '0') * size + (BigInt(fraction || '0') * size) / scale;
  }
  const duration = durationOf(match[1] === '-' ? -nanos : nanos);
  return duration instanceof CelError ? undefined : duration;
}

/** In seconds, the way CEL turns durations into strings: `5400s`, `1.5s`. */
export function showDuration({ nanos }: Duration): string {
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = String(size % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${sign}${size / SECOND}${fraction === '' ? '' : `.${fraction}`}s`;
}

export type Calendar = {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  /** From 1. */
  readonly day: number;
  readonly weekday: number;
  /** From 0. */
  readonly dayOfYear: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
};

/** The clock on the wall in a time zone: an IANA name or `+hh:mm`. An unknown zone is an error. */
export function calendar({ nanos }: Timestamp, zone = 'UTC'): Calendar | CelError {
  const { seconds, rest } = split(nanos);
  const offset = zoneOffset(Number(seconds), zone);
  if (offset === undefined) return new CelError(`unknown time zone ${zone}`);
  const date = new Date((Number(seconds) + offset) * 1000);
  const year = date.getUTCFullYear();
  return {
    year,
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    dayOfYear: Math.floor((date.getTime() - startOfYear(year)) / 86_400_000),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: Number(rest / 1_000_000n),
  };
}

function startOfYear(year: number): number {
  return Date.parse(`${String(year).padStart(4, '0')}-01-01T00:00:00Z`);
}

/** Seconds to add to UTC. */
function zoneOffset(seconds: number, zone: string): number | undefined {
  if (zone === 'UTC' || zone === '') return 0;
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (fixed !== null) {
    const size = Number(fixed[2]) * 3600 + Number(fixed[3]) * 60;
    return fixed[1] === '-' ? -size : size;
  }
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...CLOCK_PARTS });
    const parts = new Map(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return local / 1000 - seconds;
  } catch {
    return undefined;
  }
}

const CLOCK_PARTS = {
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const;
