// The calls that do not evaluate all they are given: `&&`, `||`, `?:`, and the fallbacks of optionals. `&&` and `||`
// give the same answer in either order: an error only counts when the other side does not decide.

import type { Call, Expression } from './ast.ts';
import { contains } from './equality.ts';
import { charge, type Frame, type Step } from './frame.ts';
import { CelError, isList, Optional, type Result, type Value } from './values.ts';

/** The parts of an expression that are known before evaluation, by id. */
export type Constants = Map<number, Value>;

type StepPlanner = {
  readonly constants: Constants;
  step(expression: Expression, mode?: 'charged' | 'free-root'): Step;
};

const NO_OVERLOAD = new CelError('no such overload');

/** Undefined for calls that evaluate all their arguments. */
export function planLogic(planner: StepPlanner, call: Call): Step | undefined {
  const [first, second, third] = call.arguments as [Expression, Expression, Expression];
  switch (call.name) {
    case '_&&_':
      return decide(false, planner.step(first), planner.step(second));
    case '_||_':
      return decide(true, planner.step(first), planner.step(second));
    case '_?_:_':
      return choose(planner.step(first), planner.step(second, 'free-root'), planner.step(third, 'free-root'));
    case '@not_strictly_false':
      return notFalse(planner.step(first));
    case '@in':
      return amongConstants(planner, first, second);
    case 'or':
    case 'orValue':
      return call.target === undefined
        ? undefined
        : fallBack(call.name, planner.step(call.target), planner.step(first));
    default:
      return undefined;
  }
}

function decide(decisive: boolean, left: Step, right: Step): Step {
  return (frame) => {
    const first = left(frame);
    if (first === decisive) return decisive;
    const second = right(frame);
    if (second === decisive) return decisive;
    if (first instanceof CelError) return first;
    if (typeof first !== 'boolean') return NO_OVERLOAD;
    if (second instanceof CelError) return second;
    return typeof second === 'boolean' ? !decisive : NO_OVERLOAD;
  };
}

function choose(condition: Step, yes: Step, no: Step): Step {
  return (frame) => {
    const chosen = condition(frame);
    if (typeof chosen === 'boolean') return chosen ? yes(frame) : no(frame);
    return chosen instanceof CelError ? chosen : NO_OVERLOAD;
  };
}

/** Whether a loop goes on: errors do not end it. */
function notFalse(condition: Step): Step {
  return (frame) => {
    const value = condition(frame);
    charge(frame, 1);
    return value !== false;
  };
}

/** Membership in a list of constants costs nothing beyond the value. */
function amongConstants(planner: StepPlanner, value: Expression, list: Expression): Step | undefined {
  const step = planner.step(value);
  planner.step(list);
  const constant = planner.constants.get(list.id);
  if (constant === undefined || !isList(constant)) return undefined;
  return (frame: Frame): Result => {
    const found = step(frame);
    return found instanceof CelError ? found : contains(constant, found);
  };
}

function fallBack(name: 'or' | 'orValue', target: Step, other: Step): Step {
  return (frame) => {
    const value = target(frame);
    if (!(value instanceof Optional)) return value instanceof CelError ? value : NO_OVERLOAD;
    if (value.value === undefined) return other(frame);
    return name === 'or' ? value : value.value;
  };
}
