// All objects of one resource: current versions by key, in order and by index, and the window of recent versions.
// It evolves only from recorded events and remembers nothing else.

import type { Revision } from '../base/brand.ts';
import { limits } from '../base/limits.ts';
import { factsOf, isTombstone, type RecordedEvent } from '../log/event.ts';
import type { ObjectRef } from '../log/subjects.ts';
import type { Labels, ResourceName } from '../resources/meta.ts';
import type { Change } from './change.ts';
import { ChangeWindow } from './change-window.ts';
import { coldStorage } from './cold-storage.ts';
import { Indexes } from './indexes.ts';
import { Listeners } from './listeners.ts';
import { SortedKeys } from './sorted-keys.ts';
import { keyOf, StoredObject } from './stored-object.ts';

export type Selection = {
  /** Only this namespace; all of them, and objects without one, when absent or empty. */
  readonly namespace?: string | undefined;
  /** Labels that must have exactly these values: answered from the index. */
  readonly labels?: Labels | undefined;
};

export class ResourceView {
  readonly name: ResourceName;
  readonly #objects = new Map<string, StoredObject>();
  readonly #keys = new SortedKeys();
  readonly #indexes = new Indexes();
  /**
   * Keys whose indexes are behind, with the version the indexes still show. They are brought up when an index is next
   * asked, so that folding a log parses nothing, and what changed ten times is indexed once.
   */
  readonly #unindexed = new Map<string, StoredObject | undefined>();
  readonly #listeners = new Listeners<Change>();
  readonly #changesMax: number;
  #window: ChangeWindow;

  constructor(name: ResourceName, floor: Revision, changesMax: number = limits.windowChangesMax) {
    this.name = name;
    this.#changesMax = changesMax;
    this.#window = new ChangeWindow(changesMax, floor);
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

  /** Evolves by one event; undefined where nothing changed (a tombstone of an object that is not there). */
  apply(ref: ObjectRef, event: RecordedEvent): Change | undefined {
    const key = keyOf(ref);
    const previous = this.#objects.get(key);
    const change = isTombstone(event) ? this.#remove(ref, event, previous) : this.#put(ref, event, previous);
    if (change === undefined) return undefined;
    this.#window.push(change)?.previous?.outlive();
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
    this.#window = new ChangeWindow(this.#changesMax, floor);
  }

  /** Stored objects in list order. */
  *select({ namespace, labels }: Selection = {}, after?: string): Generator<StoredObject> {
    const prefix = namespace === undefined || namespace === '' ? '' : `${namespace}/`;
    for (const key of this.#candidates(prefix, labels, after)) {
      const stored = this.#objects.get(key);
      if (stored !== undefined && (labels === undefined || carries(stored, labels))) yield stored;
    }
  }

  ownedBy(uid: string): StoredObject[] {
    return this.#resolve(this.#indexed().ownedBy(uid));
  }

  onNode(node: string): StoredObject[] {
    return this.#resolve(this.#indexed().onNode(node));
  }

  /** Recent changes after the revision, or undefined where they have left the window. */
  changesAfter(revision: Revision): Change[] | undefined {
    return this.#window.after(revision);
  }

  /**
   * The objects as they were at a revision, in list order: the present with the later changes undone.
   * Undefined where the revision has left the window.
   */
  at(revision: Revision): Map<string, StoredObject> | undefined {
    const later = this.#window.after(revision);
    if (later === undefined) return undefined;
    const undone = new Map<string, StoredObject | undefined>();
    for (const change of later) {
      const key = keyOf(change.ref);
      if (!undone.has(key)) undone.set(key, change.previous);
    }
    const keys = new Set(this.#keys.range());
    for (const [key, stored] of undone) {
      if (stored === undefined) keys.delete(key);
      else keys.add(key);
    }
    const ordered = undone.size === 0 ? [...keys] : [...keys].sort();
    const objects = new Map<string, StoredObject>();
    for (const key of ordered) {
      const stored = undone.has(key) ? undone.get(key) : this.#objects.get(key);
      if (stored !== undefined) objects.set(key, stored);
    }
    return objects;
  }

  /** Hears every change, synchronously and in order, until the returned function is called. */
  listen(listener: (change: Change) => void): () => void {
    return this.#listeners.add(listener);
  }

  #put(ref: ObjectRef, event: RecordedEvent, previous: StoredObject | undefined): Change {
    const current = new StoredObject(ref, event);
    coldStorage.add(current);
    this.#objects.set(current.key, current);
    if (previous === undefined) this.#keys.add(current.key);
    this.#unindex(current.key, previous);
    const type = previous === undefined ? 'ADDED' : 'MODIFIED';
    return { type, ref, current, previous, event: factsOf(event) };
  }

  #remove(ref: ObjectRef, event: RecordedEvent, previous: StoredObject | undefined): Change | undefined {
    if (previous === undefined) return undefined;
    this.#objects.delete(previous.key);
    this.#keys.delete(previous.key);
    this.#unindex(previous.key, previous);
    // An expiry comes from the stream itself and carries no object: the last one known stands in.
    const bytes = event.object.byteLength === 0 ? previous.encoded() : event.object;
    const current = new StoredObject(ref, { ...event, object: bytes });
    coldStorage.add(current);
    return { type: 'DELETED', ref, current, previous, event: factsOf(event) };
  }

  #candidates(prefix: string, labels: Labels | undefined, after: string | undefined): Iterable<string> {
    let smallest: ReadonlySet<string> | undefined;
    for (const label in labels) {
      const keys = this.#indexed().withLabel(label, labels[label] ?? '');
      if (smallest === undefined || keys.size < smallest.size) smallest = keys;
    }
    const range = after === undefined ? { prefix } : { prefix, after };
    if (smallest === undefined) return this.#keys.range(range);
    // Where the label is on many objects it is cheaper to walk the keys, which are in order, than to sort the ones found.
    const labelled = smallest;
    if (labelled.size * 8 > this.#objects.size) return this.#keys.range(range).filter((key) => labelled.has(key));
    return [...labelled].filter((key) => key.startsWith(prefix) && (after === undefined || key > after)).sort();
  }

  #unindex(key: string, previous: StoredObject | undefined): void {
    if (this.#unindexed.has(key)) previous?.shed();
    else this.#unindexed.set(key, previous);
  }

  #indexed(): Indexes {
    if (this.#unindexed.size === 0) return this.#indexes;
    for (const [key, before] of this.#unindexed) {
      this.#indexes.replace(key, before?.object, this.#objects.get(key)?.object);
      before?.shed();
    }
    this.#unindexed.clear();
    return this.#indexes;
  }

  #resolve(keys: ReadonlySet<string>): StoredObject[] {
    const found: StoredObject[] = [];
    for (const key of keys) {
      const stored = this.#objects.get(key);
      if (stored !== undefined) found.push(stored);
    }
    return found;
  }
}

function carries(stored: StoredObject, labels: Labels): boolean {
  const own = stored.object.metadata.labels;
  for (const label in labels) if (own?.[label] !== labels[label]) return false;
  return true;
}
