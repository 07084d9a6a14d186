// What an update may touch, and what it means: the main endpoint leaves the status alone, /status everything but the
// status and some metadata, the version a client names is a lock, and an object nothing holds any more goes.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { conflict, type FieldError, invalid } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import type { JsonObject } from '../patch/json-value.ts';
import { withoutTimeOnlyChange } from '../patch/track-update.ts';
import { equal } from './equal.ts';
import type { Strategy } from './strategy.ts';

/** Nothing holds a deleted object any more once its grace is over and its last finalizer is gone. */
export function finished({ metadata, spec }: AnyObject): boolean {
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers?.length ?? 0) > 0) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  // A namespace is also held by the finalizers in its spec (`kubernetes`), which only /finalize removes.
  const held = (spec as { readonly finalizers?: readonly string[] } | undefined)?.finalizers;
  return !Array.isArray(held) || held.length === 0;
}

export function withoutStatus(object: AnyObject): AnyObject {
  const { status: _, ...rest } = object;
  return rest as AnyObject;
}

export function withStatusOf(object: AnyObject, before: AnyObject): AnyObject {
  const without = withoutStatus(object);
  return before.status === undefined ? without : ({ ...without, status: before.status } as AnyObject);
}

/** A status write takes the status, annotations, most kinds' labels and managedFields; the rest stays. */
export function onlyStatus(object: AnyObject, before: AnyObject, strategy: Strategy): AnyObject {
  const { annotations, labels, managedFields } =
    strategy.statusKeepsMetadata === true
      ? { ...before.metadata, managedFields: object.metadata.managedFields }
      : object.metadata;
  const {
    annotations: _a,
    labels: labelsBefore,
    managedFields: _m,
    ...kept
  } = before.metadata as Omit<AnyObject['metadata'], 'labels'> & { labels?: Readonly<Record<string, string>> };
  const labelsAfter = strategy.statusKeepsLabels === true ? labelsBefore : labels;
  const metadata = {
    ...kept,
    ...(labelsAfter === undefined ? undefined : { labels: labelsAfter }),
    ...(annotations === undefined ? undefined : { annotations }),
    ...(managedFields === undefined ? undefined : { managedFields }),
  };
  const { status: _, ...rest } = before;
  return { ...rest, metadata, ...(object.status === undefined ? undefined : { status: object.status }) } as AnyObject;
}

/** Endpoints that change the spec as the user wants it; a binding only notes where it runs. */
const changingSpec: ReadonlySet<string> = new Set(['scale', 'ephemeralcontainers', 'resize']);

/** The object with its generation counted up where its spec has changed. */
export function counted(
  object: AnyObject,
  before: AnyObject,
  { strategy, subresource }: { strategy: Strategy; subresource: string | undefined },
): AnyObject {
  const { generation } = strategy;
  if (generation === undefined || generation === false) return object;
  if (subresource !== undefined && !changingSpec.has(subresource)) return object;
  const counts = generation === '*' ? contentOf : fieldOf(generation === true ? 'spec' : generation);
  const annotated =
    strategy.generationOfAnnotations === true && !equal(object.metadata.annotations, before.metadata.annotations);
  if (!annotated && equal(counts(object), counts(before))) return object;
  return { ...object, metadata: { ...object.metadata, generation: (before.metadata.generation ?? 0) + 1 } };
}

function contentOf({ metadata: _, ...content }: AnyObject): object {
  return content;
}

function fieldOf(field: string): (object: AnyObject) => unknown {
  return (object) => object[field];
}

/** True where the client named the version it means: then a lost race is the client's to solve. */
export function checkLock({
  kind,
  name,
  given,
  before,
  uid,
  strategy,
}: {
  kind: Kind;
  name: string;
  given: AnyObject;
  before: AnyObject;
  /** The object the writer means, where it says so apart from the object. */
  uid: string | undefined;
  strategy: Strategy;
}): boolean {
  const wantedUid = uid ?? given.metadata.uid;
  if (wantedUid !== undefined && wantedUid !== '' && wantedUid !== before.metadata.uid) {
    throw conflict(
      kind,
      name,
      `Precondition failed: UID in precondition: ${wantedUid}, UID in object meta: ${before.metadata.uid}`,
    );
  }
  const version = given.metadata.resourceVersion;
  if (version === undefined || version === '' || version === '0') {
    if (strategy.unconditionalUpdate === false) {
      const value = version === '' ? '' : 0;
      throw invalid(kind, name, [
        { type: 'Invalid', field: 'metadata.resourceVersion', value, detail: 'must be specified for an update' },
      ]);
    }
    return false;
  }
  if (version !== before.metadata.resourceVersion) throw conflict(kind, name);
  return true;
}

/** An object that is being deleted may lose finalizers and gain none. */
export function finalizerProblems(object: AnyObject, before: AnyObject): FieldError[] {
  if (before.metadata.deletionTimestamp === undefined) return [];
  const old = new Set(before.metadata.finalizers ?? []);
  const added = (object.metadata.finalizers ?? []).filter((finalizer) => !old.has(finalizer));
  if (added.length === 0) return [];
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
  return [
    {
      type: 'Forbidden',
      field: 'metadata.finalizers',
      detail: `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    },
  ];
}

/** Owning the same fields at another time is no change. */
export function changesNothing(object: AnyObject, before: AnyObject): boolean {
  if (equal(object, before)) return true;
  const [was, is] = [before as unknown as JsonObject, object as unknown as JsonObject];
  return withoutTimeOnlyChange(was, is) === was;
}
