// Turns a decided change into one recorded event: names the transition with the kind's machine, appends it with the
// expectation it was decided on, and waits until the view has taken it in, so that whoever asked then reads their
// write. Nothing is acknowledged before the log acknowledged it.

import { type Lifecycle, transitionOf } from '../../../actors/kit/lifecycle.ts';
import type { Revision } from '../../../streams/base/brand.ts';
import type { Clock } from '../../../streams/base/clock.ts';
import { limits } from '../../../streams/base/limits.ts';
import type { Random } from '../../../streams/base/random.ts';
import { EventTooLarge, LogClosed, LogFull, LogUnavailable } from '../../../streams/log/errors.ts';
import type { Author, EventId, LogEvent } from '../../../streams/log/event.ts';
import type { ClusterLog, Expectation } from '../../../streams/log/event-log.ts';
import { type ObjectRef, streamOf, subjectOf } from '../../../streams/log/subjects.ts';
import { encodeObject } from '../../../streams/resources/encode.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import { StoredObject } from '../../../streams/views/stored-object.ts';
import { ApiError, logUnavailable } from '../errors.ts';
import type { RequestContext } from './context.ts';

export type Decision = {
  readonly ref: ObjectRef;
  readonly lifecycle: Lifecycle;
  readonly before: StoredObject | undefined;
  /** Absent for a deletion. */
  readonly after: AnyObject | undefined;
  /** What had been seen when this was decided, where something was waited for since; absent: what is seen now. */
  readonly seen?: Revision | undefined;
};

export type Recorded =
  | { readonly kind: 'recorded'; readonly stored: StoredObject }
  /** Somebody else wrote first. The view has caught up with them where their revision is known. */
  | { readonly kind: 'conflict' };

export class Recorder {
  readonly #log: ClusterLog;
  readonly #view: ObjectView;
  readonly #clock: Clock;
  readonly #idPrefix: string;
  #idCounter = 0;
  #lastTimeMs = 0;

  constructor(ports: { log: ClusterLog; view: ObjectView; clock: Clock; random: Random }) {
    this.#log = ports.log;
    this.#view = ports.view;
    this.#clock = ports.clock;
    this.#idPrefix = ports.random.uuid().replaceAll('-', '').slice(0, 16);
  }

  /** The writer's clock; it stands still while the machine's clock is behind what is already recorded. */
  now(): number {
    this.#lastTimeMs = Math.max(this.#lastTimeMs, this.#view.newestTimeMs, this.#clock.now());
    return this.#lastTimeMs;
  }

  async record(decision: Decision, context: RequestContext): Promise<Recorded> {
    const { ref, before, after } = decision;
    const stream = streamOf(ref);
    const event = this.#event(decision, context);
    const expect: Expectation = before === undefined ? { kind: 'absent' } : { kind: 'at', revision: before.revision };
    if (context.dryRun) return { kind: 'recorded', stored: this.#imagined(decision, event) };
    // Nobody but the log ever parses heartbeats and core Events, and what clients sent is theirs.
    const { written } = this.#view;
    if (after !== undefined && stream === 'LOG' && context.inProcess === true)
      written.expect(event.id, after, before?.object);
    try {
      const outcome = await this.#append({ ref, expect, event });
      if (outcome.kind === 'conflict') {
        if (outcome.actual !== undefined) await this.#view.reached(stream, outcome.actual);
        return { kind: 'conflict' };
      }
      await this.#view.reached(stream, outcome.revision);
      const current = after === undefined ? undefined : this.#view.stored(ref, ref);
      if (current?.revision === outcome.revision) return { kind: 'recorded', stored: current };
      return { kind: 'recorded', stored: new StoredObject(ref, { ...event, revision: outcome.revision }) };
    } finally {
      written.forget(event.id);
    }
  }

  #event({ ref, lifecycle, before, after, seen }: Decision, context: RequestContext): LogEvent {
    const transition = transitionOf(lifecycle, { before: before?.object, after, from: before?.state ?? null });
    const object = after === undefined ? (before?.encoded() ?? new Uint8Array()) : encodeObject(after);
    if (object.byteLength > limits.objectBytesMax) {
      throw new ApiError({
        code: 413,
        reason: 'RequestEntityTooLarge',
        message: `Request entity too large: limit is ${limits.objectBytesMax}`,
      });
    }
    return {
      id: `${this.#idPrefix}-${(this.#idCounter++).toString(36)}` as EventId,
      ...transition,
      timeMs: this.now(),
      author: authorOf(context),
      cause: context.cause,
      seen: seen ?? this.#view.revision(streamOf(ref)),
      object,
    };
  }

  async #append({ ref, expect, event }: { ref: ObjectRef; expect: Expectation; event: LogEvent }) {
    try {
      return await this.#log.streams[streamOf(ref)].append({ subject: subjectOf(ref), expect, event });
    } catch (error) {
      throw translate(error);
    }
  }

  /** What a dry run answers: the object as it would be, at the revision it was decided on. */
  #imagined({ ref, before }: Decision, event: LogEvent): StoredObject {
    const revision = before?.revision ?? (0 as Revision);
    return new StoredObject(ref, { ...event, revision });
  }
}

/** As upstream's audit log cuts it. */
const userAgentCharsMax = 1_024;

function authorOf({ user, agent, client }: RequestContext): Author {
  const named = agent === '' ? undefined : { agent };
  if (client === undefined) return { user: user.username, ...named };
  const { impersonator, userAgent, address } = client;
  const who = impersonator ?? user;
  return {
    user: who.username,
    groups: who.groups,
    ...(impersonator && { impersonatedUser: user.username }),
    ...named,
    ...(userAgent !== '' && { userAgent: userAgent.slice(0, userAgentCharsMax) }),
    ...(address !== '' && { sourceIP: address }),
  };
}

function translate(error: unknown): unknown {
  if (error instanceof LogUnavailable || error instanceof LogClosed) return logUnavailable(error);
  if (error instanceof LogFull) {
    return new ApiError({
      code: 507,
      reason: 'InternalError',
      message: `the cluster's log has reached its quota and takes no more changes: ${error.message}; raise --log-quota or delete the data directory's history`,
      cause: error,
    });
  }
  if (error instanceof EventTooLarge) {
    return new ApiError({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: `Request entity too large: ${error.message}`,
    });
  }
  return error;
}
