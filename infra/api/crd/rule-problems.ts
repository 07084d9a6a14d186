// The CEL rules of a schema (`x-kubernetes-validations`) about an object. The seam between custom resources and the CEL
// engine: nothing else in this folder knows how rules are evaluated.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { evaluateRules } from '../cel/rules/evaluate-rules.ts';
import { describe, type FieldError } from '../errors.ts';
import type { Structural } from './structural.ts';

/** Problems of the rules that do not hold; `before` is absent for a creation. Called only where the schema has rules. */
export function ruleProblems(
  structural: Structural,
  next: AnyObject,
  before: AnyObject | undefined,
): readonly FieldError[] {
  const outcome = evaluateRules(structural, next, { before });
  if (outcome.forgiven.length > 0) forgiven.set(next, outcome.forgiven.map(describe));
  return outcome.problems;
}

const forgiven = new WeakMap<AnyObject, readonly string[]>();

/** What `ruleProblems` forgave about an object, because an update left it as it was: people are warned of it. */
export function ruleWarnings(next: AnyObject): readonly string[] {
  return forgiven.get(next) ?? [];
}
