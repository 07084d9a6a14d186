// Short hashes of what an object says, as names carry them: they do not depend on the order of fields, and are spelled in
// an alphabet that makes no words.

/** JSON with sorted fields; absent and null fields are left out, because they mean the same. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined && field !== null);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`;
}

const offset = 0x811c9dc5;
const prime = 0x01000193;

/** 32-bit FNV-1a over the UTF-8 bytes, spelled safely. */
export function fnv1aName(text: string): string {
  let hash = offset;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, prime);
  return safelySpelled(hash >>> 0);
}

/** 32-bit FNV-1 over the UTF-8 bytes, spelled safely. */
export function fnv1Name(text: string): string {
  let hash = offset;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash, prime) ^ byte;
  return safelySpelled(hash >>> 0);
}

/** Kubernetes' alphabet of characters that spell no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

function safelySpelled(hash: number): string {
  const digits = String(hash);
  let spelled = '';
  for (let i = 0; i < digits.length; i++) spelled += alphabet[digits.charCodeAt(i) % alphabet.length];
  return spelled;
}
