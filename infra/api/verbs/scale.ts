// The scale subresource: replicas of any workload through one kind, autoscaling/v1 Scale.

import type { AnyObject, LabelSelector, Labels } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { noReplicas, type ScaleNumbers, scaleNumbers, withReplicas } from '../crd/custom-scale.ts';
import { badRequest, invalid } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import { type FieldSet, setOf } from '../patch/field-set.ts';
import type { Json, JsonObject } from '../patch/json-value.ts';
import { managedFieldsOf, withManagedFields } from '../patch/managed-fields.ts';
import { ownersAfterScale, scaleOwners } from '../patch/scale-owners.ts';
import type { RequestContext } from '../registry/context.ts';
import type { Registry, Target } from '../registry/registry.ts';
import { apiVersionOf } from '../render/render.ts';
import { selectorText } from '../tables/cells.ts';

type Scalable = {
  readonly spec?: { readonly replicas?: number; readonly selector?: LabelSelector | Labels };
  readonly status?: { readonly replicas?: number };
};

/** Throws InternalError for a custom resource that says nothing about replicas, unless it is about to. */
export function scaleOf(stored: StoredObject, { custom }: Pick<Kind, 'custom'>, setting = false): AnyObject {
  const paths = custom?.scale;
  if (paths === undefined) return scaleWith(stored, numbersOf(stored));
  const numbers = scaleNumbers(stored.object, paths);
  if (numbers.replicas === undefined && !setting) throw noReplicas(paths);
  return scaleWith(stored, numbers);
}

function numbersOf({ object }: StoredObject): ScaleNumbers {
  const { spec, status } = object as unknown as Scalable;
  // Replication controllers select by plain labels.
  const selects = object.kind === 'ReplicationController' ? { matchLabels: spec?.selector as Labels } : spec?.selector;
  const selector = selectorText(selects).replace('<none>', '');
  return { replicas: spec?.replicas, current: status?.replicas ?? 0, selector };
}

function scaleWith({ object }: StoredObject, { replicas, current, selector }: ScaleNumbers): AnyObject {
  const { metadata } = object;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as AnyObject['metadata'],
    spec: replicas === undefined || replicas === 0 ? {} : { replicas },
    status: { replicas: current, ...(selector !== '' && { selector }) },
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

/** Where the scaled object keeps its replicas. */
function replicasOf({ custom }: Kind): FieldSet {
  const path = custom?.scale?.specReplicasPath;
  return path === undefined
    ? replicasField
    : setOf(
        path
          .replace(/^\./, '')
          .split('.')
          .map((key) => `f:${key}`),
      );
}

/** Sets the replicas to what the changed Scale says. */
export async function updateScale(
  registry: Registry,
  { target, change, ...how }: ScaleChange & { readonly target: Target },
  context: RequestContext,
): Promise<StoredObject> {
  const settled = how.ownershipSettled === true;
  const scaled = (current: StoredObject): AnyObject => {
    const { kind } = target;
    const paths = kind.custom?.scale;
    const scale = scaleOf(current, kind, true);
    const next = change(settled ? withOwners(scale, ownersOf(current.object, kind)) : scale);
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
    // Without a version the newest is meant, also where the object itself may not be replaced without one.
    const unlocked = paths === undefined ? '' : (object.metadata.resourceVersion ?? '');
    const metadata = { ...object.metadata, resourceVersion: next.metadata?.resourceVersion || unlocked };
    const scaled = paths === undefined ? withSpec(object, replicas) : withReplicas(object, paths, replicas);
    const changed = { ...scaled, metadata } as AnyObject;
    return settled ? withOwners(changed, ownersAfter(object, next, kind)) : changed;
  };
  return registry.update(target, { change: scaled, subresource: 'scale', ...how }, context);
}

function withSpec(object: AnyObject, replicas: number): AnyObject {
  return { ...object, spec: { ...(object.spec as object), replicas } } as AnyObject;
}

function ownersOf(scaled: AnyObject, kind: Kind): Json | undefined {
  return scaleOwners(entriesOf(scaled), replicasOf(kind));
}

function ownersAfter(object: AnyObject, scale: AnyObject, kind: Kind): Json | undefined {
  const [replicas, apiVersion] = [replicasOf(kind), apiVersionOf(kind)];
  return ownersAfterScale(entriesOf(object), { entries: entriesOf(scale), replicas, apiVersion });
}

function entriesOf(object: AnyObject): Json | undefined {
  return managedFieldsOf(object as unknown as JsonObject);
}

function withOwners(object: AnyObject, entries: Json | undefined): AnyObject {
  return withManagedFields(object as unknown as JsonObject, entries) as unknown as AnyObject;
}
