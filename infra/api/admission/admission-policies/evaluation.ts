// One evaluation of a policy about one request: the values of its variables, and one budget for all its expressions.
// Composed variables are found out when they are first read, and once.

import { type Bindings, type Evaluation, LIMIT_EXCEEDED_TEXT } from '../../cel/cel.ts';
import { CelError, type ObjectValue, type Result, type Value } from '../../cel/values.ts';
import type { CompiledExpression, CompiledVariables } from './compiled-policy.ts';
import { VARIABLES_TYPE } from './policy-types.ts';

/** Thrown when the policy's expressions together cost more than they may. */
export class OutOfBudget extends Error {
  override readonly name = 'OutOfBudget';

  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

export type ExpressionOutcome =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'error'; readonly message: string };

export class PolicyEvaluation {
  readonly #bindings: Bindings;
  #budget: number;

  constructor(given: Bindings, variables: CompiledVariables, budget: number) {
    this.#budget = budget;
    this.#bindings = { ...given, variables: this.#composed(variables) };
  }

  run({ text, error, program }: CompiledExpression): ExpressionOutcome {
    if (error !== undefined || program === undefined)
      return { kind: 'error', message: `compilation error: ${error ?? 'unexpected internal error'}` };
    const outcome = this.#spend(program.evaluate(this.#bindings));
    if (outcome instanceof CelError)
      return { kind: 'error', message: `expression '${text}' resulted in error: ${outcome.message}` };
    return { kind: 'value', value: outcome };
  }

  #spend(evaluation: Evaluation): Result {
    this.#budget -= evaluation.cost;
    if (evaluation.kind === 'limitExceeded') return new CelError(LIMIT_EXCEEDED_TEXT);
    if (this.#budget < 0) throw new OutOfBudget();
    return evaluation.kind === 'value' ? evaluation.value : new CelError(evaluation.message);
  }

  #composed({ expressions }: CompiledVariables): ObjectValue {
    const found = new Map<string, Result>();
    const evaluate = (name: string): Result | undefined => {
      const variable = expressions.find((each) => each.name === name);
      if (variable === undefined) return undefined;
      const quoted = JSON.stringify(name);
      if (variable.program === undefined)
        return new CelError(`composited variable ${quoted} fails to compile: ${variable.error}`);
      const value = this.#spend(variable.program.evaluate(this.#bindings));
      if (!(value instanceof CelError)) return value;
      return new CelError(`composited variable ${quoted} fails to evaluate: ${value.message}`);
    };
    return {
      category: 'object',
      type: VARIABLES_TYPE,
      equals: () => false,
      field(name) {
        const known = found.get(name);
        if (known !== undefined) return known;
        const value = evaluate(name);
        if (value !== undefined) found.set(name, value);
        return value;
      },
    };
  }
}
