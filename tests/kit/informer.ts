// A client as client-go's informers are: it lists, or asks a watch for the state, then watches, remembers the newest
// revision it has heard of, and goes on from there after the connection is lost. It checks what every informer relies
// on: revisions only go up, and what it is told fits what it knows.

import type { AnyObject } from '../../streams/resources/meta.ts';
import { type ApiWorld, settled, type WatchEvent, type Watching } from './api-world.ts';

export type InformerOptions = {
  /** Of the collection, without a query. */
  readonly path: string;
  readonly labelSelector: string;
  /** Lists first, or lets the watch send the state (KEP-3157). */
  readonly start: 'list' | 'watch-list';
};

export class Informer {
  readonly store = new Map<string, AnyObject>();
  /** Revisions of changes heard since the state was last taken as a whole. */
  seen: number[] = [];
  /** The revision of that state. */
  listedAt = 0;
  lists = 0;
  readonly #world: ApiWorld;
  readonly #options: InformerOptions;
  #revision = 0;
  #synced = false;
  #watching: Watching | undefined;

  constructor(world: ApiWorld, options: InformerOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** Takes in what has been told; connects, or connects anew, where there is no connection. */
  async run(): Promise<void> {
    for (let tries = 0; tries < 5; tries++) {
      if (this.#watching === undefined) await this.#connect();
      const ended = await this.#takeIn();
      if (!ended) return;
      this.#watching = undefined;
    }
    throw new Error('the informer gets no connection that lasts');
  }

  /** The connection is lost; what was on its way is lost with it. */
  lose(): void {
    this.#watching?.leave();
    this.#watching = undefined;
  }

  async #connect(): Promise<void> {
    const { path, labelSelector, start } = this.#options;
    const selector = labelSelector === '' ? '' : `&labelSelector=${encodeURIComponent(labelSelector)}`;
    if (!this.#synced && start === 'list') {
      const list = await this.#world.ok<{ metadata: { resourceVersion: string }; items: AnyObject[] }>(
        `${path}?limit=500${selector}`,
      );
      this.#replace(list.items, Number(list.metadata.resourceVersion));
    }
    const from = this.#synced
      ? `&resourceVersion=${this.#revision}`
      : '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    if (!this.#synced) this.store.clear();
    this.#watching = await this.#world.watch(`${path}?watch=1&allowWatchBookmarks=true${from}${selector}`);
  }

  /** True where the watch has ended. */
  async #takeIn(): Promise<boolean> {
    const watching = this.#watching;
    if (watching === undefined) return true;
    let ended = false;
    void watching.exchange.ended.then(() => {
      ended = true;
    });
    await settled(6);
    for (const event of await watching.told()) this.#hear(event);
    return ended;
  }

  #hear({ type, object }: WatchEvent): void {
    if (type === 'ERROR') {
      if ((object as unknown as { code: number }).code !== 410) throw new Error(`ERROR: ${JSON.stringify(object)}`);
      this.#synced = false;
      return;
    }
    const revision = Number(object.metadata.resourceVersion);
    if (type === 'BOOKMARK') {
      if (object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true') {
        this.#replace([...this.store.values()], revision);
      }
      if (revision < this.#revision) throw new Error(`bookmark ${revision} after ${this.#revision}`);
      this.#revision = revision;
      return;
    }
    const key = keyOf(object);
    if (!this.#synced) {
      if (type !== 'ADDED' || this.store.has(key)) throw new Error(`${type} ${key} before the state was told`);
      this.store.set(key, object);
      return;
    }
    if (revision <= this.#revision) throw new Error(`${type} ${key} at ${revision} after ${this.#revision}`);
    this.#revision = revision;
    this.seen.push(revision);
    if (type === 'DELETED') this.store.delete(key);
    else this.store.set(key, object);
  }

  #replace(items: readonly AnyObject[], revision: number): void {
    this.store.clear();
    for (const object of items) this.store.set(keyOf(object), object);
    this.#revision = revision;
    this.listedAt = revision;
    this.seen = [];
    this.lists++;
    this.#synced = true;
  }
}

function keyOf({ metadata }: AnyObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
