// WATCH: the changes of a resource from a revision on, to one client. A change is encoded once and shared by every
// watcher of the same form; a watcher that does not keep up is cut off at a bound and resumes from its last revision.

import type { Revision } from '../../../streams/base/brand.ts';
import type { Clock } from '../../../streams/base/clock.ts';
import { limits } from '../../../streams/base/limits.ts';
import type { Random } from '../../../streams/base/random.ts';
import type { ClusterLog } from '../../../streams/log/event-log.ts';
import { streamOf } from '../../../streams/log/subjects.ts';
import { spliceRevision } from '../../../streams/resources/encode.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Change, ChangeType } from '../../../streams/views/change.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import { type PastChange, pastChanges } from '../../../streams/views/past-changes.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { expired } from '../errors.ts';
import type { ApiRequest, ApiResponse, ResponseStream } from '../http/exchange.ts';
import { isStoredKind } from '../render/convert.ts';
import { bookmarkObject, type Rendering, watchObject } from '../render/render.ts';
import { frameValue, sharedFrame } from '../render/watch-frame.ts';
import { notFuture } from './list.ts';
import type { ListOptions } from './list-options.ts';
import type { Selection } from './selection.ts';

export type WatchPorts = {
  readonly view: ObjectView;
  readonly log: ClusterLog;
  readonly clock: Clock;
  readonly random: Random;
};

export type WatchRequest = {
  readonly rendering: Rendering;
  readonly selection: Selection;
  readonly options: ListOptions;
  /** Of the answer, as negotiated. */
  readonly contentType: string;
  readonly request: ApiRequest;
  readonly response: ApiResponse;
};

const bookmarkEveryMs = 60_000;
/** Reading the past waits for the client once this much is on its way to it. */
const catchUpPendingMax = 1024 * 1024;
/** As upstream's --min-request-timeout: a watch ends after 30 to 60 minutes unless the client says when. */
const lifetimeMsMin = 1_800_000;

export async function watch(asked: WatchRequest, ports: WatchPorts): Promise<void> {
  const { rendering, options, request, response } = asked;
  const { kind } = rendering;
  const stream = streamOf(kind);
  const after = options.resourceVersion;
  if (after !== undefined) await notFuture({ view: ports.view, clock: ports.clock, stream, revision: after });
  const head = {
    status: 200,
    headers: { 'content-type': asked.contentType, 'cache-control': 'no-cache, private' },
  };
  const watcher = new Watcher(response.open(head), asked, ports);
  const fromPresent = after === undefined || after === 0 || options.initialEvents === true;
  const reached = fromPresent ? undefined : await watcher.catchUp(after);
  // No await from here to the subscription: what is told first and the changes told after it meet without a gap.
  if (fromPresent) watcher.tellPresent();
  else if (reached === undefined || !watcher.tellSince(reached)) return;
  const stop = ports.view.resource(kind).listen((change) => watcher.tell(change));
  await watcher.ended(request.signal);
  stop();
}

class Watcher {
  readonly #stream: ResponseStream;
  readonly #asked: WatchRequest;
  readonly #ports: WatchPorts;
  /** Watchers of whole objects get the same bytes; tables and metadata are made for each. */
  readonly #shares: boolean;
  #first = true;
  #finish: () => void = () => {};

  constructor(stream: ResponseStream, asked: WatchRequest, ports: WatchPorts) {
    this.#stream = stream;
    this.#asked = asked;
    this.#ports = ports;
    this.#shares = asked.rendering.form.as === 'object' && isStoredKind(asked.rendering.kind);
  }

