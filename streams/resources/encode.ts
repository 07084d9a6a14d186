// Object ↔ JSON bytes as the log keeps them. `kind`, `apiVersion` and `metadata` come first, and the resourceVersion
// is left out, because it is known only when the event is recorded: readers splice it in without re-encoding.

import { assert } from '../base/assert.ts';
import type { Revision } from '../base/brand.ts';
import type { KubeObject } from './meta.ts';

const opening = Buffer.from('"metadata":{');

export function encodeObject(object: KubeObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _, ...meta } = metadata;
  return Buffer.from(JSON.stringify({ kind, apiVersion, metadata: meta, ...rest }));
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
