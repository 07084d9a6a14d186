// Comprehensions. A list that `map` or `filter` collects grows in place instead of being copied in every round.

import { ACCUMULATOR, type Call, type Comprehension, type Expression, isBinding } from './ast.ts';
import { LIST_COST } from './call-costs.ts';
import { elements, GrowingList } from './collections.ts';
import { charge, type Frame, type Step } from './frame.ts';
import type { Planner } from './planner.ts';
import { CelError, isList, isMap, kindOf, type Result, typeNameOf, type Value, type ValueKind } from './values.ts';

export function planLoop(planner: Planner, loop: Comprehension): Step {
  return isBinding(loop) ? planBinding(planner, loop) : planRounds(planner, loop);
}

/** Only gives a value a name; the value is found out when it is first read. */
function planBinding(planner: Planner, loop: Comprehension): Step {
  const initial = planner.step(loop.initial);
  const slot = planner.enter(loop.accumulator);
  planner.bound.set(slot, initial);
  const result = planner.step(loop.result);
  planner.leave(loop.accumulator);
  return (frame) => {
    frame.slots[slot] = undefined;
    return result(frame);
  };
}

function planRounds(planner: Planner, loop: Comprehension): Step {
  const range = planner.step(loop.range);
  const initial = planner.step(loop.initial);
  const slot = planner.enter(loop.accumulator);
  const first = planner.enter(loop.variable);
  const second = loop.secondVariable === undefined ? undefined : planner.enter(loop.secondVariable);
  const condition = planner.step(loop.condition);
  const endless = planner.constants.get(loop.condition.id) === true;
  const growing = planGrowth(planner, loop, slot);
  const step = growing ?? planner.step(loop.step);
  if (loop.secondVariable !== undefined) planner.leave(loop.secondVariable);
  planner.leave(loop.variable);
  const result = planner.step(loop.result);
  planner.leave(loop.accumulator);
  return (frame) => {
    const over = range(frame);
    if (over instanceof CelError) return over;
    const rounds = second === undefined ? singles(over) : pairs(over);
    if (rounds instanceof CelError) return rounds;
    frame.slots[slot] = growing === undefined ? initial(frame) : new GrowingList();
    for (const round of rounds) {
      if (second === undefined) frame.slots[first] = round as Value;
      else [frame.slots[first], frame.slots[second]] = round as [Value, Value];
      if (!endless && condition(frame) === false) break;
      const next = step(frame);
      frame.slots[slot] = next;
      if (endless && next instanceof CelError) break;
    }
    return result(frame);
  };
}

function singles(range: Value): Iterable<Value> | CelError {
  if (isList(range)) return elements(range);
  return isMap(range) ? range.keys() : new CelError(`got '${goTypeOf(range)}', expected iterable type`);
}

function* indexed(values: Iterable<Value>): Generator<readonly [Value, Value]> {
  let at = 0n;
  for (const value of values) {
    yield [at, value];
    at += 1n;
  }
}

function pairs(range: Value): Iterable<readonly [Value, Value]> | CelError {
  if (isList(range)) return indexed(elements(range));
  if (isMap(range)) return range.keys().map((key) => [key, range.find(key) ?? null] as const);
  return new CelError(`unsupported comprehension range type: ${goTypeOf(range)}`);
}

/** As Go names the values that cannot be walked through. */
const GO_TYPES: Partial<Record<ValueKind, string>> = {
  bool: 'types.Bool',
  bytes: 'types.Bytes',
  double: 'types.Double',
  duration: 'types.Duration',
  int: 'types.Int',
  null: 'types.Null',
  optional: '*types.Optional',
  string: 'types.String',
  timestamp: 'types.Timestamp',
  type: '*types.Type',
  uint: 'types.Uint',
};

function goTypeOf(value: Value): string {
  return GO_TYPES[kindOf(value)] ?? typeNameOf(value);
}

/** `[] … accumulator + [element]`, perhaps behind a condition; undefined for any other loop. */
function planGrowth(planner: Planner, loop: Comprehension, slot: number): Step | undefined {
  if (loop.accumulator !== ACCUMULATOR || loop.initial.kind !== 'list') return undefined;
  const { step } = loop;
  if (step.kind !== 'call') return undefined;
  if (step.name === '_+_') return planAppend(planner, step, slot);
  const [condition, append] = step.arguments as [Expression, Expression];
  if (step.name !== '_?_:_' || append.kind !== 'call' || append.name !== '_+_') return undefined;
  const decide = planner.step(condition);
  const add = planAppend(planner, append, slot);
  return (frame) => {
    const decided = decide(frame);
    if (typeof decided === 'boolean') return decided ? add(frame) : (frame.slots[slot] as Result);
    return decided instanceof CelError ? decided : new CelError('no such overload');
  };
}

function planAppend(planner: Planner, append: Call, slot: number): Step {
  const list = append.arguments[1];
  const element = planner.step(list?.kind === 'list' ? (list.elements[0] as Expression) : append);
  // The accumulator, the list of one, their sum; a list of a constant is a constant.
  const constant = list?.kind === 'list' && planner.constants.has(list.elements[0]?.id ?? 0);
  const cost = 1 + (constant ? 0 : LIST_COST) + 1;
  return (frame: Frame) => {
    const value = element(frame);
    charge(frame, cost);
    if (value instanceof CelError) return value;
    const accumulated = frame.slots[slot];
    if (accumulated instanceof GrowingList) accumulated.append(value);
    return accumulated as Result;
  };
}
