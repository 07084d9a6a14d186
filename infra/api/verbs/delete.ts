// DELETE of one object or of a collection, with DeleteOptions from the body or the query, answered as upstream does.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { ApiError, badRequest } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import type { DeleteOptions, RequestContext } from '../registry/context.ts';
import type { Deleted, Deleter } from '../registry/deletion.ts';
import type { Strategy } from '../registry/strategy.ts';
import type { Selection } from './selection.ts';

const deletesAtOnce = 64;

/** `body` is the decoded DeleteOptions, if the client sent one. */
export function deleteOptions(query: URLSearchParams, body: AnyObject | undefined): DeleteOptions {
  const given = (body ?? {}) as Readonly<Record<string, unknown>>;
  const grace = given.gracePeriodSeconds ?? query.get('gracePeriodSeconds') ?? undefined;
  const policy = given.propagationPolicy ?? query.get('propagationPolicy') ?? undefined;
  const orphans = given.orphanDependents ?? query.get('orphanDependents') ?? undefined;
  const seconds = grace === undefined ? undefined : Number(grace);
  if (seconds !== undefined && !Number.isInteger(seconds))
    throw badRequest(`gracePeriodSeconds: Invalid value: ${JSON.stringify(grace)}`);
  if (orphans !== undefined && policy !== undefined) {
    throw badRequest('orphanDependents and deletionPropagation cannot be both set');
  }
  const legacy = orphans === undefined ? undefined : String(orphans) === 'true' ? 'Orphan' : 'Background';
  return {
    gracePeriodSeconds: seconds,
    propagationPolicy: (policy as DeleteOptions['propagationPolicy']) ?? legacy,
    preconditions: given.preconditions as DeleteOptions['preconditions'],
  };
}

/** Deletes everything selected; objects that went meanwhile are no failure. */
export async function deleteCollection(
  { kind, selection, options }: { kind: Kind; selection: Selection; options: DeleteOptions },
  deleter: Deleter,
  { items, context }: { items: readonly StoredObject[]; context: RequestContext },
): Promise<void> {
  const targets = items.filter((stored) => selection.matches(stored));
  for (let start = 0; start < targets.length; start += deletesAtOnce) {
    await Promise.all(
      targets.slice(start, start + deletesAtOnce).map(async ({ ref }) => {
        try {
          await deleter.delete({ kind, namespace: ref.namespace, name: ref.name }, options, context);
        } catch (error) {
          if (!(error instanceof ApiError) || error.reason !== 'NotFound') throw error;
        }
      }),
    );
  }
}

/** What a DELETE answers: the object while something holds it, a Status once it is gone. */
export function deletionAnswer(kind: Kind, strategy: Strategy, { stored, gone }: Deleted): StoredObject | object {
  if (!gone || strategy.deleteReturnsObject === true) return stored;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: stored.ref.name,
      ...(kind.group === '' ? undefined : { group: kind.group }),
      kind: kind.resource,
      uid: stored.object.metadata.uid,
    },
  };
}
