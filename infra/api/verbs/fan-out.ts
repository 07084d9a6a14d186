// One change, many watchers. Watchers that ask for the same in the same form are one audience: a change is matched and
// encoded once for it, and what has gathered is handed to its members as one buffer. The more the members cost, the more
// is gathered, so that ten watchers hear at once and ten thousand within a bound; the round to them is cut into slices, so
// that nobody else waits for it. Invariant: each member is told every change after it joined, once and in order.

import { setImmediate } from 'node:timers';
import type { Clock } from '../../../streams/base/clock.ts';
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

export type Membership = {
  /** Hands over what has gathered, before something else is written to the member. */
  catchUp(): void;
  leave(): void;
};

/** The longest a change waits for others to share the way with; until then as long as this keeps the rounds to a quarter of the time. */
const gatherMsMax = 40;
const gatherPerRound = 3;
const sliceMsMax = 4;

export class FanOut {
  readonly #view: ObjectView;
  readonly #clock: Clock;
  readonly #resources = new Map<string, ResourceFanOut>();

  constructor({ view, clock }: { view: ObjectView; clock: Clock }) {
    this.#view = view;
    this.#clock = clock;
  }

  /** From the next change on, `write` is called with what the audience is told. */
  join(spec: AudienceSpec, write: (frames: Buffer) => void): Membership {
    const id = `${spec.resource.group}/${spec.resource.resource}`;
    let fanOut = this.#resources.get(id);
    if (fanOut === undefined) {
      fanOut = new ResourceFanOut(this.#view, spec.resource, this.#clock);
      this.#resources.set(id, fanOut);
    }
    return fanOut.join(spec, write);
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
  #gatherMs = 0;
  #scheduled = false;

  constructor(view: ObjectView, resource: ResourceName, clock: Clock) {
    this.#view = view;
    this.#resource = resource;
    this.#clock = clock;
  }

  join({ key, narrowing, frame }: AudienceSpec, write: (frames: Buffer) => void): Membership {
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
      audience = new Audience(frame);
      bucket.set(key, audience);
    }
    const joined = audience;
    const member = joined.add(write);
    return {
      catchUp: () => joined.serve(member),
      leave: () => {
        joined.members.delete(member);
        if (joined.members.size === 0) this.#disband(bucketKey, key, joined);
      },
    };
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
    for (const audience of bucket.values()) {
      if (!audience.push(change) || audience.eager) continue;
      audience.eager = true;
      this.#eager.push(audience);
    }
    if (this.#eager.length === 0 || this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#gatherMs === 0) setImmediate(() => this.#round());
    else this.#clock.after(this.#gatherMs, () => this.#round());
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
    this.#gatherMs = Math.min(gatherMsMax, Math.floor(spentMs * gatherPerRound));
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
    audience.forget();
  }
}

/** How far a member has been told, as a count of the audience's frames. */
type Member = { readonly write: (frames: Buffer) => void; told: number };

class Audience {
  readonly members = new Set<Member>();
  /** Waits for the next round. */
  eager = false;
  readonly #frame: AudienceSpec['frame'];
  #frames: Buffer[] = [];
  #first = 0;
  #last: { readonly from: number; readonly to: number; readonly bytes: Buffer } | undefined;

  constructor(frame: AudienceSpec['frame']) {
    this.#frame = frame;
  }

  add(write: Member['write']): Member {
    const member = { write, told: this.#end };
    this.members.add(member);
    return member;
  }

  /** True where the audience has something to be told. */
  push(change: Change): boolean {
    const frame = this.#frame(change);
    if (frame === undefined) return false;
    this.#frames.push(frame);
    return true;
  }

  serve(member: Member): void {
    const to = this.#end;
    const from = member.told;
    if (from === to) return;
    member.told = to;
    // Nearly all members are equally far.
    if (this.#last?.from !== from || this.#last.to !== to) {
      const frames = this.#frames.slice(from - this.#first);
      const only = frames[0];
      this.#last = { from, to, bytes: frames.length === 1 && only !== undefined ? only : Buffer.concat(frames) };
    }
    member.write(this.#last.bytes);
  }

  /** Drops what everybody has been told. */
  forget(): void {
    let told = this.#end;
    for (const member of this.members) if (member.told < told) told = member.told;
    this.#frames.splice(0, told - this.#first);
    this.#first = told;
    this.#last = undefined;
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
