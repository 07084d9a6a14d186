// IP addresses and networks. One address has one meaning here: no zones, no IPv4 inside IPv6.

import { isIPv4, isIPv6 } from 'node:net';
import { CelError, type Result } from '../values.ts';
import { netType, Opaque } from './opaque.ts';
import type { Library } from './signature.ts';

const IP = netType('IP');
const CIDR = netType('CIDR');

class Address extends Opaque {
  readonly type = IP;
  readonly bytes: readonly number[];

  constructor(bytes: readonly number[]) {
    super();
    this.bytes = bytes;
  }

  get size(): number {
    return this.bytes.length;
  }

  protected same(other: Address): boolean {
    return this.toString() === other.toString();
  }

  override toString(): string {
    return this.bytes.length === 4 ? this.bytes.join('.') : spell(this.bytes);
  }
}

class Network extends Opaque {
  readonly type = CIDR;
  readonly address: Address;
  readonly bits: number;

  constructor(address: Address, bits: number) {
    super();
    this.address = address;
    this.bits = bits;
  }

  get size(): number {
    return Math.ceil(this.bits / 8);
  }

  protected same(other: Network): boolean {
    return this.toString() === other.toString();
  }

  override toString(): string {
    return `${this.address.toString()}/${this.bits}`;
  }
}

export const ADDRESSES: Library = {
  ip: {
    'string_to_ip(string) net.IP': readAddress,
    '.cidr_ip(net.CIDR) net.IP': ({ address }: Network) => address,
  },
  isIP: { 'is_ip(string) bool': (text: string) => readAddress(text) instanceof Address },
  'ip.isCanonical': {
    'ip_is_canonical(string) bool': (text: string) => {
      const read = readAddress(text);
      return read instanceof Address ? read.toString() === text : read;
    },
  },
  family: { '.ip_family(net.IP) int': ({ bytes }: Address) => (bytes.length === 4 ? 4n : 6n) },
  isUnspecified: { '.ip_is_unspecified(net.IP) bool': isUnspecified },
  isLoopback: { '.ip_is_loopback(net.IP) bool': isLoopback },
  isLinkLocalMulticast: { '.ip_is_link_local_multicast(net.IP) bool': isLinkLocalMulticast },
  isLinkLocalUnicast: { '.ip_is_link_local_unicast(net.IP) bool': isLinkLocalUnicast },
  isGlobalUnicast: { '.ip_is_global_unicast(net.IP) bool': isGlobalUnicast },
  cidr: {
    'string_to_cidr(string) net.CIDR': (text: string) => withPrefix(readNetwork(text)),
  },
  isCIDR: { 'is_cidr(string) bool': (text: string) => readNetwork(text) instanceof Network },
  containsIP: {
    '.cidr_contains_ip_string(net.CIDR, string) bool': (network: Network, text: string) => {
      const address = readAddress(text);
      return address instanceof Address ? containsAddress(network, address) : address;
    },
    '.cidr_contains_ip_ip(net.CIDR, net.IP) bool': containsAddress,
  },
  containsCIDR: {
    '.cidr_contains_cidr_string(net.CIDR, string) bool': (network: Network, text: string) => {
      const inner = withPrefix(readNetwork(text));
      return inner instanceof Network ? containsNetwork(network, inner) : inner;
    },
    '.cidr_contains_cidr(net.CIDR, net.CIDR) bool': containsNetwork,
  },
  masked: {
    '.cidr_masked(net.CIDR) net.CIDR': ({ address, bits }: Network) =>
      new Network(new Address(mask(address, bits)), bits),
  },
  prefixLength: { '.cidr_prefix_length(net.CIDR) int': ({ bits }: Network) => BigInt(bits) },
};

function readAddress(text: string): Address | CelError {
  const bytes = bytesOf(text.split('%', 1)[0] ?? '');
  if (bytes === undefined)
    return new CelError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
    );
  if (text.includes('%')) return new CelError(`IP address ${JSON.stringify(text)} with zone value is not allowed`);
  if (isMapped(bytes)) return new CelError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return new Address(bytes);
}

