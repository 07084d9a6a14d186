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

/** The object's JSON as clients see it: with its resourceVersion as the first metadata field. */
export function spliceRevision(object: Uint8Array, revision: Revision): Buffer {
  const bytes = Buffer.from(object.buffer, object.byteOffset, object.byteLength);
  const at = bytes.indexOf(opening);
  assert(at >= 0, 'an encoded object has metadata');
  // Position zero is no event: an object that was only imagined (dry run) has no resourceVersion.
  if (revision === 0) return bytes;
  const start = at + opening.length;
  const field = `"resourceVersion":"${revision}"${bytes[start] === 0x7d ? '' : ','}`;
  const spliced = Buffer.allocUnsafe(bytes.length + field.length);
  bytes.copy(spliced, 0, 0, start);
  spliced.write(field, start, 'latin1');
  bytes.copy(spliced, start + field.length, start);
  return spliced;
}

/** Undoes `spliceRevision`, without reading the object: what was stored comes back to the byte. */
export function cutRevision(json: Buffer, revision: Revision): Buffer {
  if (revision === 0) return json;
  const start = json.indexOf(opening) + opening.length;
  const end = start + `"resourceVersion":"${revision}"`.length;
  return Buffer.concat([json.subarray(0, start), json.subarray(json[end] === 0x2c ? end + 1 : end)]);
}
