// Holds one recorded event against everything the log promises of it: its place, the machine of its kind, the objects
// before and after, the containers inside. Invariant: an event the registry recorded on an undamaged log passes, and
// what the machine refuses passes only where the event itself says that it is unlawful.

import { absent, check, gone, type Lifecycle, transitionOf } from '../../actors/kit/lifecycle.ts';
import { sameJson } from '../../actors/kit/same-json.ts';
import { lifecycleOf as builtInLifecycleOf } from '../../actors/lifecycles.ts';
import { type Revision, revisionZero, type Subject } from '../../streams/base/brand.ts';
import { isTombstone, type RecordedEvent } from '../../streams/log/event.ts';
import { type ObjectRef, parseSubject } from '../../streams/log/subjects.ts';
import type { AnyObject } from '../../streams/resources/meta.ts';
import { kindOf } from '../api/kinds/kinds.ts';
import type { FindingKind } from './finding.ts';

export type Problem = { readonly kind: FindingKind; readonly text: string };

export type EventCheckOptions = {
  /** The last revision before the first event. Above zero the history has no beginning, and objects may just be there. */
  readonly after: Revision;
  /** The event may be the only one left of its subject, as on streams without history. */
  readonly lastOnly?: boolean;
  readonly lifecycleOf?: typeof builtInLifecycleOf;
};

type KindFacts = { readonly lifecycle: Lifecycle; readonly singular: string; readonly kind: string | undefined };

/** Parsed objects kept for the next event of the same subject. */
const parsedMax = 8_192;

export class EventCheck {
  readonly #lifecycleOf: typeof builtInLifecycleOf;
  readonly #lastOnly: boolean;
  readonly #beginsLate: boolean;
  #last: Revision;
  readonly #kinds = new Map<string, KindFacts>();
  readonly #parsed = new Map<Subject, AnyObject>();
  /** Subjects met, where an object may be there before its first event. */
  readonly #met = new Set<Subject>();

  constructor({ after, lastOnly = false, lifecycleOf = builtInLifecycleOf }: EventCheckOptions) {
    this.#lifecycleOf = lifecycleOf;
    this.#lastOnly = lastOnly;
    this.#beginsLate = lastOnly || after > revisionZero;
    this.#last = after;
  }

