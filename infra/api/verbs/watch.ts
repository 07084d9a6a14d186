// WATCH: the changes of a resource from a revision on, to one client. A change is encoded once and shared by every
// watcher of the same form; a watcher that does not keep up is cut off at a bound and resumes from its last revision.

import { setImmediate as nextTurn } from 'node:timers/promises';
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
import type { Kind } from '../kinds/kind.ts';
import { isStoredKind } from '../render/convert.ts';
import { bookmarkObject, type Rendering, watchObject } from '../render/render.ts';
import { frameValue, sharedFrame, storedFrame } from '../render/watch-frame.ts';
import type { FanOut, Membership } from './fan-out.ts';
import { indexesCaughtUp, notFuture } from './list.ts';
import type { ListOptions } from './list-options.ts';
import type { Selection } from './selection.ts';

export type WatchPorts = {
  readonly view: ObjectView;
  readonly fanOut: FanOut;
  readonly log: ClusterLog;
  readonly clock: Clock;
  readonly random: Random;
};

export type WatchRequest = {
  readonly rendering: Rendering;
  /** The kind whose objects stand in the log for the one the client named. */
  readonly stored: Kind;
  readonly selection: Selection;
  readonly options: ListOptions;
  /** Of the answer, as negotiated. */
  readonly contentType: string;
  readonly request: ApiRequest;
  readonly response: ApiResponse;
  /** Aborts when the kind is no longer what it was: the client watches again and finds what there is then. */
  readonly ended?: AbortSignal | undefined;
};

const bookmarkEveryMs = 60_000;
/** Objects looked at and told between two looks at the socket and the event loop. */
const objectsPerSlice = 32;
const readOnce = (stored: StoredObject): AnyObject => stored.readOnce();
/** Reading the past waits for the client once this much is on its way to it. */
const catchUpPendingMax = 1024 * 1024;
/** As upstream's --min-request-timeout: a watch ends after 30 to 60 minutes unless the client says when. */
const lifetimeMsMin = 1_800_000;

export async function watch(asked: WatchRequest, ports: WatchPorts): Promise<void> {
  const { stored, options, request, response } = asked;
  const stream = streamOf(stored);
  const after = options.resourceVersion;
  if (after !== undefined) await notFuture({ view: ports.view, clock: ports.clock, stream, revision: after });
  const head = {
    status: 200,
    headers: { 'content-type': asked.contentType, 'cache-control': 'no-cache, private' },
    uncompressed: true,
  } as const;
  const watcher = new Watcher(response.open(head), asked, ports);
  const anyStart = after === undefined || after === 0;
  const start =
    (options.initialEvents ?? anyStart) ? await watcher.tellPresent() : anyStart ? ports.view.revision(stream) : after;
  const reached = start === undefined ? undefined : await watcher.catchUp(start);
  // No await from here to the subscription: what is told first and the changes told after it meet without a gap.
  if (reached === undefined || !watcher.tellSince(reached)) return watcher.end();
  const stop = watcher.subscribe();
  await watcher.ended(asked.ended === undefined ? request.signal : AbortSignal.any([request.signal, asked.ended]));
  stop();
}

class Watcher {
  readonly #stream: ResponseStream;
  readonly #asked: WatchRequest;
  readonly #ports: WatchPorts;
  /** Watchers of whole objects as they are stored get the stored bytes. */
  readonly #storedBytes: boolean;
  #membership: Membership | undefined;
  #first = true;
  #finish: () => void = () => {};

  constructor(stream: ResponseStream, asked: WatchRequest, ports: WatchPorts) {
    this.#stream = stream;
    this.#asked = asked;
    this.#ports = ports;
    this.#storedBytes = asked.rendering.form.as === 'object' && isStoredKind(asked.rendering.kind);
  }

