// The CEL rules of a schema (`x-kubernetes-validations`) about an object. The seam between custom resources and the CEL
// engine: nothing else in this folder knows how rules are evaluated.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { evaluateRules } from '../cel/rules/evaluate-rules.ts';
import type { FieldError } from '../errors.ts';
import type { Structural } from './structural.ts';

/** Problems of the rules that do not hold; `before` is absent for a creation. Called only where the schema has rules. */
export function ruleProblems(
  structural: Structural,
  next: AnyObject,
  before: AnyObject | undefined,
): readonly FieldError[] {
  return evaluateRules(structural, next, { before }).problems;
}