  /** Events must be given in the order they were read; `before` is the last event of an object that is there. */
  problems(event: RecordedEvent, before: RecordedEvent | undefined): readonly Problem[] {
    const problems: Problem[] = [];
    const report = (kind: FindingKind, text: string) => void problems.push({ kind, text });
    this.#checkPlace(event, report);
    const ref = parseSubject(event.subject);
    if (ref === undefined) report('object', `${event.subject} is not a subject of this log`);
    else {
      try {
        this.#checkObject({ event, before, ref }, report);
      } catch (error) {
        // Machines take any object the API server lets in; what it never let in may break them.
        report('object', `no machine can read its object: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return problems;
  }

  /** What is missing where the log should have gone on up to a revision. */
  missingUpTo(revision: Revision): Problem | undefined {
    if (this.#last >= revision || this.#lastOnly) return undefined;
    const text = missing(this.#last + 1, revision);
    this.#last = revision;
    return { kind: 'gap', text };
  }

  /** As `shiplog events` names it, e.g. `default pod/web-1`. */
  nameOf(event: Pick<RecordedEvent, 'subject'>): string {
    const ref = parseSubject(event.subject);
    if (ref === undefined) return event.subject;
    const name = `${this.#kind(ref).singular}/${ref.name}`;
    return ref.namespace === '' ? name : `${ref.namespace} ${name}`;
  }

  #checkPlace({ stream, revision, seen, cause }: RecordedEvent, report: Report): void {
    const last = this.#last;
    if (revision === last) report('order', `revision ${revision} was given twice`);
    else if (revision < last) report('order', `revision ${revision} comes after revision ${last}`);
    else if (revision > last + 1 && !this.#lastOnly) report('gap', `${missing(last + 1, revision - 1)} before it`);
    if (revision > last) this.#last = revision;
    if (seen >= revision) report('causality', `its author had seen revision ${seen}, which comes later`);
    if (cause?.stream === stream && cause.revision >= revision) {
      report('causality', `it is caused by revision ${cause.revision}, which comes later`);
    }
  }

  #checkObject({ event, before, ref }: Recorded, report: Report): void {
    const kind = this.#kind(ref);
    const old = before === undefined ? undefined : this.#before(before);
    const now = parse(event.object);
    // An expiry is written by the server, which knows no objects.
    const expired = isTombstone(event) && event.object.byteLength === 0;
    if (now === undefined && !expired) {
      report('object', 'it holds no object');
      return;
    }
    if (now !== undefined) checkIdentity({ now, old, ref, kind }, report);
    if (isTombstone(event)) this.#parsed.delete(event.subject);
    else if (now !== undefined) this.#keep(event.subject, now);
    const unknownBefore = this.#unknownBefore(event, before);
    if (
      isTombstone(event) &&
      before !== undefined &&
      !expired &&
      !(sameBytes(event.object, before.object) || sameJson(now, old))
    ) {
      report('object', `its object is not the one that revision ${before.revision} left`);
    }
    const after = isTombstone(event) ? undefined : now;
    this.#checkTransition({ event, before, old, after, unknownBefore }, kind.lifecycle, report);
  }

  #checkTransition(step: Stepped, lifecycle: Lifecycle, report: Report): void {
    const { event, before, old, after, unknownBefore } = step;
    const left = before === undefined ? null : before.to;
    if (!unknownBefore && event.from !== left) {
      const origin = before === undefined ? 'there was no object' : `revision ${before.revision} left ${left ?? gone}`;
      report('chain', `${arrow(event)} begins in ${event.from ?? absent}, but ${origin}`);
      return;
    }
    const { anomaly } = check(lifecycle, event);
    if (anomaly !== undefined && event.anomaly === undefined) {
      report('illegal', anomaly);
      return;
    }
    if (unknownBefore) {
      const state = after === undefined ? null : lifecycle.stateOf(after);
      if (state !== event.to) report('mismatch', `${arrow(event)} is recorded, but the object is ${state ?? gone}`);
      return;
    }
    const told = transitionOf(lifecycle, { before: old, after, from: event.from });
    if (told.type !== event.type || told.to !== event.to) {
      report('mismatch', `${arrow(event)} is recorded, but the objects tell ${arrow(told)}`);
    } else if (told.anomaly !== undefined && event.anomaly === undefined) report('illegal', told.anomaly);
  }

  /** True for an object whose beginning is not retained. */
  #unknownBefore(event: RecordedEvent, before: RecordedEvent | undefined): boolean {
    if (!this.#beginsLate) return false;
    const met = this.#met.has(event.subject);
    this.#met.add(event.subject);
    return before === undefined && !met && event.from !== null;
  }

  #before(before: RecordedEvent): AnyObject | undefined {
    return this.#parsed.get(before.subject) ?? parse(before.object);
  }

  #keep(subject: Subject, object: AnyObject): void {
    this.#parsed.delete(subject);
    this.#parsed.set(subject, object);
    if (this.#parsed.size <= parsedMax) return;
    const oldest = this.#parsed.keys().next().value;
    if (oldest !== undefined) this.#parsed.delete(oldest);
  }

  #kind({ group, resource }: ObjectRef): KindFacts {
    const id = `${resource}.${group}`;
    let known = this.#kinds.get(id);
    if (known === undefined) {
      const kind = kindOf(group, resource);
      known = {
        lifecycle: this.#lifecycleOf({ group, resource, ...(kind && { singular: kind.singular }) }),
        singular: kind?.singular ?? id,
        kind: kind?.kind,
      };
      this.#kinds.set(id, known);
    }
    return known;
  }
}

type Report = (kind: FindingKind, text: string) => void;

type Recorded = {
  readonly event: RecordedEvent;
  readonly before: RecordedEvent | undefined;
  readonly ref: ObjectRef;
};

type Stepped = {
  readonly event: RecordedEvent;
  readonly before: RecordedEvent | undefined;
  readonly old: AnyObject | undefined;
  readonly after: AnyObject | undefined;
  readonly unknownBefore: boolean;
};

function checkIdentity(
  { now, old, ref, kind }: { now: AnyObject; old: AnyObject | undefined; ref: ObjectRef; kind: KindFacts },
  report: Report,
): void {
  const { name, namespace = '', uid } = now.metadata;
  const group = now.apiVersion?.includes('/') ? now.apiVersion.slice(0, now.apiVersion.indexOf('/')) : '';
  if (name !== ref.name || namespace !== ref.namespace || group !== ref.group || (kind.kind ?? now.kind) !== now.kind) {
    const subject = [kind.kind ?? ref.resource, ref.namespace, ref.name].filter((part) => part !== '').join(' ');
    const object = [now.kind, namespace, name].filter((part) => part !== '').join(' ');
    report('object', `its subject names ${subject}, its object is ${object}`);
  } else if (old !== undefined && old.metadata.uid !== uid) {
    report('object', `its object has the uid ${uid}, the one before it ${old.metadata.uid}`);
  }
}

function parse(bytes: Uint8Array): AnyObject | undefined {
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    const value = JSON.parse(text) as Partial<AnyObject> | null;
    return typeof value?.metadata === 'object' && value.metadata !== null ? (value as AnyObject) : undefined;
  } catch {
    return undefined;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function arrow({ type, from, to }: Pick<RecordedEvent, 'type' | 'from' | 'to'>): string {
  return `${type} (${from ?? absent} → ${to ?? gone})`;
}

function missing(first: number, last: number): string {
  return first === last ? `revision ${first} is missing` : `revisions ${first} to ${last} are missing`;
}
