// One version of one object as the view holds it: its bytes, packed when they have become cold, and for a while the
// parsed form, shared by everyone (reads, lists, watches), so that an object is encoded once, not once per client.

import type { Revision } from '../base/brand.ts';
import type { ByteWriter } from '../base/byte-writer.ts';
import type { RecordedEvent } from '../log/event.ts';
import type { ObjectRef } from '../log/subjects.ts';
import { putRevision, revisionGap, spliceRevision } from '../resources/encode.ts';
import type { AnyObject } from '../resources/meta.ts';
import { cutFields } from '../resources/shared-fields.ts';
import { coldStorage, type Packable, type Packed, unpacked, unpackInto } from './cold-storage.ts';
import { type Coolable, hotObjects } from './hot-objects.ts';
import { sharedValues } from './shared-values.ts';
import { PartReader } from './text-parts.ts';
import { asRead } from './written-objects.ts';

export class StoredObject implements Coolable, Packable {
  readonly ref: ObjectRef;
  readonly key: string;
  readonly revision: Revision;
  /** The writer's clock when this version was recorded, milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** The machine's state the event left the object in; the last one it had, for a deletion. */
  readonly state: string;
  readonly textBytes: number;
  touched = false;
  /** As recorded, without the resourceVersion. */
  #text: Uint8Array | Packed;
  #leanBytes: number;
  #object: AnyObject | undefined;
  #parses = 0;
  #outlived = false;

  constructor(ref: ObjectRef, event: Pick<RecordedEvent, 'revision' | 'timeMs' | 'from' | 'to' | 'object'>) {
    this.ref = ref;
    this.key = keyOf(ref);
    this.revision = event.revision;
    this.timeMs = event.timeMs;
    this.state = event.to ?? event.from ?? '';
    this.textBytes = event.object.byteLength;
    this.#text = event.object;
    this.#leanBytes = this.textBytes;
  }

  /** The exact bytes clients are served as `application/json`. */
  get json(): Buffer {
    return spliceRevision(this.encoded(), this.revision);
  }

