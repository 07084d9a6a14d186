// The formats a schema may name, and which texts have them. A format the server does not know says nothing about a
// value; it is only worth a warning to whoever writes the definition.

import { isIP, isIPv4, isIPv6 } from 'node:net';
import { parseDuration } from '../codec/time-text.ts';
import { isCreditCard, isIsbn10, isIsbn13 } from './check-digits.ts';
import type { JsonSchema } from './definition.ts';
import { patternOf } from './patterns.ts';

/** The format as far as it is checked; empty where it is not. */
export function effectiveFormat(schema: Pick<JsonSchema, 'type' | 'format'>): string {
  return isKnown(schema) ? (schema.format ?? '') : '';
}

/** A format nobody checks, for a warning. */
export function unrecognizedFormat(schema: Pick<JsonSchema, 'type' | 'format'>): string | undefined {
  return schema.format && !isKnown(schema) ? schema.format : undefined;
}

/** Whether a text has a format that is known for texts. */
export function hasFormat(format: string, text: string): boolean {
  return checks.get(normalized(format))?.(text) ?? true;
}

function isKnown({ type = '', format = '' }: Pick<JsonSchema, 'type' | 'format'>): boolean {
  switch (type) {
    case '':
    case 'string':
      return checks.has(normalized(format));
    case 'integer':
      return format === 'int32' || format === 'int64';
    case 'number':
      return format === 'float' || format === 'double';
    default:
      return false;
  }
}

function normalized(format: string): string {
  return format.replaceAll('-', '');
}

type FormatCheck = (text: string) => boolean;

/** Texts that match; the pattern is ours, but the text is not, so that it too is matched in linear time. */
function matching(text: string): FormatCheck {
  return (value) => {
    const pattern = patternOf(text);
    return pattern.kind === 'pattern' && pattern.test(value);
  };
}

const hostnameForm = matching(
  '^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|([a-zA-Z0-9\\p{S}\\p{L}](([a-zA-Z0-9-\\p{S}\\p{L}]{0,61}[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$',
);
const uuid = (version: string, variant: string): FormatCheck =>
  matching(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`);

const checks: ReadonlyMap<string, FormatCheck> = new Map<string, FormatCheck>([
  ['bsonobjectid', matching('^[0-9a-fA-F]{24}$')],
  ['uri', isRequestUri],
  ['email', isEmail],
  ['hostname', isHostname],
  ['ipv4', isIPv4Sloppy],
  ['ipv6', (text) => isIPv6(text) && !text.includes('%')],
  ['cidr', isCidr],
  ['mac', isMac],
  ['uuid', uuid('[0-9a-f]', '[0-9a-f]')],
  ['uuid3', uuid('3', '[0-9a-f]')],
  ['uuid4', uuid('4', '[89ab]')],
  ['uuid5', uuid('5', '[89ab]')],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', matching('^\\d{3}[- ]\\d{2}[- ]\\d{4}$')],
  ['hexcolor', matching('^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$')],
  ['rgbcolor', isRgbColor],
  ['byte', matching('^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$')],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
  ['k8sshortname', (text) => text.length <= 63 && shortName(text)],
  ['k8slongname', (text) => text.length <= 253 && longName(text)],
]);

const shortName = matching('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$');
const longName = matching('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$');

/** An absolute URI or an absolute path, as a request line may hold it. */
function isRequestUri(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a URI holds none.
  if (text === '' || /[\x00-\x1f\x7f]/.test(text)) return false;
  if (text === '*') return true;
  const [path = ''] = text.split('?', 1);
  const badlyEscaped = /%(?![0-9a-fA-F]{2})/.test(path);
  if (text.startsWith('/')) return !badlyEscaped;
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:/.exec(text)?.[0];
  if (scheme === undefined) return false;
  const rest = path.slice(scheme.length);
  if (!rest.startsWith('/')) return true;
  if (badlyEscaped) return false;
  const authority = rest.startsWith('//') ? (rest.slice(2).split('/', 1)[0] ?? '') : '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return !/[ "<>\\^`{|}]|%[0-7]/.test(authority) && /^(\[[^\]]*\]|[^:[\]]*)(:[0-9]*)?$/.test(host);
}

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\x{80}-\\x{10FFFF}-]+";
const addressForm = matching(
  `^(?:[^<>]*<)?(?:${atom}(?:\\.${atom})*|"[^"]+")@(?:${atom}(?:\\.${atom})*|\\[[^\\[\\]\\\\]+\\])(>)?$`,
);

function isEmail(text: string): boolean {
  const [, literal] = /@\[([^\]]*)\]>?$/.exec(text.trim()) ?? [];
  if (literal !== undefined && isIP(literal) === 0) return false;
  return addressForm(text.trim()) && text.includes('<') === text.trimEnd().endsWith('>');
}

function isHostname(text: string): boolean {
  return text.length <= 255 && hostnameForm(text) && text.split('.').every((label) => label.length <= 63);
}

/** Leading zeros are let pass, as they were before Go refused them, and so is IPv4 in the form of IPv6. */
function isIPv4Sloppy(text: string): boolean {
  if (text.includes(':')) return text.includes('.') && isIPv6(text) && !text.includes('%');
  return isIPv4(text.replace(/(^|\.)0+(?=[0-9])/g, '$1'));
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/');
  if (more.length > 0 || !/^[0-9]{1,3}$/.test(bits)) return false;
  return !address.includes(':') && isIPv4Sloppy(address)
    ? Number(bits) <= 32
    : isIPv6(address) && !address.includes('%') && Number(bits) <= 128;
}

/** EUI-48, EUI-64 or 20 octets of InfiniBand, with colons, hyphens, in groups of four with dots, or bare. */
function isMac(text: string): boolean {
  const digits = text.replaceAll(/[:.-]/g, '');
  if (![12, 16, 40].includes(digits.length) || !/^[0-9a-fA-F]+$/.test(digits)) return false;
  return (
    digits === text ||
    /^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2})+$/.test(text) ||
    /^[0-9a-fA-F]{2}(-[0-9a-fA-F]{2})+$/.test(text) ||
    /^[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4})+$/.test(text)
  );
}

function isRgbColor(text: string): boolean {
  const parts = /^rgb\(\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*\)$/.exec(text)?.slice(1);
  return parts?.every((part) => Number(part) <= 255 && (part === '0' || !part.startsWith('0'))) === true;
}

function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text) ?? [];
  const [m, d] = [Number(month), Number(day)];
  return m >= 1 && m <= 12 && d >= 1 && d <= daysIn(Number(year), m);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

const clockForm = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})$/;

function isDateTime(text: string): boolean {
  const [date = '', clock = ''] = text.toLowerCase().split('t');
  const parts = clockForm.exec(clock);
  if (!isDate(date) || parts === null) return false;
  const [, hours = '', minutes = '', seconds = ''] = parts;
  return hours <= '23' && minutes <= '59' && seconds <= '59';
}

const units = /^(?:(?:nano|micro|milli|sec|min|hour|day|week).*|ns|us|µs|ms|s|m|h|hr|d|w|wk)$/i;

/** Go's durations, and those of Scala: `22 ns`, `3 days`. */
function isDuration(text: string): boolean {
  if (typeof parseDuration(text) === 'number') return true;
  return [...text.matchAll(/[0-9]+\s*([A-Za-zµ]+)/g)].some(([, unit = '']) => units.test(unit));
}