const NETWORK_ERROR = 'network address parse error during conversion from string';

function withPrefix(read: Network | CelError): Result {
  return read instanceof Network ? read : new CelError(`${NETWORK_ERROR}: ${read.message}`);
}

function readNetwork(text: string): Network | CelError {
  const slash = text.lastIndexOf('/');
  const wrong = (why: string) => new CelError(`${NETWORK_ERROR}: netip.ParsePrefix(${JSON.stringify(text)}): ${why}`);
  if (slash < 0) return wrong("no '/'");
  const [start, length] = [text.slice(0, slash), text.slice(slash + 1)];
  if (start.includes('%')) return wrong('IPv6 zones cannot be present in a prefix');
  const bytes = bytesOf(start);
  if (bytes === undefined) return wrong(`ParseAddr(${JSON.stringify(start)}): unable to parse IP`);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length)) return wrong(`bad bits after slash: ${JSON.stringify(length)}`);
  if (Number(length) > bytes.length * 8) return wrong('prefix length out of range');
  if (isMapped(bytes)) return new CelError(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return new Network(new Address(bytes), Number(length));
}

function bytesOf(text: string): readonly number[] | undefined {
  if (isIPv4(text)) return text.split('.').map(Number);
  if (!isIPv6(text)) return undefined;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const [, head = '', a, b, c, d] = dotted ?? [];
  const hex = (high?: string, low?: string) => ((Number(high) << 8) | Number(low)).toString(16);
  const plain = dotted === null ? text : `${head}${hex(a, b)}:${hex(c, d)}`;
  const [left = '', right] = plain.split('::');
  const [before, after] = [groups(left), groups(right ?? '')];
  const gap = right === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array.from({ length: gap }, () => 0), ...after];
  return all.flatMap((group) => [group >> 8, group & 255]);
}

function groups(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** RFC 5952: lower case, the longest run of zeros left out. */
function spell(bytes: readonly number[]): string {
  const values = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0));
  let [best, length] = [-1, 1];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && values[end] === 0) end++;
    if (end - at > length) [best, length] = [at, end - at];
  }
  const hex = values.map((value) => value.toString(16));
  if (best < 0) return hex.join(':');
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + length).join(':')}`;
}

function isMapped(bytes: readonly number[]): boolean {
  return (
    bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  );
}

function mask({ bytes }: Address, bits: number): readonly number[] {
  return bytes.map((byte, at) => {
    const kept = Math.min(8, Math.max(0, bits - at * 8));
    return byte & ((0xff << (8 - kept)) & 0xff);
  });
}

function containsAddress({ address, bits }: Network, other: Address): boolean {
  if (address.bytes.length !== other.bytes.length) return false;
  const [mine, theirs] = [mask(address, bits), mask(other, bits)];
  return mine.every((byte, at) => byte === theirs[at]);
}

function containsNetwork(network: Network, inner: Network): boolean {
  return network.bits <= inner.bits && containsAddress(network, inner.address);
}

function isUnspecified({ bytes }: Address): boolean {
  return bytes.every((byte) => byte === 0);
}

function isLoopback({ bytes }: Address): boolean {
  if (bytes.length === 4) return bytes[0] === 127;
  return bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

function isLinkLocalMulticast({ bytes: [a = 0, b = 0, c = 0], bytes }: Address): boolean {
  return bytes.length === 4 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 2;
}

function isLinkLocalUnicast({ bytes: [a = 0, b = 0], bytes }: Address): boolean {
  return bytes.length === 4 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80;
}

function isGlobalUnicast(address: Address): boolean {
  const [first = 0] = address.bytes;
  const multicast = address.bytes.length === 4 ? first >= 224 && first < 240 : first === 0xff;
  const broadcast = address.bytes.length === 4 && address.bytes.every((byte) => byte === 255);
  return !multicast && !broadcast && !isUnspecified(address) && !isLoopback(address) && !isLinkLocalUnicast(address);
}
