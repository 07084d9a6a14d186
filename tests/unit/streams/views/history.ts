// Random histories of one resource for tests of the views, and what they amount to by the plainest means.

import fc from 'fast-check';
import type { Revision } from '../../../../streams/base/brand.ts';
import { revision } from '../../../../streams/base/brand.ts';
import type { RecordedEvent, StreamName } from '../../../../streams/log/event.ts';
import { type ObjectRef, subjectOf } from '../../../../streams/log/subjects.ts';
import { encodeObject } from '../../../../streams/resources/encode.ts';
import type { AnyObject, Labels } from '../../../../streams/resources/meta.ts';
import { anEvent } from '../../../kit/events.ts';

/** One thing that happened to a pod: it was written, or it went. */
export type Step = {
  readonly namespace: string;
  readonly name: string;
  readonly gone: boolean;
  readonly labels: Labels;
  readonly owners: readonly string[];
  readonly node: string | undefined;
  /** Revisions other resources took before this one. */
  readonly skipped: number;
};

export const step: fc.Arbitrary<Step> = fc.record({
  namespace: fc.constantFrom('a', 'a-b', 'b'),
  name: fc.constantFrom('x', 'y', 'z', 'x-1'),
  gone: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  labels: fc.dictionary(fc.constantFrom('app', 'tier', 'constructor'), fc.constantFrom('1', '2')),
  owners: fc.uniqueArray(fc.constantFrom('o1', 'o2'), { maxLength: 2 }),
  node: fc.constantFrom(undefined, '', 'n1', 'n2'),
  skipped: fc.integer({ min: 0, max: 2 }),
});

export const steps = fc.array(step, { maxLength: 60, size: 'max' });

export type Told = { readonly ref: ObjectRef; readonly event: RecordedEvent; readonly object: AnyObject | undefined };

/** The events of the steps, as the log would have recorded them; deleting what is not there leaves none. */
export function recordedFrom(all: readonly Step[], { from = 0 }: { from?: number } = {}): Told[] {
  const told: Told[] = [];
  const present = new Map<string, AnyObject>();
  let at = from;
  for (const { namespace, name, gone, skipped, ...rest } of all) {
    at += 1 + skipped;
    const ref: ObjectRef = { group: '', resource: 'pods', namespace, name };
    const key = `${namespace}/${name}`;
    const before = present.get(key);
    if (gone && before === undefined) continue;
    const object = gone ? before : aPod({ namespace, name, ...rest }, at);
    if (gone) present.delete(key);
    else if (object !== undefined) present.set(key, object);
    const to = gone ? null : 'Pending';
    const event = eventAt(ref, at, { from: before === undefined ? null : 'Pending', to, object });
    told.push({ ref, event, object: gone ? undefined : object });
  }
  return told;
}

/** Key → object after every event up to the revision, in list order. */
export function naively(told: readonly Told[], upTo: number): Map<string, AnyObject> {
  const present = new Map<string, AnyObject>();
  for (const { ref, event, object } of told) {
    if (event.revision > upTo) break;
    const key = `${ref.namespace}/${ref.name}`;
    if (object === undefined) present.delete(key);
    else present.set(key, object);
  }
  return new Map([...present].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function eventAt(
  ref: ObjectRef,
  at: number,
  {
    from = null,
    to = 'Pending',
    object,
    stream = 'LOG',
  }: { from?: string | null; to?: string | null; object?: AnyObject | undefined; stream?: StreamName } = {},
): RecordedEvent {
  const bytes = object === undefined ? new Uint8Array() : encodeObject(object);
  return {
    ...anEvent({ from, to, object: bytes }),
    stream,
    subject: subjectOf(ref),
    revision: revision(at) as Revision,
  };
}

function aPod({ namespace, name, labels, owners, node }: Omit<Step, 'gone' | 'skipped'>, at: number): AnyObject {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      resourceVersion: `${at}`,
      name,
      namespace,
      uid: `${namespace}-${name}`,
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(owners.length > 0 && {
        ownerReferences: owners.map((uid) => ({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: uid, uid })),
      }),
    },
    spec: { containers: [], ...(node !== undefined && { nodeName: node }) },
  };
}
