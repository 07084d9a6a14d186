// The three patch types that change an object by instruction, chosen by content type. (The fourth, apply, states what a
// manager wants and lives in server-side-apply.ts.)

import type { ObjectSchema } from '../kinds/schema.ts';
import { applyJsonPatch } from './json-patch.ts';
import type { Json, JsonObject } from './json-value.ts';
import { applyMergePatch } from './merge-patch.ts';
import type { PatchOutcome } from './outcome.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

export const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategicMerge: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

export type InstructingPatchType = (typeof patchTypes)['json' | 'merge' | 'strategicMerge'];

/** Applies a decoded patch. Inputs are never changed; an object the patch leaves as it is comes back itself. */
export const applyPatch = (request: {
  readonly type: InstructingPatchType;
  readonly object: JsonObject;
  readonly patch: Json;
  readonly schema: ObjectSchema;
}): PatchOutcome => {
  const { type, object, patch, schema } = request;
  switch (type) {
    case patchTypes.json:
      return applyJsonPatch(object, patch);
    case patchTypes.merge:
      return applyMergePatch(object, patch);
    case patchTypes.strategicMerge:
      return applyStrategicMergePatch(object, patch, schema);
  }
};
