// The CEL rules of a definition's schema when it is written: whether they compile against the types the schema declares,
// and what they may cost. The seam to the CEL engine on the side of definitions, as rule-problems.ts is on the side of objects.

import { checkRuleDefinitions } from '../cel/rules/check-definition.ts';
import type { Check } from '../validation/check.ts';
import type { JsonSchema } from './definition.ts';
import { structuralOf } from './structural.ts';

/** Called with a schema that is sound, at its path. */
export function ruleDefinitions(schema: JsonSchema, check: Check): void {
  if (structuralOf(schema).ruled) checkRuleDefinitions(schema, check);
}
