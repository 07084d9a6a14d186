// One change, many watchers. Watchers that ask for the same in the same form are one audience: a change is matched and
// encoded once for it, and what has gathered is handed to its members as one buffer. The more the members cost, the more
// is gathered, so that ten watchers hear at once and ten thousand within a bound; the round to them is cut into slices, so
// that nobody else waits for it. A member whose connection is full is passed over: what it has yet to be told waits here,
// once for all, and not in its socket. Invariant: each member is told every change after it joined, once and in order,
// until it is too far behind.

import { setImmediate } from 'node:timers';
import type { Clock } from '../../../streams/base/clock.ts';
import { limits } from '../../../streams/base/limits.ts';
import type { ResourceName } from '../../../streams/resources/meta.ts';
import type { Change } from '../../../streams/views/change.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import type { Narrowing } from './selection.ts';

export type AudienceSpec = {
  readonly resource: ResourceName;
  /** The same for all who are told the same bytes. */
  readonly key: string;
  /** Which changes can concern the audience at all. */
  readonly narrowing: Narrowing;
  /** What the audience is told of a change; undefined where it does not concern it. */
  readonly frame: (change: Change) => Buffer | undefined;
};

/** The way to one member. */
export type Outlet = {
  /** False once there is no room for more. */
  write(frames: Buffer): boolean;
  /** Resolves when there is room again. */
  drained(): Promise<void>;
  /** The member is too far behind and hears no more. */
  cutOff(): void;
};

export type Membership = {
  /** Hands over what has gathered, before something else is written to the member; false where it has no room for all. */
  catchUp(): boolean;
  leave(): void;
};

/**
 * The longest a change waits for others to share the way with; until then as long as this keeps the rounds to a sixth of
 * the time. It is counted from the round before: where little happens, nothing waits.
 */
const gatherMsMax = 25;
const gatherPerRound = 5;
const sliceMsMax = 4;
/** What a member is handed at a time: the encryption holds so much for each connection. */
const pieceBytesMax = 128 * 1024;
/** So many times what a member may be behind by may wait for those who take it as fast as they are told. */
const burstsMax = 2;

export class FanOut {
  readonly #view: ObjectView;
  readonly #clock: Clock;
  readonly #resources = new Map<string, ResourceFanOut>();

  constructor({ view, clock }: { view: ObjectView; clock: Clock }) {
    this.#view = view;
    this.#clock = clock;
  }

