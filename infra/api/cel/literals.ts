// What literals mean: escapes in strings and bytes, the ranges of numbers. Undefined is a literal that means nothing
// (an escape CEL does not know, a number that does not fit).

export const INT_MIN = -(2n ** 63n);
export const INT_MAX = 2n ** 63n - 1n;
export const UINT_MAX = 2n ** 64n - 1n;

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '`': 96,
  '?': 63,
};

export function intLiteral(text: string): bigint | undefined {
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  return value < INT_MIN || value > INT_MAX ? undefined : value;
}

export function uintLiteral(text: string): bigint | undefined {
  const value = BigInt(text.slice(0, -1));
  return value > UINT_MAX ? undefined : value;
}

export function stringLiteral(text: string): string | undefined {
  const { body, raw } = unwrap(text);
  const plain = body.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  if (raw || !plain.includes('\\')) return plain;
  let out = '';
  for (const piece of pieces(plain)) {
    if (typeof piece === 'string') out += piece;
    else if (piece.code > 0x10ffff || (piece.code >= 0xd800 && piece.code < 0xe000)) return undefined;
    else out += String.fromCodePoint(piece.code);
  }
  return out;
}

export function bytesLiteral(text: string): Uint8Array | undefined {
  const { body, raw } = unwrap(text.slice(1));
  const encoder = new TextEncoder();
  const plain = body.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  if (raw) return encoder.encode(plain);
  const out: number[] = [];
  for (const piece of pieces(plain)) {
    if (typeof piece === 'string') out.push(...encoder.encode(piece));
    else if (piece.unicode) return undefined;
    else out.push(piece.code);
  }
  return Uint8Array.from(out);
}

function unwrap(text: string): { readonly body: string; readonly raw: boolean } {
  const raw = /^[rR]/.test(text);
  const quoted = raw ? text.slice(1) : text;
  const width = /^("""|''')/.test(quoted) && quoted.length >= 6 ? 3 : 1;
  return { body: quoted.slice(width, -width), raw };
}

type Escaped = { readonly code: number; readonly unicode: boolean };

function* pieces(text: string): Generator<string | Escaped> {
  const pattern =
    /\\(?:([abfnrtv"'\\?`])|[xX]([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-3][0-7]{2}))|[^\\]+/g;
  for (const [whole, simple, byte, short, long, octal] of text.matchAll(pattern)) {
    if (simple !== undefined) yield { code: SIMPLE_ESCAPES[simple] ?? 0, unicode: false };
    else if (byte !== undefined) yield { code: Number.parseInt(byte, 16), unicode: false };
    else if (octal !== undefined) yield { code: Number.parseInt(octal, 8), unicode: false };
    else if (short !== undefined || long !== undefined)
      yield { code: Number.parseInt(short ?? long ?? '', 16), unicode: true };
    else yield whole;
  }
}