  /** Synthetic ADDED events for everything selected now; with sendInitialEvents also the bookmark that ends them. */
  tellPresent(): void {
    const { selection, rendering, options } = this.#asked;
    for (const stored of selection.select(this.#ports.view.resource(rendering.kind)))
      this.#sendObject('ADDED', stored.object);
    if (options.initialEvents === true && options.bookmarks) this.#bookmark({ 'k8s.io/initial-events-end': 'true' });
  }

  /**
   * Tells the changes that have left the window in memory, from the log, until the window goes on from there; returns
   * the revision reached. Undefined where the log no longer has them: the client is told 410 and lists again.
   */
  async catchUp(after: Revision): Promise<Revision | undefined> {
    const { kind } = this.#asked.rendering;
    const { signal } = this.#asked.request;
    const view = this.#ports.view.resource(kind);
    const log = this.#ports.log.streams[streamOf(kind)];
    if (after >= view.floor) return after;
    const { first } = await log.bounds();
    // Only LOG keeps every event of its range; the other streams keep the newest of each object.
    if (after + 1 < first || log.stream !== 'LOG') return this.#tooOld(after);
    let reached = after;
    while (reached < view.floor && !this.#stream.closed) {
      const to = view.floor;
      for await (const batch of pastChanges(log, { name: kind, after: reached, to, signal })) {
        for (const change of batch.changes) this.#tellPast(change);
        reached = batch.upTo;
        if (this.#stream.pendingBytes > catchUpPendingMax) await this.#stream.drained();
        if (this.#stream.closed) return undefined;
      }
      reached = to > reached ? to : reached;
    }
    return reached;
  }

  /** The changes after a revision that the window holds; false where it does not. */
  tellSince(after: Revision): boolean {
    const changes = this.#ports.view.resource(this.#asked.rendering.kind).changesAfter(after);
    if (changes === undefined) {
      this.#tooOld(after);
      return false;
    }
    for (const change of changes) this.tell(change);
    return true;
  }

  /**
   * A change whose object is not known as it was before: what may have left the selection is told as DELETED, which
   * clients that never saw the object ignore.
   */
  #tellPast({ previous, ...change }: PastChange): void {
    if (previous !== 'unknown') {
      this.tell({ ...change, previous });
      return;
    }
    const { selection } = this.#asked;
    if (change.type !== 'DELETED' && selection.matches(change.current))
      this.#sendObject('MODIFIED', change.current.object);
    else if (selection.mayHaveMatched(change.current)) this.#sendObject('DELETED', change.current.object);
  }

  #tooOld(after: Revision): undefined {
    const { floor } = this.#ports.view.resource(this.#asked.rendering.kind);
    const status = expired(`too old resource version: ${after} (${floor})`).toStatus();
    this.#stream.write(frameValue('ERROR', status, this.#asked.rendering));
    this.#stream.end();
    return undefined;
  }

  /** A change as this watcher sees it: entering its selection is ADDED, leaving it DELETED (facts §3.8). */
  tell(change: Change): void {
    const { selection } = this.#asked;
    const { current, previous } = change;
    const was = previous !== undefined && selection.matches(previous);
    const is = change.type !== 'DELETED' && selection.matches(current);
    if (is) {
      const type: ChangeType = was ? 'MODIFIED' : 'ADDED';
      if (this.#shares) this.#write(sharedFrame(change, type, this.#asked.rendering));
      else this.#sendObject(type, current.object);
    } else if (was && previous !== undefined) {
      if (change.type === 'DELETED' && this.#shares) this.#write(sharedFrame(change, 'DELETED', this.#asked.rendering));
      else this.#sendObject('DELETED', left(previous, current));
    }
  }

  /** Resolves when the client leaves, the time is over, or the watcher was cut off. */
  ended(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports;
    const { timeoutSeconds, bookmarks } = this.#asked.options;
    const lifetimeMs = timeoutSeconds === undefined ? lifetimeMsMin + random.int(lifetimeMsMin) : timeoutSeconds * 1000;
    return new Promise((resolve) => {
      let ticking = bookmarks ? clock.after(bookmarkEveryMs, () => tick()) : undefined;
      const tick = () => {
        this.#bookmark();
        ticking = clock.after(bookmarkEveryMs, tick);
      };
      const finish = () => {
        ticking?.cancel();
        lifetime.cancel();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const lifetime = clock.after(lifetimeMs, () => {
        if (bookmarks) this.#bookmark();
        this.#stream.end();
        finish();
      });
      this.#finish = finish;
      if (signal.aborted || this.#stream.closed) finish();
      else signal.addEventListener('abort', finish, { once: true });
    });
  }

  #sendObject(type: ChangeType, object: AnyObject): void {
    const shaped = watchObject(object, this.#asked.rendering, this.#first);
    this.#first = false;
    this.#write(frameValue(type, shaped, this.#asked.rendering));
  }

  #bookmark(annotations?: Readonly<Record<string, string>>): void {
    const metadata = {
      resourceVersion: String(this.#ports.view.revision(streamOf(this.#asked.rendering.kind))),
      creationTimestamp: null,
      ...(annotations === undefined ? undefined : { annotations }),
    };
    const object = bookmarkObject(metadata as object, this.#asked.rendering);
    this.#write(frameValue('BOOKMARK', object, this.#asked.rendering));
  }

  #write(bytes: Buffer): void {
    if (this.#stream.closed) return;
    this.#stream.write(bytes);
    if (this.#stream.pendingBytes <= limits.watchPendingBytesMax) return;
    this.#stream.abort();
    this.#finish();
  }
}

/** An object that left the selection is told as it was when last seen, at the revision of the change. */
function left(previous: StoredObject, current: StoredObject): AnyObject {
  return JSON.parse(spliceRevision(previous.encoded(), current.revision).toString('utf8')) as AnyObject;
}
