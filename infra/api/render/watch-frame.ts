// The bytes of one watch event: a line of JSON, or for protobuf a four-byte length and a WatchEvent message whose object
// is a whole enveloped body. What several watchers see in the same way is encoded once.

import type { Change, ChangeType } from '../../../streams/views/change.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import type { Encoding } from './form.ts';
import { encodeValue, type Rendering, renderStored } from './render.ts';

/** The event of a change as every watcher of whole objects in this encoding gets it. */
export function sharedFrame(change: Change, type: ChangeType, rendering: Rendering): Buffer {
  const { encoding } = rendering.form;
  const { kind } = rendering;
  const id = kind.custom === undefined ? `${encoding} ${type}` : `${encoding} ${type} ${kind.version}`;
  if (shared.change !== change) shared = { change, frames: new Map() };
  const { frames } = shared;
  let bytes = frames.get(id);
  if (bytes === undefined) {
    bytes = storedFrame(change.current, type, rendering);
    frames.set(id, bytes);
  }
  return bytes;
}

/** An event about an object as it is stored: in JSON the stored bytes, which nobody has to parse. */
export function storedFrame(stored: StoredObject, type: ChangeType, rendering: Rendering): Buffer {
  const plain = { ...rendering, form: { ...rendering.form, pretty: false } };
  return frame(type, renderStored(stored, plain), rendering.form.encoding);
}

/** Watchers are told a change one right after the other, so the frames of one change are enough to keep. */
let shared: { readonly change: Change | undefined; readonly frames: Map<string, Buffer> } = {
  change: undefined,
  frames: new Map(),
};

/** An event whose object was made for one watcher. */
export function frameValue(type: string, object: object, { form }: Rendering): Buffer {
  return frame(type, encodeValue(object, { encoding: form.encoding, pretty: false }), form.encoding);
}

const lineEnd = Buffer.from('}\n');

function frame(type: string, object: Buffer, encoding: Encoding): Buffer {
  if (encoding !== 'protobuf') return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, lineEnd]);
  const raw = field(1, object);
  const message = Buffer.concat([...field(1, Buffer.from(type)), ...field(2, Buffer.concat(raw))]);
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

/** A length-delimited protobuf field: tag, length, bytes. */
function field(number: number, bytes: Buffer): Buffer[] {
  const head = [(number << 3) | 2];
  let length = bytes.length;
  while (length > 0x7f) {
    head.push((length & 0x7f) | 0x80);
    length >>>= 7;
  }
  head.push(length);
  return [Buffer.from(head), bytes];
}
