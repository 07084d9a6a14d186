// The cluster's objects as the log says they are: it folds recorded events and nothing else, live and at boot alike
// (invariant: state changes only by evolving from read-back events). This is what takes etcd's place for readers.

import { assert } from '../base/assert.ts';
import { type Revision, revisionZero } from '../base/brand.ts';
import type { RecordedEvent, StreamName } from '../log/event.ts';
import { parseSubject, streamOf } from '../log/subjects.ts';
import type { KubeObject, Labels, ResourceName } from '../resources/meta.ts';
import { resources } from '../resources/names.ts';
import type { Change } from './change.ts';
import { Listeners } from './listeners.ts';
import type { ObjectReader } from './object-reader.ts';
import { ResourceView } from './resource-view.ts';
import { keyOf, type StoredObject } from './stored-object.ts';
import { WrittenObjects } from './written-objects.ts';

type Waiting = { readonly revision: Revision; readonly resolve: () => void };

export class ObjectView implements ObjectReader {
  readonly #byGroup = new Map<string, Map<string, ResourceView>>();
  readonly #resources: ResourceView[] = [];
  /** What was asked for last: events mostly come in runs of one resource. */
  #lately: ResourceView | undefined;
  readonly #revisions: Record<StreamName, Revision> = { LOG: revisionZero, LEASE: revisionZero, EVENT: revisionZero };
  readonly #floors: Record<StreamName, Revision> = { LOG: revisionZero, LEASE: revisionZero, EVENT: revisionZero };
  readonly #waiting: Record<StreamName, Waiting[]> = { LOG: [], LEASE: [], EVENT: [] };
  readonly #listeners = new Listeners<Change>();
  /** What this process is writing: read back, it need not be parsed. */
  readonly written = new WrittenObjects();
  #newestTimeMs = 0;

  /** Reads the state of one stream from the last event of each subject. Tells nobody. */
  load(events: readonly RecordedEvent[]): void {
    for (const event of events) {
      const ref = parseSubject(event.subject);
      if (ref !== undefined) this.resource(ref).load(ref, event);
      if (event.timeMs > this.#newestTimeMs) this.#newestTimeMs = event.timeMs;
      this.#revisions[event.stream] = event.revision;
    }
  }

  /** Ends booting one stream: what comes after `revision` is told as changes. */
  loaded(stream: StreamName, revision: Revision): void {
    this.#revisions[stream] = revision;
    this.#floors[stream] = revision;
    for (const view of this.#resources) if (streamOf(view.name) === stream) view.loaded(revision);
    this.#wake(stream, revision);
  }

  /** Evolves by one event and tells the change to listeners, resource first. */
  apply(event: RecordedEvent): Change | undefined {
    const { stream, revision } = event;
    assert(revision > this.#revisions[stream], `event ${revision} of ${stream} comes after ${this.#revisions[stream]}`);
    this.#revisions[stream] = revision;
    if (event.timeMs > this.#newestTimeMs) this.#newestTimeMs = event.timeMs;
    const ref = parseSubject(event.subject);
    const change = ref === undefined ? undefined : this.resource(ref).apply(ref, event, this.written.get(event.id));
    if (change !== undefined) this.#listeners.tell(change);
    this.#wake(stream, revision);
    return change;
  }

  /** The latest time any event taken in was recorded at, milliseconds since the Unix epoch; 0 before the first. */
  get newestTimeMs(): number {
    return this.#newestTimeMs;
  }

  /** The newest revision taken in from the stream. */
  revision(stream: StreamName): Revision {
    return this.#revisions[stream];
  }

  /**
   * Resolves once the view has taken in the revision: whoever wrote it then reads it. Also resolves when the signal
   * aborts, so that nothing is kept for those who stopped waiting.
   */
  reached(stream: StreamName, revision: Revision, signal?: AbortSignal): Promise<void> {
    if (this.#revisions[stream] >= revision) return Promise.resolve();
    return new Promise((resolve) => {
      const entry = { revision, resolve };
      const waiting = this.#waiting[stream];
      // In the order they will be reached, which is the order they come in nearly always.
      let at = waiting.length;
      while (at > 0 && (waiting[at - 1] as Waiting).revision > revision) at--;
      waiting.splice(at, 0, entry);
      signal?.addEventListener('abort', () => {
        this.#waiting[stream] = this.#waiting[stream].filter((waiting) => waiting !== entry);
        resolve();
      });
    });
  }

  /** Asked some thirty times for every write, so nothing is made to find it. */
  resource({ group, resource }: ResourceName): ResourceView {
    const lately = this.#lately;
    if (lately !== undefined && lately.name.resource === resource && lately.name.group === group) return lately;
    let ofGroup = this.#byGroup.get(group);
    if (ofGroup === undefined) {
      ofGroup = new Map();
      this.#byGroup.set(group, ofGroup);
    }
    let view = ofGroup.get(resource);
    if (view === undefined) {
      const name = { group, resource };
      view = new ResourceView(name, this.#floors[streamOf(name)]);
      ofGroup.set(resource, view);
      this.#resources.push(view);
    }
    this.#lately = view;
    return view;
  }

  resources(): readonly ResourceName[] {
    return this.#resources.map((view) => view.name);
  }

  /** Hears every change of every resource, synchronously and in order. */
  listen(listener: (change: Change) => void): () => void {
    return this.#listeners.add(listener);
  }

  stored(name: ResourceName, key: { namespace?: string; name: string }): StoredObject | undefined {
    return this.resource(name).get(keyOf({ namespace: key.namespace ?? '', name: key.name }));
  }

  get<T extends KubeObject>(name: ResourceName, key: { namespace?: string; name: string }): T | undefined {
    return this.stored(name, key)?.object as T | undefined;
  }

  list<T extends KubeObject>(name: ResourceName, selection: { namespace?: string; labels?: Labels } = {}): T[] {
    const view = this.resource(name);
    // Admission asks on every write for kinds most clusters have none of.
    if (view.size === 0) return [];
    return Array.from(view.select(selection), (stored) => stored.object as unknown as T);
  }

  ownedBy<T extends KubeObject>(name: ResourceName, uid: string): T[] {
    return this.resource(name)
      .ownedBy(uid)
      .map((stored) => stored.object as unknown as T);
  }

  referringTo<T extends KubeObject>(name: ResourceName, reference: string): T[] {
    return this.resource(name)
      .referringTo(reference)
      .map((stored) => stored.object as unknown as T);
  }

  podsOnNode<T extends KubeObject>(node: string): T[] {
    return this.resource(resources.pods)
      .onNode(node)
      .map((stored) => stored.object as unknown as T);
  }

  #wake(stream: StreamName, revision: Revision): void {
    const waiting = this.#waiting[stream];
    let reached = 0;
    while (reached < waiting.length && (waiting[reached] as Waiting).revision <= revision) reached++;
    if (reached > 0) for (const { resolve } of waiting.splice(0, reached)) resolve();
  }
}
