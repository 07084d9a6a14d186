// DER (X.690): what reading and writing PKCS #10 requests and X.509 certificates takes of it, and no more. Everything is
// read in place; whatever does not fit throws `Malformed`, so that callers need one catch.

export type Element = {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag and length included. */
  readonly whole: Buffer;
};

export class Malformed extends Error {
  override readonly name = 'Malformed';
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** The elements side by side in some bytes. */
export function elements(der: Buffer): readonly Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at < der.length) {
    const { length, start } = lengthAt(der, at + 1);
    const end = start + length;
    if (end > der.length) throw new Malformed('asn1: syntax error: data truncated');
    found.push({ tag: der[at] ?? 0, content: der.subarray(start, end), whole: der.subarray(at, end) });
    at = end;
  }
  return found;
}

/** What is in a sequence. */
export function sequence(element: Element | undefined): readonly Element[] {
  if (element?.tag !== tags.sequence) throw new Malformed('asn1: syntax error: data truncated');
  return elements(element.content);
}

/** Dotted text of an object identifier; empty where the element is none. */
export function objectId(element: Element | undefined): string {
  if (element?.tag !== tags.objectId) return '';
  const [first = 0, ...rest] = element.content;
  const parts = [Math.min(2, Math.floor(first / 40))];
  parts.push(first - (parts[0] ?? 0) * 40);
  let value = 0;
  for (const byte of rest) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    parts.push(value);
    value = 0;
  }
  return parts.join('.');
}

/** Writes one element. */
export function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

export function writeSequence(...contents: readonly Buffer[]): Buffer {
  return element(tags.sequence, ...contents);
}

export function writeObjectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(tags.objectId, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** A bit string without unused bits, as keys and signatures are. */
export function writeBits(content: Buffer): Buffer {
  return element(tags.bitString, Buffer.from([0]), content);
}

/** A time: two-digit years until 2049, as RFC 5280 §4.1.2.5 demands. */
export function writeTime(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return text < '2050'
    ? element(tags.utcTime, Buffer.from(text.slice(2), 'latin1'))
    : element(tags.generalizedTime, Buffer.from(text, 'latin1'));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = base256(length);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function base256(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; left > 0; left = Math.floor(left / 256)) bytes.unshift(left & 0xff);
  return bytes;
}

function lengthAt(der: Buffer, at: number): { length: number; start: number } {
  const first = der[at];
  if (first === undefined) throw new Malformed('asn1: syntax error: data truncated');
  if (first < 0x80) return { length: first, start: at + 1 };
  const bytes = first & 0x7f;
  if (bytes === 0 || bytes > 4 || at + 1 + bytes > der.length) {
    throw new Malformed('asn1: syntax error: data truncated');
  }
  return { length: der.readUIntBE(at + 1, bytes), start: at + 1 + bytes };
}
