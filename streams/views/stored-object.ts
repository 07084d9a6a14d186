// One version of one object as the view holds it: its bytes, without what it shares with others, and for a while the
// parsed form, shared by everyone (reads, lists, watches), so that an object is encoded once, not once per client.

import type { Revision } from '../base/brand.ts';
import type { RecordedEvent } from '../log/event.ts';
import type { ObjectRef } from '../log/subjects.ts';
import { openingEnd, revisionField } from '../resources/encode.ts';
import type { AnyObject } from '../resources/meta.ts';
import { type Cut, cutFields } from '../resources/shared-fields.ts';
import { type Coolable, hotObjects } from './hot-objects.ts';

export class StoredObject implements Coolable {
  readonly ref: ObjectRef;
  readonly key: string;
  readonly revision: Revision;
  /** The writer's clock when this version was recorded, milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** The machine's state the event left the object in; the last one it had, for a deletion. */
  readonly state: string;
  touched = false;
  /** As recorded, without the resourceVersion; once `#cuts` are known, without the shared fields too. */
  #bytes: Uint8Array;
  #cuts: readonly Cut[] | undefined;
  #object: AnyObject | undefined;
  #parses = 0;

  constructor(ref: ObjectRef, event: Pick<RecordedEvent, 'revision' | 'timeMs' | 'from' | 'to' | 'object'>) {
    this.ref = ref;
    this.key = keyOf(ref);
    this.revision = event.revision;
    this.timeMs = event.timeMs;
    this.state = event.to ?? event.from ?? '';
    this.#bytes = event.object;
  }

  /** The exact bytes clients are served as `application/json`. */
  get json(): Buffer {
    return Buffer.concat(this.jsonParts());
  }

  /** The same in pieces, some of them shared with other objects. */
  jsonParts(): Uint8Array[] {
    const cuts = this.#lean();
    const bytes = this.#bytes;
    const start = openingEnd(bytes);
    const parts: Uint8Array[] = [bytes.subarray(0, start), revisionField(bytes, start, this.revision)];
    return this.#fill(parts, start, cuts);
  }

  /** The bytes as an event carries them, to the byte: without the resourceVersion. */
  encoded(): Uint8Array {
    if (this.#cuts === undefined || this.#cuts.length === 0) return this.#bytes;
    return Buffer.concat(this.#fill([], 0, this.#cuts));
  }

  get bytes(): number {
    return this.#bytes.byteLength;
  }

  /** The parsed object. Shared: never change it. */
  get object(): AnyObject {
    if (this.#object === undefined) {
      this.#object = this.#parse();
      hotObjects.add(this, this.#parses++ > 0);
    } else this.touched = true;
    return this.#object;
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

  /** What came with an event may be a view on a larger piece of memory: what is kept is a copy. */
  #lean(): readonly Cut[] {
    if (this.#cuts === undefined) {
      const { bytes, cuts } = cutFields(this.#bytes);
      this.#bytes = bytes;
      this.#cuts = cuts;
    }
    return this.#cuts;
  }

  /** The bytes from `start` on, with the fields in their places. */
  #fill(parts: Uint8Array[], start: number, cuts: readonly Cut[]): Uint8Array[] {
    let from = start;
    for (const { at, fields } of cuts) {
      parts.push(this.#bytes.subarray(from, at), fields.bytes);
      from = at + 1;
    }
    parts.push(this.#bytes.subarray(from));
    return parts;
  }

  #parse(): AnyObject {
    const cuts = this.#lean();
    const { buffer, byteOffset, byteLength } = this.#bytes;
    const parsed = JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8')) as Mutable;
    const { metadata } = parsed;
    const entries = (Array.isArray(metadata.managedFields) ? metadata.managedFields : []).filter(
      (entry) => (entry as Entry | null)?.fieldsV1 === 0,
    ) as Entry[];
    // Fields that stand elsewhere look the same in the bytes; then the object is read whole.
    if (entries.length !== cuts.length) return JSON.parse(this.json.toString('utf8')) as AnyObject;
    for (const [index, entry] of entries.entries()) entry.fieldsV1 = cuts[index]?.fields.parsed ?? {};
    // Position zero is no event: an object that was only imagined (dry run) has no resourceVersion.
    if (this.revision !== 0) parsed.metadata = { resourceVersion: String(this.revision), ...metadata };
    return parsed as unknown as AnyObject;
  }
}

type Mutable = { metadata: Record<string, unknown> & { readonly managedFields?: unknown } };
type Entry = { fieldsV1?: unknown };

/** Sorts objects as `kubectl get -A` lists them: by namespace, then name. */
export function keyOf(ref: { readonly namespace: string; readonly name: string }): string {
  return ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
}
