// The scale subresource: replicas of any workload through one kind, autoscaling/v1 Scale.

import type { AnyObject, LabelSelector } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { badRequest, invalid } from '../errors.ts';
import { setOf } from '../patch/field-set.ts';
import type { Json, JsonObject } from '../patch/json-value.ts';
import { managedFieldsOf, withManagedFields } from '../patch/managed-fields.ts';
import { ownersAfterScale, scaleOwners } from '../patch/scale-owners.ts';
import type { RequestContext } from '../registry/context.ts';
import type { Registry, Target } from '../registry/registry.ts';
import { apiVersionOf } from '../render/render.ts';
import { selectorText } from '../tables/cells.ts';

type Scalable = {
  readonly spec?: { readonly replicas?: number; readonly selector?: LabelSelector };
  readonly status?: { readonly replicas?: number };
};

export function scaleOf(stored: StoredObject): AnyObject {
  const { metadata } = stored.object;
  const { spec, status } = stored.object as unknown as Scalable;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as AnyObject['metadata'],
    spec: spec?.replicas === undefined || spec.replicas === 0 ? {} : { replicas: spec.replicas },
    status: { replicas: status?.replicas ?? 0, selector: selectorText(spec?.selector).replace('<none>', '') },
  };
}

export type ScaleChange = {
  /** May be called again after a lost race. */
  readonly change: (scale: AnyObject) => AnyObject;
  readonly repeatable: boolean;
  /** The change reads and brings up to date who owns the replicas (server-side apply). */
  readonly ownershipSettled?: boolean;
};

const replicasField = setOf(['f:spec', 'f:replicas']);

/** Sets the replicas to what the changed Scale says. */
export async function updateScale(
  registry: Registry,
  { target, change, ...how }: ScaleChange & { readonly target: Target },
  context: RequestContext,
): Promise<StoredObject> {
  const settled = how.ownershipSettled === true;
  const scaled = (current: StoredObject): AnyObject => {
    const scale = scaleOf(current);
    const next = change(settled ? withOwners(scale, ownersOf(current.object)) : scale);
    const { name = '' } = next.metadata ?? {};
    if (name !== '' && name !== target.name)
      throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
    const replicas = (next.spec as { readonly replicas?: unknown } | undefined)?.replicas ?? 0;
    if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
      throw badRequest(
        `Scale in version "v1" cannot be handled as a Scale: spec.replicas is not an integer: ${JSON.stringify(replicas)}`,
      );
    }
    if (replicas < 0) {
      throw invalid({ group: 'autoscaling', kind: 'Scale' }, target.name, [
        { type: 'Invalid', field: 'spec.replicas', value: replicas, detail: 'must be greater than or equal to 0' },
      ]);
    }
    const { object } = current;
    const changed = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: next.metadata?.resourceVersion ?? '' },
      spec: { ...(object.spec as object), replicas },
    } as AnyObject;
    return settled ? withOwners(changed, ownersAfter(object, next, apiVersionOf(target.kind))) : changed;
  };
  return registry.update(target, { change: scaled, subresource: 'scale', ...how }, context);
}

function ownersOf(scaled: AnyObject): Json | undefined {
  return scaleOwners(entriesOf(scaled), replicasField);
}

function ownersAfter(object: AnyObject, scale: AnyObject, apiVersion: string): Json | undefined {
  return ownersAfterScale(entriesOf(object), { entries: entriesOf(scale), replicas: replicasField, apiVersion });
}

function entriesOf(object: AnyObject): Json | undefined {
  return managedFieldsOf(object as unknown as JsonObject);
}

function withOwners(object: AnyObject, entries: Json | undefined): AnyObject {
  return withManagedFields(object as unknown as JsonObject, entries) as unknown as AnyObject;
}