  /** From the next change on, the outlet is written what the audience is told. */
  join(spec: AudienceSpec, outlet: Outlet): Membership {
    const id = `${spec.resource.group}/${spec.resource.resource}`;
    let fanOut = this.#resources.get(id);
    if (fanOut === undefined) {
      fanOut = new ResourceFanOut(this.#view, spec.resource, this.#clock);
      this.#resources.set(id, fanOut);
    }
    const [joined, membership] = [fanOut, fanOut.join(spec, outlet)];
    return {
      catchUp: () => membership.catchUp(),
      leave: () => {
        membership.leave();
        // Definitions come and go, and their resources with them.
        if (joined.deserted && this.#resources.get(id) === joined) this.#resources.delete(id);
      },
    };
  }
}

class ResourceFanOut {
  readonly #view: ObjectView;
  readonly #resource: ResourceName;
  readonly #clock: Clock;
  /** By what narrows them: a change looks up the few it can concern. */
  readonly #audiences = new Map<string, Map<string, Audience>>();
  #byNode = 0;
  #stop: (() => void) | undefined;
  #eager: Audience[] = [];
  /** The next round is not before this, on the monotonic clock. */
  #roundAtMs = 0;
  #scheduled = false;
  #atOnce = false;

  constructor(view: ObjectView, resource: ResourceName, clock: Clock) {
    this.#view = view;
    this.#resource = resource;
    this.#clock = clock;
  }

  join({ key, narrowing, frame }: AudienceSpec, outlet: Outlet): Membership {
    this.#stop ??= this.#view.resource(this.#resource).listen((change) => this.#hear(change));
    const bucketKey = bucketOf(narrowing);
    let bucket = this.#audiences.get(bucketKey);
    if (bucket === undefined) {
      bucket = new Map();
      this.#audiences.set(bucketKey, bucket);
      if (narrowing.node !== undefined) this.#byNode++;
    }
    let audience = bucket.get(key);
    if (audience === undefined) {
      audience = new Audience(frame, (called, atOnce) => this.#call(called, atOnce));
      bucket.set(key, audience);
    }
    const joined = audience;
    const member = joined.add(outlet);
    return {
      catchUp: () => joined.serveAll(member),
      leave: () => {
        joined.members.delete(member);
        if (joined.members.size === 0) this.#disband(bucketKey, key, joined);
      },
    };
  }

  /** Nobody watches any more. */
  get deserted(): boolean {
    return this.#audiences.size === 0;
  }

  #disband(bucketKey: string, key: string, audience: Audience): void {
    const bucket = this.#audiences.get(bucketKey);
    if (bucket?.get(key) !== audience) return;
    bucket.delete(key);
    if (bucket.size > 0) return;
    this.#audiences.delete(bucketKey);
    if (bucketKey.startsWith('node/')) this.#byNode--;
    if (this.#audiences.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #hear(change: Change): void {
    const { ref } = change;
    this.#tell(bucketOf({}), change);
    this.#tell(bucketOf({ namespace: ref.namespace }), change);
    this.#tell(bucketOf({ name: ref.name }), change);
    if (this.#byNode > 0) {
      const now = nodeOf(change.current.object);
      const before = change.previous === undefined ? now : nodeOf(change.previous.object);
      this.#tell(bucketOf({ node: now }), change);
      if (before !== now) this.#tell(bucketOf({ node: before }), change);
    }
  }

  #tell(bucketKey: string, change: Change): void {
    const bucket = this.#audiences.get(bucketKey);
    if (bucket === undefined) return;
    for (const audience of bucket.values()) if (audience.push(change)) this.#call(audience, false);
  }

  /** The next round serves the audience; `atOnce`, said within a round, where some of it is behind and has room. */
  #call(audience: Audience, atOnce: boolean): void {
    this.#atOnce ||= atOnce;
    if (!audience.eager) this.#eager.push(audience);
    audience.eager = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule();
  }

  #schedule(): void {
    const waitMs = this.#atOnce ? 0 : Math.floor(this.#roundAtMs - this.#clock.monotonic());
    this.#atOnce = false;
    if (waitMs <= 0) setImmediate(() => this.#round());
    else this.#clock.after(waitMs, () => this.#round());
  }

  /** Serves everybody who is behind; what comes meanwhile is the next round's. */
  #round(): void {
    const eager = this.#eager;
    this.#eager = [];
    let spentMs = 0;
    const members = served(eager);
    const slice = () => {
      const startMs = this.#clock.monotonic();
      let nowMs = startMs;
      for (let step = 1; ; step++) {
        if (members.next().done === true) {
          spentMs += this.#clock.monotonic() - startMs;
          return this.#rest(spentMs);
        }
        if (step % 8 === 0) nowMs = this.#clock.monotonic();
        if (nowMs - startMs > sliceMsMax) break;
      }
      spentMs += nowMs - startMs;
      setImmediate(slice);
    };
    slice();
  }

  #rest(spentMs: number): void {
    this.#roundAtMs = this.#clock.monotonic() + Math.min(gatherMsMax, spentMs * gatherPerRound);
    this.#scheduled = this.#eager.length > 0;
    if (this.#scheduled) this.#schedule();
  }
}

function* served(audiences: readonly Audience[]): Generator<void> {
  for (const audience of audiences) {
    audience.eager = false;
    for (const member of audience.members) {
      audience.serve(member);
      yield;
    }
    audience.endRound();
  }
}

