// The short hash that tells a workload's pod templates apart. It depends on what the template says and not on the order
// of its fields; a collision is resolved by counting (`status.collisionCount`).

import type { PodTemplate } from '../../streams/resources/workload.ts';
import { canonicalJson, fnv1aName } from '../kit/stable-hash.ts';

export const templateHashLabel = 'pod-template-hash';

export function podTemplateHash(template: PodTemplate, collisionCount = 0): string {
  return fnv1aName(`${canonicalJson(template)}${collisionCount === 0 ? '' : collisionCount}`);
}