  /**
   * Synthetic ADDED events for everything selected now, no faster than the client takes them; with sendInitialEvents
   * also the bookmark that ends them. Returns the revision told, or undefined where the client or the server has had
   * enough.
   */
  async tellPresent(): Promise<Revision | undefined> {
    const { stored: kind, selection, rendering, options } = this.#asked;
    const { view, clock } = this.#ports;
    const resource = view.resource(kind);
    if (selection.selective) await indexesCaughtUp(resource, clock);
    const revision = view.revision(streamOf(kind));
    let seen = 0;
    for (const stored of selection.candidates(resource)) {
      if (selection.matches(stored, readOnce)) {
        if (this.#storedBytes) this.#write(storedFrame(stored, 'ADDED', rendering));
        else this.#sendObject('ADDED', stored.readOnce());
      }
      const enough = ++seen % objectsPerSlice === 0 || this.#stream.pendingBytes > catchUpPendingMax;
      if (enough && !(await this.#room())) return undefined;
    }
    if (options.initialEvents === true && options.bookmarks) {
      this.#bookmark(revision, { 'k8s.io/initial-events-end': 'true' });
    }
    return revision;
  }

  /**
   * Tells what has happened since, no faster than the client takes it, until next to nothing is left to tell; returns the
   * revision reached. Undefined where the client or the server has had enough.
   */
  async catchUp(after: Revision): Promise<Revision | undefined> {
    const view = this.#ports.view.resource(this.#asked.stored);
    let reached = await this.#tellLogged(after);
    while (reached !== undefined) {
      const changes = view.changesAfter(reached, objectsPerSlice);
      if (changes === undefined) {
        // The window has gone on without a client that takes its time.
        reached = await this.#tellLogged(reached);
        continue;
      }
      const bytes = changes.reduce((sum, { current }) => sum + current.textBytes, 0);
      if (changes.length < objectsPerSlice && bytes <= catchUpPendingMax) return reached;
      for (const change of changes) {
        this.tell(change);
        reached = change.event.revision;
        if (this.#stream.pendingBytes > catchUpPendingMax) break;
      }
      if (!(await this.#room())) return undefined;
    }
    return undefined;
  }

  /** After a slice: lets others go on and the client take what is on its way. False where there is nobody to go on for. */
  async #room(): Promise<boolean> {
    if (this.#stream.pendingBytes > catchUpPendingMax) await this.#stream.drained();
    await nextTurn();
    return !this.#stream.closed && !this.#asked.request.signal.aborted;
  }

  /**
   * Tells the changes that have left the window in memory, from the log, until the window goes on from there; returns
   * the revision reached. Undefined where the log no longer has them: the client is told 410 and lists again.
   */
  async #tellLogged(after: Revision): Promise<Revision | undefined> {
    const { stored: kind, request } = this.#asked;
    const { signal } = request;
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
      // A read that was broken off ends early, and what it has not told must not be passed over.
      if (signal.aborted) return undefined;
      reached = to > reached ? to : reached;
    }
    return reached;
  }

  /** The changes after a revision that the window holds; false where it does not. */
  tellSince(after: Revision): boolean {
    const changes = this.#ports.view.resource(this.#asked.stored).changesAfter(after);
    if (changes === undefined) {
      this.#tooOld(after);
      return false;
    }
    for (const change of changes) this.tell(change);
    return true;
  }

  /**
   * A change whose object is not known as it was before: what may have left the selection is told as DELETED, which
   * clients that never saw the object ignore. A deletion carries the object as it was.
   */
  #tellPast({ previous, ...change }: PastChange): void {
    if (previous !== 'unknown') {
      this.tell({ ...change, previous });
      return;
    }
    const { selection } = this.#asked;
    const matches = selection.matches(change.current);
    if (matches) this.#sendObject(change.type === 'DELETED' ? 'DELETED' : 'MODIFIED', change.current.object);
    else if (change.type !== 'DELETED' && selection.mayHaveMatched(change.current))
      this.#sendObject('DELETED', change.current.object);
  }

  #tooOld(after: Revision): undefined {
    const { floor } = this.#ports.view.resource(this.#asked.stored);
    const status = expired(`too old resource version: ${after} (${floor})`).toStatus();
    this.#stream.write(frameValue('ERROR', status, this.#asked.rendering));
    return undefined;
  }

  end(): void {
    this.#stream.end();
  }

  /** Hears of every change from now on, until the returned function is called. */
  subscribe(): () => void {
    const { stored, selection, rendering } = this.#asked;
    const { view, fanOut } = this.#ports;
    const { form, kind } = rendering;
    // The first row of a table brings its columns along, so tables are made for each watcher.
    if (form.as === 'table') return view.resource(stored).listen((change) => this.tell(change));
    const key = `${kind.group}/${kind.version} ${form.as} ${form.encoding} ${form.metaVersion} ${selection.key}`;
    const membership = fanOut.join(
      { resource: stored, key, narrowing: selection.narrowing, frame: (change) => this.#frame(change) },
      {
        write: (frames) => {
          const room = this.#write(frames);
          // The round to the members is paced by what it costs, and nearly all of that is the socket's.
          this.#stream.flush();
          return room;
        },
        drained: () => this.#stream.drained(),
        cutOff: () => this.#cutOff(),
      },
    );
    this.#membership = membership;
    return () => membership.leave();
  }

  tell(change: Change): void {
    const frame = this.#frame(change);
    if (frame !== undefined) this.#write(frame);
  }

  /** A change as this watcher sees it: entering its selection is ADDED, leaving it DELETED (facts §3.8). */
  #frame(change: Change): Buffer | undefined {
    const { selection, rendering } = this.#asked;
    const { current, previous } = change;
    const was = previous !== undefined && selection.matches(previous);
    const is = change.type !== 'DELETED' && selection.matches(current);
    if (is) {
      const type: ChangeType = was ? 'MODIFIED' : 'ADDED';
      return this.#storedBytes ? sharedFrame(change, type, rendering) : this.#objectFrame(type, current.object);
    }
    if (!was || previous === undefined) return undefined;
    return change.type === 'DELETED' && this.#storedBytes
      ? sharedFrame(change, 'DELETED', rendering)
      : this.#objectFrame('DELETED', left(previous, current));
  }

  /** Resolves when the client leaves, the time is over, or the watcher was cut off. */
  ended(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports;
    const { timeoutSeconds, bookmarks } = this.#asked.options;
    const asked = timeoutSeconds ?? 0;
    const lifetimeMs = asked === 0 ? lifetimeMsMin + random.int(lifetimeMsMin) : asked * 1000;
    return new Promise((resolve) => {
      let ticking = bookmarks ? clock.after(bookmarkEveryMs, () => tick()) : undefined;
      const tick = () => {
        this.#bookmark(this.#revision);
        ticking = clock.after(bookmarkEveryMs, tick);
      };
      const finish = () => {
        ticking?.cancel();
        lifetime.cancel();
        signal.removeEventListener('abort', finish);
        this.#membership?.catchUp();
        // Also where the server shuts down and asks its streams to end.
        this.#stream.end();
        resolve();
      };
      const lifetime = clock.after(lifetimeMs, () => {
        if (bookmarks) this.#bookmark(this.#revision);
        finish();
      });
      this.#finish = finish;
      if (signal.aborted || this.#stream.closed) finish();
      else signal.addEventListener('abort', finish, { once: true });
    });
  }

  #sendObject(type: ChangeType, object: AnyObject): void {
    this.#write(this.#objectFrame(type, object));
  }

  #objectFrame(type: ChangeType, object: AnyObject): Buffer {
    const rendering = { ...this.#asked.rendering, nowMs: this.#ports.clock.now() };
    const shaped = watchObject(object, rendering, this.#first);
    this.#first = false;
    return frameValue(type, shaped, rendering);
  }

  get #revision(): Revision {
    return this.#ports.view.revision(streamOf(this.#asked.stored));
  }

  /** Says that everything up to the revision has been told: what has gathered is told first, and where that is not to be nothing is said. */
  #bookmark(revision: Revision, annotations?: Readonly<Record<string, string>>): void {
    if (this.#membership?.catchUp() === false) return;
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(annotations === undefined ? undefined : { annotations }),
    };
    const object = bookmarkObject(metadata as object, this.#asked.rendering);
    this.#write(frameValue('BOOKMARK', object, this.#asked.rendering));
  }

  /** False where the client has yet to take more than is good. */
  #write(bytes: Buffer): boolean {
    const room = this.#stream.write(bytes);
    if (this.#stream.pendingBytes > limits.watchPendingBytesMax) this.#cutOff();
    return room;
  }

  #cutOff(): void {
    this.#stream.abort();
    this.#finish();
  }
}

/** An object that left the selection is told as it was when last seen, at the revision of the change. */
function left(previous: StoredObject, current: StoredObject): AnyObject {
  return JSON.parse(spliceRevision(previous.encoded(), current.revision).toString('utf8')) as AnyObject;
}
