// A client that watches ConfigMaps as informers do: it asks for everything after a revision and, whenever the stream
// ends or breaks, asks again from the last revision it has seen.

import { sleep, systemClock } from '../../streams/base/clock.ts';
import { type ApiClient, Unanswered, type WatchFrame } from '../kit/api-client.ts';

export type Seen = { readonly type: string; readonly name: string; readonly revision: number };

const retryMs = 50;

export class ResumingWatch {
  readonly seen: Seen[] = [];
  /** Whatever a watch that goes on where it stopped must not be told. */
  readonly complaints: string[] = [];
  /** How often the stream was opened. */
  opened = 0;
  readonly #client: ApiClient;
  readonly #path: string;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #last: number;

  /** `path` is a collection; everything after the revision is told. */
  constructor(client: ApiClient, { path, after }: { path: string; after: number }) {
    this.#client = client;
    this.#path = path;
    this.#last = after;
    this.#running = this.#watch();
  }

  /** Every change up to this revision has been told. */
  get last(): number {
    return this.#last;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const path = `${this.#path}?watch=true&allowWatchBookmarks=true&resourceVersion=${this.#last}`;
        this.opened++;
        await this.#client.watch(path, (frame) => this.#take(frame), signal);
      } catch (error) {
        if (!(error instanceof Unanswered)) this.complaints.push(String(error));
      }
      await sleep(systemClock, retryMs, signal);
    }
  }

  #take({ type, object }: WatchFrame): void {
    if (type === 'ERROR') {
      this.complaints.push(`after revision ${this.#last}: ${JSON.stringify(object)}`);
      return;
    }
    const { name, resourceVersion } = object.metadata as { readonly name: string; readonly resourceVersion: string };
    const revision = Number(resourceVersion);
    if (type === 'BOOKMARK') {
      if (revision < this.#last) this.complaints.push(`a bookmark of ${revision} came after ${this.#last}`);
    } else {
      if (revision <= this.#last)
        this.complaints.push(`${type} ${name} of revision ${revision} came after ${this.#last}`);
      this.seen.push({ type, name, revision });
    }
    this.#last = Math.max(this.#last, revision);
  }
}
