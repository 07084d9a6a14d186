// DELETE of one object or of a collection, with DeleteOptions from the body or the query, answered as upstream does.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { ApiError, badRequest, type FieldError, invalid } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import type { DeleteOptions, RequestContext } from '../registry/context.ts';
import type { Deleted, Deleter } from '../registry/deletion.ts';
import type { Strategy } from '../registry/strategy.ts';
import { truthy } from './list-options.ts';
import type { Selection } from './selection.ts';

const deletesAtOnce = 64;

export type AskedDeletion = DeleteOptions & { readonly dryRun: boolean };

type Given = {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly orphanDependents?: boolean | undefined;
  readonly preconditions?: DeleteOptions['preconditions'];
  readonly dryRun?: readonly string[] | undefined;
};

/** `body` is the decoded DeleteOptions, if the client sent one: then the query's options do not count. */
export function deleteOptions(query: URLSearchParams, body: AnyObject | undefined): AskedDeletion {
  const given: Given = body === undefined ? fromQuery(query) : (body as unknown as Given);
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun = [] } = given;
  const errors = problems(given);
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  const legacy = orphanDependents === undefined ? undefined : orphanDependents ? 'Orphan' : 'Background';
  return {
    gracePeriodSeconds,
    propagationPolicy: (propagationPolicy as DeleteOptions['propagationPolicy']) ?? legacy,
    preconditions,
    dryRun: dryRun.length > 0,
  };
}

function fromQuery(query: URLSearchParams): Given {
  const grace = query.get('gracePeriodSeconds') ?? undefined;
  if (grace !== undefined && !/^[+-]?[0-9]{1,15}$/.test(grace))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
  const orphans = query.get('orphanDependents');
  return {
    gracePeriodSeconds: grace === undefined ? undefined : Number(grace),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    orphanDependents: orphans === null ? undefined : truthy(orphans),
    dryRun: query.getAll('dryRun'),
  };
}

const policies = ['Foreground', 'Background', 'Orphan'];

function problems({ orphanDependents, propagationPolicy, dryRun = [] }: Given): FieldError[] {
  const errors: FieldError[] = [];
  const field = 'propagationPolicy';
  if (orphanDependents !== undefined && propagationPolicy !== undefined) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push({ type: 'Invalid', field, value: propagationPolicy, detail });
  }
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    errors.push({ type: 'NotSupported', field, value: propagationPolicy, supported: [...policies, 'nil'] });
  }
  const unknown = dryRun.find((value) => value !== 'All');
  if (unknown !== undefined) errors.push({ type: 'NotSupported', field: 'dryRun', value: unknown, supported: ['All'] });
  return errors;
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
