// PATCH of the scale subresource: the Scale is patched as a built-in object of its own. An apply owns the replicas, and
// collides with whoever owns them as fields of the scaled object.

import { assert } from '../../../streams/base/assert.ts';
import { type AnyObject, timestamp } from '../../../streams/resources/meta.ts';
import { typeSchema } from '../kinds/facts.ts';
import { applyPatch, type InstructingPatchType, patchTypes } from '../patch/apply-patch.ts';
import type { JsonObject } from '../patch/json-value.ts';
import { applyConfiguration } from '../patch/server-side-apply.ts';
import { appliedOf, checkManager, type Patch, refused } from './patch.ts';
import type { ScaleChange } from './scale.ts';

/** What the patch makes of a Scale. `nowMs` dates what an apply comes to own. */
export function scaleChange(patch: Patch, nowMs: number): ScaleChange {
  const schema = typeSchema('io.k8s.api.autoscaling.v1.Scale');
  assert(schema !== undefined, 'a Scale has a schema');
  if (patch.type !== patchTypes.apply) {
    const type = patch.type as InstructingPatchType;
    const change = (scale: AnyObject): AnyObject => {
      const outcome = applyPatch({ type, object: scale as unknown as JsonObject, patch: patch.body, schema });
      if (outcome.kind === 'invalid') throw refused(outcome);
      return outcome.object as unknown as AnyObject;
    };
    return { change, repeatable: true };
  }
  checkManager(patch);
  const change = (scale: AnyObject): AnyObject =>
    appliedOf(
      applyConfiguration({
        schema,
        before: scale as unknown as JsonObject,
        configuration: patch.body as unknown as JsonObject,
        manager: patch.fieldManager,
        force: patch.force,
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        subresource: 'scale',
        time: timestamp(nowMs),
      }),
    );
  return { change, repeatable: true, ownershipSettled: true };
}
