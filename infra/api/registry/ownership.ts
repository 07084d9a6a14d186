// Who owns which field after a write that is not an apply: kept in metadata.managedFields for clients' writes.

import { type AnyObject, timestamp } from '../../../streams/resources/meta.ts';
import type { Kind } from '../kinds/kind.ts';
import { type FieldSet, setOf, union } from '../patch/field-set.ts';
import type { JsonObject } from '../patch/json-value.ts';
import { trackUpdate } from '../patch/track-update.ts';
import { strategyOf } from '../strategies/strategies.ts';
import type { RequestContext } from './context.ts';

export type OwnedWrite = {
  readonly kind: Kind;
  readonly before: AnyObject | undefined;
  readonly context: RequestContext;
  readonly nowMs: number;
  readonly subresource?: string | undefined;
};

export function own(after: AnyObject, { kind, before, context, nowMs, subresource }: OwnedWrite): AnyObject {
  if (!context.tracksOwnership) return after;
  return trackUpdate({
    schema: kind.schema,
    before: before as JsonObject | undefined,
    after: after as unknown as JsonObject,
    manager: context.agent,
    apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
    ...(subresource === undefined ? undefined : { subresource }),
    ...(kind.custom === undefined ? undefined : { versions: kind.custom.versions }),
    time: timestamp(nowMs),
    ...resetFieldsOf(kind, subresource),
  }) as unknown as AnyObject;
}

const statusFields = setOf(['f:status']);
const allButStatus = setOf(['f:spec'], ['f:metadata', 'f:finalizers'], ['f:metadata', 'f:ownerReferences']);
const metadataAndSpec = setOf(['f:metadata'], ['f:spec']);
const allButStatusAndAnnotations = union(allButStatus, setOf(['f:metadata', 'f:labels']));

/** The fields an endpoint ignores are nobody's through it: the status on the main one, all else on /status. */
export function resetFieldsOf(kind: Kind, subresource: string | undefined): { readonly resetFields?: FieldSet } {
  if (subresource === 'status') {
    if (kind.custom !== undefined) return { resetFields: metadataAndSpec };
    const { statusKeepsLabels } = strategyOf(kind);
    return { resetFields: statusKeepsLabels === true ? allButStatusAndAnnotations : allButStatus };
  }
  const hasStatus = kind.subresources.some(({ name }) => name === 'status');
  return subresource === undefined && hasStatus ? { resetFields: statusFields } : {};
}
