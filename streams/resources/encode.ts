// Object ↔ JSON bytes as the log keeps them. `kind`, `apiVersion` and `metadata` come first, and the resourceVersion
// is left out, because it is known only when the event is recorded: readers splice it in without re-encoding.

import { assert } from '../base/assert.ts';
import type { Revision } from '../base/brand.ts';
import { textOf } from './fields-text.ts';
import type { KubeObject } from './meta.ts';

const opening = Buffer.from('"metadata":{');

export function encodeObject(object: KubeObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _, managedFields, ...meta } = metadata;
  // Texts are put together once, at the end: whatever is cut from a text that was put together copies it.
  const head = JSON.stringify({ kind, apiVersion, metadata: meta }).slice(0, -2);
  const comma = head.endsWith('{') ? '' : ',';
  const managed = managedFields === undefined ? '' : `${comma}"managedFields":${entriesText(managedFields)}`;
  const others = JSON.stringify(rest);
  const more = others === '{}' ? '' : `,${others.slice(1, -1)}`;
  return Buffer.from(`${head}${managed}}${more}}`);
}

/** As JSON.stringify has it, with the fields as they were spelled before. */
function entriesText(entries: readonly unknown[]): string {
  let text = '[';
  for (const entry of entries) {
    if (text.length > 1) text += ',';
    text += isObject(entry) ? entryText(entry) : JSON.stringify(entry);
  }
  return `${text}]`;
}

function entryText(entry: Readonly<Record<string, unknown>>): string {
  let all = '{';
  for (const key in entry) {
    const value = entry[key];
    if (value === undefined) continue;
    const text = key === 'fieldsV1' && isObject(value) ? textOf(value) : JSON.stringify(value);
    all += `${all.length > 1 ? ',' : ''}${JSON.stringify(key)}:${text}`;
  }
  return `${all}}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where the first field of the metadata stands. */
export function openingEnd(object: Uint8Array): number {
  const at = Buffer.from(object.buffer, object.byteOffset, object.byteLength).indexOf(opening);
  assert(at >= 0, 'an encoded object has metadata');
  return at + opening.length;
}

/** A field as its name stands in an object's bytes. */
export function fieldNamed(name: string): Buffer {
  return Buffer.from(`${JSON.stringify(name)}:`);
}

/** Whether a field so named may be somewhere in an object; where it is not, that is told without parsing. */
export function mayHave(object: Uint8Array, field: Buffer): boolean {
  return Buffer.from(object.buffer, object.byteOffset, object.byteLength).indexOf(field) >= 0;
}

/** What is put there to make the JSON clients see: the resourceVersion as the first metadata field. */
export function revisionField(object: Uint8Array, start: number, revision: Revision): Buffer {
  // Position zero is no event: an object that was only imagined (dry run) has no resourceVersion.
  if (revision === 0) return nothing;
  return Buffer.from(`"resourceVersion":"${revision}"${object[start] === 0x7d ? '' : ','}`, 'latin1');
}

const nothing = Buffer.alloc(0);

/** The object's JSON as clients see it. */
export function spliceRevision(object: Uint8Array, revision: Revision): Buffer {
  const start = openingEnd(object);
  return Buffer.concat([object.subarray(0, start), revisionField(object, start, revision), object.subarray(start)]);
}