  /** Puts the same behind what the writer has; nothing is made in between. */
  writeJson(into: ByteWriter): void {
    const gap = revisionGap(this.revision);
    into.room(this.textBytes + gap);
    const text = into.end + gap;
    if (this.#text instanceof Uint8Array) into.memory.set(this.#text, text);
    else unpackInto(this.#text, into.memory, text);
    into.end += putRevision(into.memory, { text, textBytes: this.textBytes, revision: this.revision });
  }

  /** The bytes as an event carries them, to the byte: without the resourceVersion. Shared: never change them. */
  encoded(): Uint8Array {
    return this.#text instanceof Uint8Array ? this.#text : unpacked(this.#text);
  }

  /** Without the fields that are shared when parsed. */
  get bytes(): number {
    return this.#leanBytes;
  }

  /** The parsed object. Shared: never change it. */
  get object(): AnyObject {
    if (this.#object === undefined) {
      this.#object = this.#keptShared() ?? this.#parse();
      hotObjects.add(this, this.#parses++ > 0);
    } else this.touched = true;
    return this.#object;
  }

  /** Takes the object that was written as the parsed form, which parsing would give as well. */
  adopt(written: AnyObject): void {
    this.#object = asRead(written, this.revision);
    hotObjects.add(this, this.#parses++ > 0);
  }

  /** The same for one use among very many, which it is not kept for. */
  readOnce(): AnyObject {
    return this.#object ?? this.#readShared() ?? this.#parse();
  }

  /** The same for whoever keeps what is made of the parts that objects share, and so would rather have those. */
  readAlike(): AnyObject {
    return this.#readShared() ?? this.readOnce();
  }

  /** Puts the JSON of the metadata behind what the writer has, as clients see it. */
  writeMetadata(into: ByteWriter): void {
    const found = this.#metadata();
    if (found === undefined) into.text(JSON.stringify(this.readOnce().metadata));
    else {
      const { text, start, end } = found;
      const revision = this.revision === 0 ? '' : `"resourceVersion":"${this.revision}"`;
      into.text(revision === '' || end - start === 2 ? `{${revision}` : `{${revision},`);
      into.raw(text.subarray(start + 1, end));
    }
  }

  /** The same version in another form, of which these are the bytes (without the resourceVersion). */
  as(object: Uint8Array): StoredObject {
    const { revision, timeMs, state } = this;
    return new StoredObject(this.ref, { revision, timeMs, from: state, to: state, object });
  }

  /** A newer version has come: only the bytes are kept, for those who still ask for this one. */
  shed(): void {
    if (this.#object === undefined) return;
    hotObjects.forget(this, this.#parses > 1);
    this.#object = undefined;
  }

  cool(): void {
    this.#object = undefined;
  }

  /** Nobody can ask for this version any more, except those who have it in their hands: it is not worth packing. */
  outlive(): void {
    this.#outlived = true;
  }

  pack(): void {
    if (this.#outlived || !(this.#text instanceof Uint8Array)) return;
    const { buffer, byteOffset, byteLength } = this.#text;
    this.#text = coldStorage.pack(Buffer.from(buffer, byteOffset, byteLength), this.ref);
  }

  /** Where the metadata stands, and in which memory; undefined where the text is not spelled as usual. */
  #metadata(): { readonly text: Buffer; readonly start: number; readonly end: number } | undefined {
    try {
      const shared = this.#text instanceof Uint8Array ? undefined : sharedValues.reader(this.#text);
      if (shared !== undefined) return { text: shared.text, ...shared.reader.member('metadata') };
      const { buffer, byteOffset, byteLength } = this.encoded();
      const text = Buffer.from(buffer, byteOffset, byteLength);
      return { text, ...new PartReader(text, { end: byteLength }).member('metadata') };
    } catch {
      return undefined;
    }
  }

  /** What is kept of it is what differs, and what holds that. */
  #keptShared(): AnyObject | undefined {
    const object = this.#readShared();
    if (object !== undefined && !(this.#text instanceof Uint8Array))
      this.#leanBytes = Math.min(this.textBytes, sharedFrameBytes + this.#text.delta.length * 2);
    return object;
  }

  /** What it has in common with others is the very same there. */
  #readShared(): AnyObject | undefined {
    if (this.#text instanceof Uint8Array) return undefined;
    try {
      const parsed = sharedValues.reader(this.#text)?.reader.whole() as Mutable | undefined;
      if (parsed === undefined) return undefined;
      return { ...parsed, metadata: this.#withRevision(parsed.metadata) } as unknown as AnyObject;
    } catch {
      return undefined;
    }
  }

  /** Position zero is no event: an object that was only imagined (dry run) has no resourceVersion. */
  #withRevision(metadata: Mutable['metadata']): Mutable['metadata'] {
    return this.revision === 0 ? metadata : { resourceVersion: String(this.revision), ...metadata };
  }

  #parse(): AnyObject {
    const { bytes, cuts } = cutFields(this.encoded());
    this.#leanBytes = bytes.byteLength;
    const parsed = JSON.parse(bytes.toString('utf8')) as Mutable;
    const { metadata } = parsed;
    const entries = (Array.isArray(metadata.managedFields) ? metadata.managedFields : []).filter(
      (entry) => (entry as Entry | null)?.fieldsV1 === 0,
    ) as Entry[];
    // Fields that stand elsewhere look the same in the bytes; then the object is read whole.
    if (entries.length !== cuts.length) return JSON.parse(this.json.toString('utf8')) as AnyObject;
    for (const [index, entry] of entries.entries()) entry.fieldsV1 = cuts[index]?.fields.parsed ?? {};
    parsed.metadata = this.#withRevision(metadata);
    return parsed as unknown as AnyObject;
  }
}

/** Lists and objects on the way to what differs, as bytes of JSON. */
const sharedFrameBytes = 1_024;

type Mutable = { metadata: Record<string, unknown> & { readonly managedFields?: unknown } };
type Entry = { fieldsV1?: unknown };

/** Sorts objects as `kubectl get -A` lists them: by namespace, then name. */
export function keyOf(ref: { readonly namespace: string; readonly name: string }): string {
  return ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
}
