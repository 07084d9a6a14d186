// The state of one evaluation: the variables, and what it has cost so far. Invariant: an evaluation that would cost
// more than its limit ends, whatever the expression says.

import type { Result } from './values.ts';

export type Frame = {
  /** Variables of the environment first, then those of comprehensions. */
  readonly slots: (Result | undefined)[];
  readonly limit: number;
  cost: number;
};

/** Evaluates one part of an expression. */
export type Step = (frame: Frame) => Result;

/** Thrown when an evaluation costs more than its limit; caught where it was started. */
export const LIMIT_EXCEEDED = Symbol('cost limit exceeded');

export function charge(frame: Frame, cost: number): void {
  frame.cost += cost;
  if (frame.cost > frame.limit) throw LIMIT_EXCEEDED;
}
