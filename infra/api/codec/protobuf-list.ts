// A list in protobuf, item by item: its envelope names the length of all items before the first of them, so the items are
// encoded first, each by itself, and the envelope is made when their lengths are known.

import type { ObjectSchema } from '../kinds/schema.ts';
import { MAGIC } from './protobuf.ts';
import { writeMessage } from './protobuf-encode.ts';
import { WireWriter } from './wire.ts';

/** Of every list type: 1 is the metadata, 2 the items. */
const itemsField = 2;

const writer = new WireWriter(64 * 1024);

/** One item as it stands in the list's message, until the next is encoded. */
export function encodeListItem(item: object, schema: ObjectSchema): Buffer {
  writer.reset();
  writeMessage(writer, item as Readonly<Record<string, unknown>>, schema);
  writer.part(itemsField, 0);
  return writer.finish();
}

/** What stands before and behind the items, of which there are so many bytes. `list` has none. */
export function encodeListEnvelope(
  list: Readonly<Record<string, unknown>>,
  { schema, itemBytes }: { schema: ObjectSchema; itemBytes: number },
): { readonly head: Buffer; readonly tail: Buffer } {
  const tail = new WireWriter(64);
  for (const number of [4, 3]) tail.part(number, tail.size);
  const head = new WireWriter();
  writeMessage(head, list, schema);
  head.varint(head.size + itemBytes);
  head.tag(2, 2);
  const beforeType = head.size;
  for (const [number, text] of [
    [2, String(list.kind)],
    [1, String(list.apiVersion)],
  ] as const) {
    const before = head.size;
    head.text(text);
    head.part(number, before);
  }
  head.part(1, beforeType);
  head.raw(MAGIC);
  return { head: head.finish(), tail: tail.finish() };
}
