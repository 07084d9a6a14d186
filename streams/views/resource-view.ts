// All objects of one resource: current versions by key, in order and by index, and the window of recent versions.
// It evolves only from recorded events and remembers nothing else.

import type { Revision } from '../base/brand.ts';
import { limits } from '../base/limits.ts';
import { factsOf, isTombstone, type RecordedEvent } from '../log/event.ts';
import type { ObjectRef } from '../log/subjects.ts';
import type { AnyObject, Labels, ResourceName } from '../resources/meta.ts';
import type { Change } from './change.ts';
import { ChangeWindow, type WindowBounds } from './change-window.ts';
import { coldStorage } from './cold-storage.ts';
import { Indexes } from './indexes.ts';
import { Listeners } from './listeners.ts';
import { referencesOf } from './references.ts';
import { type Ordered, SortedObjects } from './sorted-objects.ts';
import { keyOf, StoredObject } from './stored-object.ts';
import { Undone } from './undone.ts';

export type Selection = {
  /** Only this namespace; all of them, and objects without one, when absent or empty. */
  readonly namespace?: string | undefined;
  /** Labels that must have exactly these values: answered from the index. */
  readonly labels?: Labels | undefined;
};

const windowBounds: WindowBounds = { changesMax: limits.windowChangesMax, bytesMax: limits.windowBytesMax };

/** What the version before it was can no longer be asked for. */
const outlived = ({ previous }: Change): void => previous?.outlive();

export class ResourceView {
  readonly name: ResourceName;
  readonly #objects = new Map<string, StoredObject>();
  readonly #sorted = new SortedObjects<StoredObject>();
  readonly #indexes: Indexes;
  /**
   * Keys whose indexes are behind, with the version the indexes still show. They are brought up when an index is next
   * asked, so that folding a log parses nothing, and what changed ten times is indexed once.
   */
  readonly #unindexed = new Map<string, StoredObject | undefined>();
  readonly #listeners = new Listeners<Change>();
  /** What there was before the change told last: whoever hears of that reads it, so it is let go with the next one. */
  #before: StoredObject | undefined;
  #beforeIsShed = false;
  readonly #bounds: WindowBounds;
  #window: ChangeWindow;

