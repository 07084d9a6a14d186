// The scale subresource: replicas of any workload through one kind, autoscaling/v1 Scale.

import type { AnyObject, LabelSelector } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { badRequest, invalid } from '../errors.ts';
import type { RequestContext } from '../registry/context.ts';
import type { Registry, Target } from '../registry/registry.ts';
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

/** Sets the replicas to what the changed Scale says. `change` may be called again after a lost race. */
export async function updateScale(
  registry: Registry,
  { target, change, repeatable }: { target: Target; change: (scale: AnyObject) => AnyObject; repeatable: boolean },
  context: RequestContext,
): Promise<StoredObject> {
  const scaled = (current: StoredObject): AnyObject => {
    const next = change(scaleOf(current));
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
    return {
      ...object,
      metadata: { ...object.metadata, resourceVersion: next.metadata?.resourceVersion ?? '' },
      spec: { ...(object.spec as object), replicas },
    } as AnyObject;
  };
  return registry.update(target, { change: scaled, subresource: 'scale', repeatable }, context);
}
