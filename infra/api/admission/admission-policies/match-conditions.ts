// Conditions that narrow what a policy or a webhook is asked about. One that is false decides; an error does only where
// none is false.

import type { Bindings } from '../../cel/cel.ts';
import type { CompiledExpression } from './compiled-policy.ts';
import { OutOfBudget, PolicyEvaluation } from './evaluation.ts';

export type MatchOutcome =
  | { readonly kind: 'matches' }
  | { readonly kind: 'differs' }
  | { readonly kind: 'failed'; readonly message: string };

const BUDGET = 2_500_000;
const NO_VARIABLES = { expressions: [], types: new Map() };

export function matchConditions(conditions: readonly CompiledExpression[], bindings: Bindings): MatchOutcome {
  if (conditions.length === 0) return { kind: 'matches' };
  const evaluation = new PolicyEvaluation(bindings, NO_VARIABLES, BUDGET);
  const errors: string[] = [];
  try {
    for (const condition of conditions) {
      const outcome = evaluation.run(condition);
      if (outcome.kind === 'error') errors.push(outcome.message);
      else if (outcome.value === false) return { kind: 'differs' };
    }
  } catch (thrown) {
    if (thrown instanceof OutOfBudget) return { kind: 'failed', message: thrown.message };
    throw thrown;
  }
  if (errors.length === 0) return { kind: 'matches' };
  const distinct = [...new Set(errors)];
  return { kind: 'failed', message: distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]` };
}
