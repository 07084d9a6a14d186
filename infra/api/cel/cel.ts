// The Common Expression Language as Kubernetes 1.36 has it, for validation rules of custom resources and for admission
// policies. The surface of this folder:
//
//   compile(text, environment)           → the program with its type and estimated cost, or all errors as one text
//   program.evaluate(bindings, limit)    → a value, an error, or that the limit was exceeded, with the actual cost
//   environment.ts                       what an expression may refer to; types.ts, values.ts its types and values
//   declared-type.ts, schema-types.ts    types of objects: from schemas of custom resources and of built-in kinds
//   json-values.ts                       objects as values
//
// Invariants: compiling and evaluating never throw, whatever the text and the data; an evaluation ends within its limit.

import { type Checked, check } from './checker.ts';
import { type CostEstimate, estimateCost, type SizeOracle } from './cost-estimate.ts';
import type { Environment } from './environment.ts';
import { type Frame, LIMIT_EXCEEDED } from './frame.ts';
import { validateLiterals } from './literal-checks.ts';
import { parse } from './parser.ts';
import { ConstantFailure, type Plan, plan } from './planner.ts';
import { type Issue, showIssues } from './source.ts';
import type { CelType } from './types.ts';
import { CelError, type Result, type Value } from './values.ts';
import { withinWork } from './work.ts';

/** What one evaluation may cost. */
export const EVALUATION_COST_MAX = 1_000_000;
/** What all evaluations of one validation may cost together. */
export const VALIDATION_COST_MAX = 10_000_000;

export type Compiled = {
  readonly kind: 'compiled';
  readonly program: Program;
  /** The type of the expression's value. */
  readonly type: CelType;
};

export type Compilation =
  | Compiled
  /** `text` lists all errors the way cel-go shows them. */
  | { readonly kind: 'rejected'; readonly issues: readonly Issue[]; readonly text: string }
  /** Well typed, but a constant part fails whenever it is evaluated. */
  | { readonly kind: 'unusable'; readonly message: string };

export type Evaluation =
  | { readonly kind: 'value'; readonly value: Value; readonly cost: number }
  | { readonly kind: 'error'; readonly message: string; readonly cost: number }
  | { readonly kind: 'limitExceeded'; readonly cost: number };

/** Values by variable; a variable without one is an error when it is read. */
export type Bindings = Readonly<Record<string, Result | undefined>>;

export function compile(text: string, environment: Environment): Compilation {
  const parsed = parse(text);
  if (parsed.kind === 'malformed') return rejected(text, parsed.issues);
  const outcome = check(parsed.expression, environment);
  if (outcome.kind === 'wrong') return rejected(text, outcome.issues);
  const { checked } = outcome;
  const issues = validateLiterals(checked);
  if (issues.length > 0) return rejected(text, issues);
  try {
    return { kind: 'compiled', program: new Program(checked, plan(checked, environment)), type: checked.result };
  } catch (error) {
    if (error instanceof ConstantFailure) return { kind: 'unusable', message: error.message };
    throw error;
  }
}

export class Program {
  readonly #checked: Checked;
  readonly #plan: Plan;

  constructor(checked: Checked, planned: Plan) {
    this.#checked = checked;
    this.#plan = planned;
  }

  get expression(): Checked['expression'] {
    return this.#checked.expression;
  }

  /** Whether the expression reads a variable of this name. */
  uses(variable: string): boolean {
    for (const reference of this.#checked.references.values())
      if (reference.kind === 'variable' && reference.name === variable) return true;
    return false;
  }

  /** What an evaluation may cost at least and at most, given how large values can be. */
  estimate(sizes: SizeOracle): CostEstimate {
    return estimateCost(this.#checked, sizes);
  }

  evaluate(bindings: Bindings, limit: number = EVALUATION_COST_MAX): Evaluation {
    const { variables, slots, run } = this.#plan;
    const values = new Array<Result>(slots);
    for (const [at, name] of variables.entries())
      values[at] = bindings[name] ?? (bindings[name] === null ? null : new CelError(`no such attribute(s): ${name}`));
    const frame: Frame = { slots: values, limit, cost: 0 };
    try {
      const result = withinWork(() => run(frame));
      if (result instanceof CelError) return { kind: 'error', message: result.message, cost: frame.cost };
      return { kind: 'value', value: result, cost: frame.cost };
    } catch (thrown) {
      if (thrown === LIMIT_EXCEEDED) return { kind: 'limitExceeded', cost: frame.cost };
      throw thrown;
    }
  }
}

/** cel-go's text for an evaluation that was stopped. */
export const LIMIT_EXCEEDED_TEXT = 'operation cancelled: actual cost limit exceeded';

function rejected(text: string, issues: readonly Issue[]): Compilation {
  return { kind: 'rejected', issues, text: showIssues(text, issues) };
}