type Call = (audience: Audience, atOnce: boolean) => void;

/** How far a member has been told, as a count of the audience's frames. */
type Member = { readonly outlet: Outlet; told: number; full: boolean };

type Piece = { readonly from: number; readonly to: number; readonly bytes: Buffer };

class Audience {
  readonly members = new Set<Member>();
  /** Waits for the next round. */
  eager = false;
  readonly #frame: AudienceSpec['frame'];
  readonly #call: Call;
  /** What not everybody has been told yet. */
  #frames: Buffer[] = [];
  #bytes = 0;
  #first = 0;
  #last: Piece | undefined;

  constructor(frame: AudienceSpec['frame'], call: Call) {
    this.#frame = frame;
    this.#call = call;
  }

  add(outlet: Outlet): Member {
    const member = { outlet, told: this.#end, full: false };
    this.members.add(member);
    return member;
  }

  /** True where the audience has something to be told. */
  push(change: Change): boolean {
    const frame = this.#frame(change);
    if (frame === undefined) return false;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    return true;
  }

  serve(member: Member): void {
    if (member.full || member.told === this.#end) return;
    const { to, bytes } = this.#piece(member.told);
    member.told = to;
    if (member.outlet.write(bytes)) return;
    member.full = true;
    void member.outlet.drained().then(() => {
      member.full = false;
      if (!this.members.has(member) || member.told === this.#end) return;
      this.serve(member);
      this.#call(this, false);
    });
  }

  serveAll(member: Member): boolean {
    while (!member.full && member.told < this.#end) this.serve(member);
    return member.told === this.#end;
  }

  /** Drops what everybody has been told, and those who are too far behind; others with room need not wait for more to come. */
  endRound(): void {
    this.#last = undefined;
    this.#forget();
    for (let found = true; found && this.#bytes > limits.watchPendingBytesMax; this.#forget()) {
      found = false;
      // Much may come at once, and is told in pieces: who takes them is not behind by himself.
      const isBurst = this.#bytes <= burstsMax * limits.watchPendingBytesMax;
      for (const member of this.members) {
        if (member.told > this.#first || (isBurst && !member.full)) continue;
        found = true;
        this.members.delete(member);
        member.full = true;
        member.outlet.cutOff();
      }
    }
    for (const member of this.members) {
      if (member.full || member.told === this.#end) continue;
      this.#call(this, true);
      break;
    }
  }

  #forget(): void {
    let told = this.#end;
    for (const member of this.members) if (member.told < told) told = member.told;
    for (const frame of this.#frames.splice(0, told - this.#first)) this.#bytes -= frame.length;
    this.#first = told;
  }

  #piece(from: number): Piece {
    // Nearly all members are equally far.
    const last = this.#last;
    if (last?.from === from && (last.to === this.#end || last.bytes.length >= pieceBytesMax)) return last;
    let index = from - this.#first;
    const begin = index;
    for (let bytes = 0; index < this.#frames.length && bytes < pieceBytesMax; index++)
      bytes += this.#frames[index]?.length ?? 0;
    const frames = this.#frames.slice(begin, index);
    const only = frames[0];
    const bytes = frames.length === 1 && only !== undefined ? only : Buffer.concat(frames);
    this.#last = { from, to: this.#first + index, bytes };
    return this.#last;
  }

  get #end(): number {
    return this.#first + this.#frames.length;
  }
}

/** The most selective of what narrows an audience. */
function bucketOf({ name, node, namespace }: Narrowing): string {
  if (name !== undefined) return `name/${name}`;
  if (node !== undefined) return `node/${node}`;
  if (namespace !== undefined) return `namespace/${namespace}`;
  return '';
}

function nodeOf(object: object): string {
  return (object as { readonly spec?: { readonly nodeName?: string } }).spec?.nodeName ?? '';
}
