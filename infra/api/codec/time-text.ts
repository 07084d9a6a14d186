// Times and durations as the texts Kubernetes stores: RFC 3339 in UTC, whole seconds (Time) or six digits (MicroTime),
// and Go's spelling of durations (`1h30m0s`). The failures' texts are Go's, because clients and users know them.

export type ParsedTime =
  | { readonly kind: 'time'; readonly seconds: number; readonly nanos: number }
  | { readonly kind: 'malformed'; readonly message: string };

/** Unix seconds of Go's zero time (year 1), which Kubernetes writes as null. */
export const ZERO_TIME_SECONDS = -62_135_596_800;

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;
const MICRO_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)[.,](\d{6})(Z|[+-]\d\d:\d\d)$/;
const TIME_LAYOUT = '2006-01-02T15:04:05Z07:00';
const MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';

export function parseTime(text: string): ParsedTime {
  return read(TIME.exec(text), text, TIME_LAYOUT);
}

/** Like `parseTime`, but the text must have exactly six digits of fraction. */
export function parseMicroTime(text: string): ParsedTime {
  return read(MICRO_TIME.exec(text), text, MICRO_LAYOUT);
}

/** `seconds` since 1970 as `2026-01-31T10:20:30Z`; years 0 to 9999. */
export function timeText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** As `2026-01-31T10:20:30.123456Z`; finer digits are cut off. */
export function microTimeText(seconds: number, nanos: number): string {
  const micros = Math.trunc(nanos / 1000);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z`;
}

/** Whether `parseTime` and `timeText` would give the text back; the usual case, told without either. */
export function isCanonicalTime(text: string): boolean {
  return text.length === 20 && text.charCodeAt(19) === 0x5a && isClockFace(text);
}

/** As `isCanonicalTime`, with six digits of fraction. */
export function isCanonicalMicroTime(text: string): boolean {
  if (text.length !== 27 || text.charCodeAt(26) !== 0x5a || text.charCodeAt(19) !== 0x2e) return false;
  return twoDigits(text, 20) >= 0 && twoDigits(text, 22) >= 0 && twoDigits(text, 24) >= 0 && isClockFace(text);
}

/** Seconds since 1970 of a time that `isCanonicalTime`, by counting. */
export function canonicalSeconds(text: string): number {
  const month = twoDigits(text, 5);
  // Years begin in March, so that the leap day is the last of one.
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2) - (month <= 2 ? 1 : 0);
  const dayOfYear = Math.trunc((153 * ((month + 9) % 12) + 2) / 5) + twoDigits(text, 8) - 1;
  const leapDays = Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  const days = year * 365 + leapDays + dayOfYear - daysToEpoch;
  return days * 86_400 + twoDigits(text, 11) * 3_600 + twoDigits(text, 14) * 60 + twoDigits(text, 17);
}

/** From the first of March of year 0 to the first of January 1970. */
const daysToEpoch = 719_468;

/** `YYYY-MM-DDThh:mm:ss` within bounds. Days 29 to 31 and the first years are left to the thorough reader. */
function isClockFace(text: string): boolean {
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  if (twoDigits(text, 0) < 1 || twoDigits(text, 2) < 0 || month < 1 || month > 12 || day < 1 || day > 28) return false;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
  const separators = text.charCodeAt(4) === 0x2d && text.charCodeAt(7) === 0x2d && text.charCodeAt(10) === 0x54;
  return separators && text.charCodeAt(13) === 0x3a && text.charCodeAt(16) === 0x3a;
}

/** The number at the place, or -1. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30;
  const units = text.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && units >= 0 && units <= 9 ? tens * 10 + units : -1;
}

function read(match: RegExpExecArray | null, text: string, layout: string): ParsedTime {
  if (match === null) return { kind: 'malformed', message: cannotParse(text, layout) };
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const [monthNumber, dayNumber] = [Number(month), Number(day)];
  const outOfRange =
    monthNumber < 1 || monthNumber > 12
      ? 'month'
      : dayNumber < 1 || dayNumber > daysIn(Number(year), monthNumber)
        ? 'day'
        : Number(hour) > 23
          ? 'hour'
          : Number(minute) > 59
            ? 'minute'
            : Number(second) > 59
              ? 'second'
              : undefined;
  if (outOfRange !== undefined)
    return { kind: 'malformed', message: `parsing time "${text}": ${outOfRange} out of range` };
  const utc = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) / 1000;
  const sign = zone.startsWith('-') ? 1 : -1;
  const offset = zone === 'Z' ? 0 : sign * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(4)) * 60);
  return { kind: 'time', seconds: utc + offset, nanos: Number(fraction.slice(0, 9).padEnd(9, '0')) };
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const ELEMENTS: readonly (readonly [element: string, pattern: RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d\d/],
  ['-', /^-/],
  ['02', /^\d\d/],
  ['T', /^T/],
  ['15', /^\d\d/],
  [':', /^:/],
  ['04', /^\d\d/],
  [':', /^:/],
  ['05', /^\d\d/],
];

/** Names the first element of the layout the text does not follow. */
function cannotParse(text: string, layout: string): string {
  const micro = layout === MICRO_LAYOUT;
  const elements = micro ? [...ELEMENTS, ['.000000', /^[.,]\d{6}/] as const] : ELEMENTS;
  let rest = text;
  const failed = (element: string): string =>
    `parsing time ${quote(text)} as "${layout}": cannot parse ${quote(rest)} as "${element}"`;
  for (const [element, pattern] of elements) {
    const match = pattern.exec(rest);
    if (match === null) return failed(element);
    rest = rest.slice(match[0].length);
    if (element === '05' && !micro) rest = rest.replace(/^[.,]\d+/, '');
  }
  const zone = /^(?:Z|[+-]\d\d:\d\d)/.exec(rest);
  if (zone === null) return failed('Z07:00');
  return `parsing time ${quote(text)}: extra text: ${quote(rest.slice(zone[0].length))}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds, or Go's complaint. */
export function parseDuration(text: string): number | string {
  if (text === '0') return 0;
  const body = text.replace(/^[+-]/, '');
  if (!/^(?:(?:\d+\.?\d*|\.\d+)[a-zµμ]+)+$/.test(body)) return `time: invalid duration ${quote(text)}`;
  let nanos = 0;
  for (const [, amount = '', unit = ''] of body.matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    const factor = DURATION_UNITS[unit];
    if (factor === undefined) return `time: unknown unit ${quote(unit)} in duration ${quote(text)}`;
    nanos += Number(amount) * factor;
  }
  return Math.trunc(text.startsWith('-') ? -nanos : nanos);
}

/** Go's spelling: `1h2m3.5s`, below a second `1.5ms`, `2µs`, `7ns`, and `0s`. */
export function durationText(nanos: number): string {
  if (nanos < 0) return `-${durationText(-nanos)}`;
  if (nanos === 0) return '0s';
  if (nanos < 1e3) return `${nanos}ns`;
  if (nanos < 1e6) return `${nanos / 1e3}µs`;
  if (nanos < 1e9) return `${nanos / 1e6}ms`;
  const whole = Math.trunc(nanos / 1e9);
  const fraction = String(nanos % 1e9)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const seconds = `${whole % 60}${fraction === '' ? '' : `.${fraction}`}s`;
  const minutes = Math.trunc(whole / 60);
  if (minutes === 0) return seconds;
  if (minutes < 60) return `${minutes}m${seconds}`;
  return `${Math.trunc(minutes / 60)}h${minutes % 60}m${seconds}`;
}
