// PATCH in its four types. An instructing patch is applied to the newest version and decided again after a lost race;
// an apply states what its manager wants and may create the object (facts §3.7, §3.9).

import { type AnyObject, timestamp } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { ApiError, badRequest, invalid, notFound } from '../errors.ts';
import type { StatusReason } from '../http/status.ts';
import type { Kind } from '../kinds/kind.ts';
import { applyPatch, type InstructingPatchType, patchTypes } from '../patch/apply-patch.ts';
import { conversionFailure } from '../patch/conversion-text.ts';
import type { Json, JsonObject } from '../patch/json-value.ts';
import { type ApplyOutcome, applyConfiguration } from '../patch/server-side-apply.ts';
import type { RequestContext } from '../registry/context.ts';
import { resetFieldsOf } from '../registry/ownership.ts';
import type { Registry, Target } from '../registry/registry.ts';
import { asKind, asStored } from '../render/convert.ts';
import { apiVersionOf } from '../render/render.ts';

export type Patch = {
  readonly type: string;
  readonly body: Json;
  readonly subresource: string | undefined;
  readonly force: boolean;
  /** Given by the client in the query; an apply must name its manager. */
  readonly fieldManager: string;
  /** The kind the client named, in whose form it patches, where objects are stored as another. */
  readonly face?: Kind;
  /** Checks the patched object's fields as fieldValidation says, and drops unknown ones. */
  readonly conform: (object: AnyObject) => AnyObject;
  /** Called before an apply makes an object that is not there; throws where it may not. */
  readonly beforeCreation?: () => void;
};

export type Patched = { readonly stored: StoredObject; readonly created: boolean };

const allPatchTypes: readonly string[] = Object.values(patchTypes);
const customPatchTypes = allPatchTypes.filter((type) => type !== patchTypes.strategicMerge);

/** Media types of patches. Strategic merge needs to know Go's types, which custom resources have none of. */
export function patchTypesOf({ custom }: Kind): readonly string[] {
  return custom === undefined ? allPatchTypes : customPatchTypes;
}

export async function patchObject(
  registry: Registry,
  { target, patch }: { target: Target; patch: Patch },
  context: RequestContext,
): Promise<Patched> {
  if (patch.type === patchTypes.apply) return apply(registry, { target, patch }, context);
  const type = patch.type as InstructingPatchType;
  const { face = target.kind } = patch;
  const change = (current: StoredObject): AnyObject => {
    const before = asKind(current.object, face) as unknown as JsonObject;
    const outcome = applyPatch({ type, object: before, patch: patch.body, schema: face.schema });
    if (outcome.kind === 'invalid') throw refused(outcome);
    if (outcome.object === before) return current.object;
    return asStored(conformed(outcome.object as unknown as AnyObject, { type, patch }), face, current.object);
  };
  const update = {
    change,
    repeatable: true,
    ...(patch.subresource !== undefined && { subresource: patch.subresource }),
  };
  return { stored: await registry.update(target, update, context), created: false };
}

function conformed(object: AnyObject, { type, patch }: { type: InstructingPatchType; patch: Patch }): AnyObject {
  try {
    return patch.conform(object);
  } catch (error) {
    if (type !== patchTypes.strategicMerge || !(error instanceof ApiError)) throw error;
    const failure = conversionFailure(error.message, patch.body);
    throw failure === undefined ? error : invalid({ group: '', kind: '' }, '', [failure]);
  }
}

async function apply(
  registry: Registry,
  { target, patch }: { target: Target; patch: Patch },
  context: RequestContext,
): Promise<Patched> {
  const { kind, namespace, name } = target;
  checkManager(patch);
  const configuration = patch.body as unknown as AnyObject;
  // Checked for its fields only: what is applied is what the client wrote, without the empty values Go would print.
  // A custom resource's schema refuses unknown fields of its own accord.
  const checked = kind.custom === undefined && typeof configuration === 'object' && configuration !== null;
  if (checked) patch.conform(configuration);
  const { face = kind } = patch;
  const applied = (stored: AnyObject | undefined): AnyObject => {
    const before = stored && asKind(stored, face);
    const next = applyTo({ registry, kind: face, before, configuration, patch });
    return next === before && stored !== undefined ? stored : asStored(next, face, stored);
  };
  if (registry.find(target) === undefined) {
    if (patch.subresource !== undefined) throw notFound(kind, name);
    if (configuration.metadata?.resourceVersion) throw conflictOnCreate(kind, name);
    patch.beforeCreation?.();
    const body = applied(undefined);
    const named = { ...body, metadata: { ...body.metadata, name } } as AnyObject;
    const quiet = { ...context, tracksOwnership: false };
    return { stored: await registry.create({ kind, namespace, body: named }, quiet), created: true };
  }
  const update = {
    change: (current: StoredObject) => applied(current.object),
    repeatable: true,
    ownershipSettled: true,
    ...(patch.subresource !== undefined && { subresource: patch.subresource }),
  };
  return { stored: await registry.update(target, update, context), created: false };
}

/** An apply without a manager owns nothing and is refused. */
export function checkManager({ fieldManager }: Pick<Patch, 'fieldManager'>): void {
  if (fieldManager !== '') return;
  throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
    { type: 'Required', field: 'fieldManager', detail: 'is required for apply patch' },
  ]);
}

function applyTo({
  registry,
  kind,
  before,
  configuration,
  patch,
}: {
  registry: Registry;
  kind: Kind;
  before: AnyObject | undefined;
  configuration: AnyObject;
  patch: Patch;
}): AnyObject {
  const outcome = applyConfiguration({
    schema: kind.schema,
    before: before as unknown as JsonObject | undefined,
    configuration: configuration as unknown as JsonObject,
    manager: patch.fieldManager,
    force: patch.force,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    ...(patch.subresource === undefined ? undefined : { subresource: patch.subresource }),
    ...(kind.custom === undefined ? undefined : { versions: kind.custom.versions }),
    time: timestamp(registry.now()),
    ...resetFieldsOf(kind, patch.subresource),
  });
  const applied = appliedOf(outcome);
  return applied === before ? before : patch.conform(applied);
}

/** What the apply made of the object; a conflict or a configuration that cannot be applied is thrown. */
export function appliedOf(outcome: ApplyOutcome): AnyObject {
  switch (outcome.kind) {
    case 'applied':
      return outcome.object as unknown as AnyObject;
    case 'conflict': {
      const { message, causes } = outcome;
      throw new ApiError({ code: 409, reason: 'Conflict', message, details: { causes } });
    }
    case 'invalid':
      throw refused(outcome);
  }
}

/** What a patch that cannot be carried out answers. */
export function refused(failure: { reason: string; code: number; message: string }): ApiError {
  return new ApiError({ code: failure.code, reason: failure.reason as StatusReason, message: failure.message });
}

function conflictOnCreate(kind: Kind, name: string): ApiError {
  return badRequest(
    `resourceVersion should not be set on objects to be created: ${kind.resource} "${name}" does not exist`,
  );
}
