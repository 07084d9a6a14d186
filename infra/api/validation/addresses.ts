// IP addresses and networks as Kubernetes' fields have them. Newer fields take one spelling of each and tell what it would
// be; older ones take every spelling that cannot be misread (leading zeros are octal to some, mapped addresses are two
// families at once).

import { isIPv6 } from 'node:net';
import type { Rule } from './check.ts';
import { text } from './rules.ts';

/** 4 or 16 bytes. */
type Bytes = readonly number[];
export type Network = { readonly address: Bytes; readonly bits: number };
type Parsed = { readonly bytes: Bytes; readonly leadingZeros: boolean };

const addressText = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const networkText = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Any spelling that means one address to everybody. */
export const address: Rule<string> = text(addressProblem);

/** The canonical spelling of an address. */
export const canonicalAddress: Rule<string> = text((value) => canonicalAddressProblem(value));

export function canonicalAddressProblem(value: string): string | undefined {
  const problem = addressProblem(value);
  if (problem !== undefined) return problem;
  const canonical = spell(parse(value)?.bytes ?? []);
  return canonical === value ? undefined : `must be in canonical form (${JSON.stringify(canonical)})`;
}

/** Any spelling of a network that means one to everybody. */
export const network: Rule<string> = text(networkProblem);

export const canonicalNetwork: Rule<string> = text((value) => {
  const problem = networkProblem(value);
  const parsed = parseNetwork(value);
  if (problem !== undefined || parsed === undefined) return problem;
  const canonical = `${spell(parsed.address)}/${parsed.bits}`;
  return canonical === value ? undefined : `must be in canonical form (${JSON.stringify(canonical)})`;
});

/** What a writer of an IPv6 network in a spelling of their own is told; fields older than the rule still take it. */
export function networkWarning(value: string): string | undefined {
  const parsed = parseNetwork(value);
  if (parsed === undefined || parsed.address.length === 4 || networkProblem(value) !== undefined) return undefined;
  const canonical = `${spell(parsed.address)}/${parsed.bits}`;
  if (canonical === value) return undefined;
  return `IPv6 CIDR value ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`;
}

/** As `networkWarning`, of an address. */
export function addressWarning(value: string): string | undefined {
  const parsed = parse(value);
  if (parsed === undefined || parsed.bytes.length === 4 || addressProblem(value) !== undefined) return undefined;
  const canonical = spell(parsed.bytes);
  if (canonical === value) return undefined;
  return `IPv6 address ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`;
}

export function isAddress(value: string): boolean {
  return parse(value) !== undefined;
}

/** Undefined where the text is no network in any spelling. */
export function parseNetwork(value: string): Network | undefined {
  const slash = value.indexOf('/');
  const parsed = slash < 0 ? undefined : parse(value.slice(0, slash));
  const length = value.slice(slash + 1);
  if (parsed === undefined || !/^\d+$/.test(length)) return undefined;
  const bits = Number(length);
  return bits > parsed.bytes.length * 8 ? undefined : { address: parsed.bytes, bits };
}

/** True where every address of `inner` is in `outer`, and `outer` has more. */
export function isStrictlyWithin(inner: Network, outer: Network): boolean {
  if (inner.address.length !== outer.address.length || inner.bits <= outer.bits) return false;
  return sameBytes(masked(inner.address, outer.bits), masked(outer.address, outer.bits));
}

export function familyOf({ address }: Network): 4 | 6 {
  return address.length === 4 ? 4 : 6;
}

function addressProblem(value: string): string | undefined {
  const parsed = parse(value);
  if (parsed === undefined) return addressText;
  if (parsed.leadingZeros) return 'must not have leading 0s';
  return isMapped(parsed.bytes) ? 'must not be an IPv4-mapped IPv6 address' : undefined;
}

function networkProblem(value: string): string | undefined {
  const parsed = parseNetwork(value);
  if (parsed === undefined) return networkText;
  const [start = '', length = ''] = value.split('/');
  if (parse(start)?.leadingZeros === true || /^0./.test(length))
    return 'must not have leading 0s in IP or prefix length';
  if (isMapped(parsed.address)) return 'must not have an IPv4-mapped IPv6 address';
  const whole = sameBytes(masked(parsed.address, parsed.bits), parsed.address);
  return whole ? undefined : 'must not have bits set beyond the prefix length';
}

function parse(value: string): Parsed | undefined {
  if (!value.includes(':')) return parseV4(value);
  if (!isIPv6(value) || value.includes('%')) return undefined;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(value);
  const tail = dotted === null ? undefined : parseV4(dotted[2] ?? '');
  const last = tail === undefined ? [] : pairs(tail.bytes);
  const head = dotted === null ? value : (dotted[1] ?? '').replace(/([^:]):$/, '$1');
  const [left = '', right] = head.split('::');
  const before = groups(left);
  const after = [...(right === undefined ? [] : groups(right)), ...last];
  const middle = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => 0);
  return { bytes: [...before, ...middle, ...after].flatMap((group) => [group >> 8, group & 255]), leadingZeros: false };
}

function parseV4(value: string): Parsed | undefined {
  const parts = value.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return { bytes: parts.map(Number), leadingZeros: parts.some((part) => /^0./.test(part)) };
}

function groups(value: string): readonly number[] {
  return value === '' ? [] : value.split(':').map((group) => Number.parseInt(group, 16));
}

function pairs(bytes: Bytes): readonly number[] {
  return [0, 2].map((at) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
}

function isMapped(bytes: Bytes): boolean {
  return (
    bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  );
}

function masked(bytes: Bytes, bits: number): Bytes {
  return bytes.map((byte, at) => {
    const kept = Math.min(8, Math.max(0, bits - at * 8));
    return byte & (0xff00 >> kept) & 0xff;
  });
}

function sameBytes(left: Bytes, right: Bytes): boolean {
  return left.every((byte, at) => byte === right[at]);
}

/** RFC 5952: lower case, no leading zeros, the longest run of zero groups shortened. */
function spell(bytes: Bytes): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0));
  const text = words.map((word) => word.toString(16));
  const run = longestZeroRun(words);
  if (run.length < 2) return text.join(':');
  return `${text.slice(0, run.start).join(':')}::${text.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (start + length < words.length && words[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
