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

/** A field as its name stands in an object's bytes. */
export function fieldNamed(name: string): Buffer {
  return Buffer.from(`${JSON.stringify(name)}:`);
}

/** Whether a field so named may be somewhere in an object; where it is not, that is told without parsing. */
export function mayHave(object: Uint8Array, field: Buffer): boolean {
  return Buffer.from(object.buffer, object.byteOffset, object.byteLength).indexOf(field) >= 0;
}

/** The object's JSON as clients see it: with the resourceVersion as the first metadata field. */
export function spliceRevision(object: Uint8Array, revision: Revision): Buffer {
  const gap = revisionGap(revision);
  const spliced = Buffer.allocUnsafe(object.byteLength + gap);
  spliced.set(object, gap);
  return spliced.subarray(0, putRevision(spliced, { text: gap, textBytes: object.byteLength, revision }));
}

/** How much room in front of an object's bytes its resourceVersion may need. */
export function revisionGap(revision: Revision): number {
  return revision === 0 ? 0 : revisionText(revision).length + 1;
}

type Place = { readonly text: number; readonly textBytes: number; readonly revision: Revision };

/**
 * Puts the resourceVersion into an object's bytes that stand in memory with that gap in front of them: they begin where
 * the gap began afterwards. Returns how many they are then.
 */
export function putRevision(memory: Buffer, { text, textBytes, revision }: Place): number {
  // Position zero is no event: an object that was only imagined (dry run) has no resourceVersion.
  if (revision === 0) return textBytes;
  const found = memory.indexOf(opening, text);
  assert(found >= 0 && found < text + textBytes, 'an encoded object has metadata');
  const fields = found + opening.length;
  const field = revisionText(revision);
  const gap = field.length + 1;
  memory.copyWithin(text - gap, text, fields);
  memory.write(field, fields - gap, 'latin1');
  if (memory[fields] !== closingBrace) {
    memory[fields - 1] = comma;
    return textBytes + gap;
  }
  memory.copyWithin(fields - 1, fields, text + textBytes);
  return textBytes + gap - 1;
}

function revisionText(revision: Revision): string {
  return `"resourceVersion":"${revision}"`;
}

const closingBrace = 0x7d;
const comma = 0x2c;