  constructor(name: ResourceName, floor: Revision, bounds: WindowBounds = windowBounds) {
    this.name = name;
    this.#indexes = new Indexes(referencesOf(name));
    this.#bounds = bounds;
    this.#window = new ChangeWindow(bounds, floor);
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Changes after this revision can still be told one by one. */
  get floor(): Revision {
    return this.#window.floor;
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  /**
   * Evolves by one event; undefined where nothing changed (a tombstone of an object that is not there). `written`: what
   * the event's object is read as, where it is known without reading it.
   */
  apply(ref: ObjectRef, event: RecordedEvent, written?: AnyObject): Change | undefined {
    const key = keyOf(ref);
    const previous = this.#objects.get(key);
    if (this.#beforeIsShed) this.#before?.shed();
    this.#before = previous;
    this.#beforeIsShed = false;
    const change = isTombstone(event) ? this.#remove(ref, event, previous) : this.#put(ref, event, previous);
    if (change === undefined) return undefined;
    if (written !== undefined) change.current.adopt(written);
    this.#window.push(change, outlived);
    this.#listeners.tell(change);
    return change;
  }

  /**
   * Takes in an object at boot, from the last event of its subject: no change is told. A subject written to meanwhile
   * comes with both events, so an object that was there may turn out to be gone.
   */
  load(ref: ObjectRef, event: RecordedEvent): void {
    const previous = this.#objects.get(keyOf(ref));
    if (isTombstone(event)) this.#remove(ref, event, previous);
    else this.#put(ref, event, previous);
  }

  /** Ends booting: changes are told from this revision on. */
  loaded(floor: Revision): void {
    this.#window = new ChangeWindow(this.#bounds, floor);
  }

  /** Stored objects in list order: those of this moment, however long they are read. */
  select({ namespace, labels }: Selection = {}, after?: string): Iterable<StoredObject> {
    const prefix = namespace === undefined || namespace === '' ? '' : `${namespace}/`;
    const labelled = Object.entries(labels ?? {}).map(([label, value]) => this.#indexed().withLabel(label, value));
    const objects = this.present();
    if (labelled.length === 0) return objects.range({ prefix, after });
    const [smallest = empty, ...others] = labelled.sort((a, b) => a.size - b.size);
    const isIn = (key: string) => others.every((keys) => keys.has(key));
    // Where the label is on many objects it is cheaper to walk all, which are in order, than to sort the ones found.
    if (smallest.size * 8 > this.#objects.size) {
      const found: StoredObject[] = [];
      for (const stored of objects.range({ prefix, after }))
        if (smallest.has(stored.key) && isIn(stored.key)) found.push(stored);
      return found;
    }
    const keys = [...smallest].filter(
      (key) => key.startsWith(prefix) && (after === undefined || key > after) && isIn(key),
    );
    return this.#resolve(keys.sort());
  }

  /** Everything there is now, in list order. */
  present(): Ordered<StoredObject> {
    return this.#sorted.snapshot();
  }

  /**
   * Brings up the indexes of so many objects, so that whoever will ask for many can share the time with others. True
   * where some are still behind.
   */
  catchUpIndexes(count: number): boolean {
    let left = count;
    for (const [key, before] of this.#unindexed) {
      if (left-- === 0) return true;
      this.#index(key, before, once);
    }
    return false;
  }

  ownedBy(uid: string): StoredObject[] {
    return this.#resolve(this.#indexed().ownedBy(uid));
  }

  onNode(node: string): StoredObject[] {
    return this.#resolve(this.#indexed().onNode(node));
  }

  referringTo(reference: string): StoredObject[] {
    return this.#resolve(this.#indexed().referringTo(reference));
  }

  /** Recent changes after the revision, the first so many of them, or undefined where they have left the window. */
  changesAfter(revision: Revision, countMax?: number): Change[] | undefined {
    return this.#window.after(revision, countMax);
  }

  /** The objects as they were at a revision, in list order. Undefined where the revision has left the window. */
  at(revision: Revision): Ordered<StoredObject> | undefined {
    const later = this.#window.after(revision);
    if (later === undefined) return undefined;
    return later.length === 0 ? this.present() : new Undone(this.present(), later, (key) => this.#objects.has(key));
  }

  /** Hears every change, synchronously and in order, until the returned function is called. */
  listen(listener: (change: Change) => void): () => void {
    return this.#listeners.add(listener);
  }

  #put(ref: ObjectRef, event: RecordedEvent, previous: StoredObject | undefined): Change {
    const current = new StoredObject(ref, event);
    coldStorage.add(current);
    this.#objects.set(current.key, current);
    this.#sorted.set(current);
    this.#unindex(current.key, previous);
    const type = previous === undefined ? 'ADDED' : 'MODIFIED';
    return { type, ref, current, previous, event: factsOf(event) };
  }

  #remove(ref: ObjectRef, event: RecordedEvent, previous: StoredObject | undefined): Change | undefined {
    if (previous === undefined) return undefined;
    this.#objects.delete(previous.key);
    this.#sorted.delete(previous.key);
    // What came and went between two looks at the indexes leaves nothing behind: nobody may ever look again.
    if (this.#unindexed.has(previous.key) && this.#unindexed.get(previous.key) === undefined) {
      this.#unindexed.delete(previous.key);
      this.#shed(previous);
    } else this.#unindex(previous.key, previous);
    // An expiry comes from the stream itself and carries no object: the last one known stands in.
    const bytes = event.object.byteLength === 0 ? previous.encoded() : event.object;
    const current = new StoredObject(ref, { ...event, object: bytes });
    coldStorage.add(current);
    return { type: 'DELETED', ref, current, previous, event: factsOf(event) };
  }

  #unindex(key: string, previous: StoredObject | undefined): void {
    const before = this.#unindexed.get(key);
    if (before !== undefined || (previous !== undefined && this.#unindexed.has(key))) this.#shed(previous);
    else this.#unindexed.set(key, previous);
  }

  #indexed(): Indexes {
    const read = this.#unindexed.size > manyUnindexed ? once : kept;
    for (const [key, before] of this.#unindexed) this.#index(key, before, read);
    return this.#indexes;
  }

  #index(key: string, before: StoredObject | undefined, read: (stored: StoredObject) => AnyObject): void {
    this.#unindexed.delete(key);
    const now = this.#objects.get(key);
    this.#indexes.replace(key, before && read(before), now && read(now));
    this.#shed(before);
  }

  #shed(superseded: StoredObject | undefined): void {
    if (superseded === this.#before) this.#beforeIsShed = true;
    else superseded?.shed();
  }

  #resolve(keys: Iterable<string>): StoredObject[] {
    const found: StoredObject[] = [];
    for (const key of keys) {
      const stored = this.#objects.get(key);
      if (stored !== undefined) found.push(stored);
    }
    return found;
  }
}

const empty: ReadonlySet<string> = new Set();

/** So many are looked at for their index alone; of fewer, somebody is about to read them. */
const manyUnindexed = 1_000;
const kept = (stored: StoredObject): AnyObject => stored.object;
const once = (stored: StoredObject): AnyObject => stored.readOnce();
