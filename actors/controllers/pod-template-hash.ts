// The short hash that tells a deployment's replica sets apart by their pod template. It depends on what the template
// says and not on the order of its fields; a collision is resolved by counting (`status.collisionCount`).

import type { PodTemplate } from '../../streams/resources/workload.ts';

export const templateHashLabel = 'pod-template-hash';

export function podTemplateHash(template: PodTemplate, collisionCount = 0): string {
  const text = `${canonical(template)}${collisionCount === 0 ? '' : collisionCount}`;
  return safe(String(fnv1a(text)));
}

/** JSON with sorted fields; absent and null fields are left out, because they mean the same. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined && field !== null);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}

/** 32-bit FNV-1a over the UTF-8 bytes. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Kubernetes' alphabet of characters that spell no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

function safe(text: string): string {
  let encoded = '';
  for (let i = 0; i < text.length; i++) encoded += alphabet[text.charCodeAt(i) % alphabet.length];
  return encoded;
}
