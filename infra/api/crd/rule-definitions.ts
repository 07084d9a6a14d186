// The CEL rules of a definition's schema when it is written: whether they compile against the types the schema declares,
// and what they may cost. The seam to the CEL engine on the side of definitions, as rule-problems.ts is on the side of objects.

import { checkRuleDefinitions } from '../cel/rules/check-definition.ts';
import { evaluateDefaultRules } from '../cel/rules/evaluate-rules.ts';
import type { FieldError } from '../errors.ts';
import type { Check } from '../validation/check.ts';
import type { JsonSchema } from './definition.ts';
import { type Structural, structuralOf } from './structural.ts';

/** Called with a schema that is sound, at its path. */
export function ruleDefinitions(schema: JsonSchema, check: Check): void {
  if (structuralOf(schema).ruled) checkRuleDefinitions(schema, check);
}

/** Problems of rules with a default, which has to hold as a new value and as one that stays; paths begin with `path`. */
export function defaultRuleProblems(schema: Structural, value: unknown, path: string): readonly FieldError[] {
  return schema.ruled ? evaluateDefaultRules(schema, value, path) : [];
}
