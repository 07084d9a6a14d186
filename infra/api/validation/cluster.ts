// What makes a Node invalid.

import type { Node } from '../../../streams/resources/node.ts';
import type { FieldError } from '../errors.ts';
import { qualifiedNameProblem } from '../registry/names.ts';
import { notSupported } from './not-supported.ts';
import { taintEffects } from './scheduling.ts';

export function nodeProblems(next: Node, before: Node | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, taint] of (next.spec?.taints ?? []).entries()) {
    const field = `spec.taints[${index}]`;
    const problem = qualifiedNameProblem(taint.key ?? '');
    if (problem !== undefined)
      errors.push({ type: 'Invalid', field: `${field}.key`, value: taint.key, detail: problem });
    errors.push(...notSupported(taint.effect, taintEffects, `${field}.effect`));
    const id = `${taint.key}:${taint.effect}`;
    if (seen.has(id))
      errors.push({ type: 'Duplicate', field, value: taint, detail: 'taints must be unique by key and effect pair' });
    seen.add(id);
  }
  for (const field of ['podCIDR', 'providerID'] as const) {
    const was = before?.spec?.[field];
    if (was !== undefined && was !== '' && next.spec?.[field] !== was) {
      errors.push({
        type: 'Forbidden',
        field: `spec.${field}`,
        detail: 'node updates may only change labels, taints, or capacity',
      });
    }
  }
  return errors;
}
