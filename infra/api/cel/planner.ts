// A checked expression as closures, so that evaluating it interprets nothing. Every step charges what it costs, with
// cel-go's numbers: a variable 1, each field or index behind it 1, calls what they say.

import type { Call, Expression, ListLiteral, MapLiteral, Select, StructLiteral } from './ast.ts';
import { qualifiedName } from './ast.ts';
import { BuiltObject } from './built-object.ts';
import { callCost, isPaidAfterwards, LIST_COST, MAP_COST, STRUCT_COST } from './call-costs.ts';
import type { Checked } from './checker.ts';
import { ArrayList, EntryMap, isKey } from './collections.ts';
import { dispatch } from './dispatch.ts';
import { type Environment, namedType } from './environment.ts';
import { charge, type Frame, type Step } from './frame.ts';
import { FOLDED_FUNCTIONS } from './library/conversions.ts';
import { type Constants, planLogic } from './plan-logic.ts';
import { planLoop } from './plan-loop.ts';
import { has, optionalSelect, select } from './select.ts';
import { CelError, Optional, type Result, TypeValue, type Value } from './values.ts';

export type Plan = {
  readonly run: Step;
  readonly slots: number;
  /** The environment's variables by slot. */
  readonly variables: readonly string[];
};

/** Thrown while planning when a constant part cannot be evaluated. */
export class ConstantFailure extends Error {
  override readonly name = 'ConstantFailure';
}

export function plan(checked: Checked, environment: Environment): Plan {
  const planner = new Planner(checked, environment);
  const run = planner.step(checked.expression);
  return { run, slots: planner.slots, variables: planner.variables };
}

/** How the root of a chain of fields is charged: branches of `?:` and indexes are not observed by cel-go. */
type Mode = 'charged' | 'free-root';

export class Planner {
  readonly variables: readonly string[];
  slots: number;
  readonly constants: Constants = new Map();
  /** Named values that are found out when they are first read, by slot. */
  readonly bound = new Map<number, Step>();
  readonly #checked: Checked;
  readonly #environment: Environment;
  readonly #locals = new Map<string, number[]>();

  constructor(checked: Checked, environment: Environment) {
    this.#checked = checked;
    this.#environment = environment;
    this.variables = [...environment.variables.keys()];
    this.slots = this.variables.length;
  }

  step(expression: Expression, mode: Mode = 'charged'): Step {
    switch (expression.kind) {
      case 'literal':
        return this.constant(expression, expression.value);
      case 'identifier':
        return this.#variable(expression, expression.name, mode);
      case 'select':
        return this.#select(expression, mode);
      case 'call':
        return this.#call(expression, mode);
      case 'list':
        return this.#list(expression);
      case 'map':
        return this.#map(expression);
      case 'struct':
        return this.#struct(expression);
      case 'comprehension':
        return planLoop(this, expression);
    }
  }

  constant(expression: Expression, value: Value): Step {
    this.constants.set(expression.id, value);
    return () => value;
  }

  /** A slot of its own for a variable of a loop; `undefined` frees nothing: slots are not reused. */
  enter(name: string): number {
    const slot = this.slots++;
    const stack = this.#locals.get(name) ?? [];
    stack.push(slot);
    this.#locals.set(name, stack);
    return slot;
  }

  leave(name: string): void {
    this.#locals.get(name)?.pop();
  }

  slotOf(name: string): number | undefined {
    const slot = this.#locals.get(name)?.at(-1) ?? this.variables.indexOf(name);
    return slot < 0 ? undefined : slot;
  }

  #variable(expression: Expression, name: string, mode: Mode): Step {
    const plain = name.startsWith('.') ? name.slice(1) : name;
    const slot = this.slotOf(plain);
    if (slot === undefined) {
      const type = namedType(this.#environment, plain);
      if (type === undefined) throw new ConstantFailure(`undeclared reference to '${plain}'`);
      return this.constant(expression, new TypeValue(type));
    }
    const named = this.bound.get(slot);
    if (named !== undefined) {
      const cost = mode === 'free-root' ? 0 : 1;
      return (frame) => {
        charge(frame, cost);
        frame.slots[slot] ??= named(frame);
        return frame.slots[slot];
      };
    }
    if (mode === 'free-root') return (frame) => frame.slots[slot] as Result;
    return (frame) => {
      charge(frame, 1);
      return frame.slots[slot] as Result;
    };
  }

  /** What a chain's link costs: one more where the chain begins with something that is no variable. */
  #linkCost(operand: Expression, mode: Mode): number {
    return isChain(operand) || mode === 'free-root' ? 1 : 2;
  }

  #operand(operand: Expression, mode: Mode): Step {
    return this.step(operand, isChain(operand) ? mode : 'charged');
  }

  #select(expression: Select, mode: Mode): Step {
    const reference = this.#checked.references.get(expression.id);
    if (reference?.kind === 'variable') return this.#variable(expression, qualifiedName(expression) ?? '', mode);
    const operand = this.#operand(expression.operand, expression.testOnly ? 'charged' : mode);
    const { field } = expression;
    if (expression.testOnly) {
      const cost = isChain(expression.operand) ? 0 : 1;
      return (frame) => {
        const of = operand(frame);
        charge(frame, cost);
        return of instanceof CelError ? of : has(of, field);
      };
    }
    const cost = this.#linkCost(expression.operand, mode);
    return (frame) => {
      const of = operand(frame);
      if (of instanceof Optional) return maybe(frame, optionalSelect(of, field), cost);
      charge(frame, cost);
      return of instanceof CelError ? of : select(of, field);
    };
  }

  #call(call: Call, mode: Mode): Step {
    switch (call.name) {
      case '_?._':
      case '_[?_]':
        return this.#optionalLink(call, mode);
      case '_[_]':
        return this.#index(call, mode);
      default:
        return planLogic(this, call) ?? this.#function(call);
    }
  }

  #index(call: Call, mode: Mode): Step {
    const [operand, index] = call.arguments as [Expression, Expression];
    const [of, at] = [this.#operand(operand, mode), this.step(index, 'free-root')];
    const cost = this.#linkCost(operand, mode);
    const look = dispatch('_[_]', this.#overloads(call));
    return (frame) => {
      const value = of(frame);
      if (value instanceof CelError) return value;
      const key = at(frame);
      if (value instanceof Optional && !(key instanceof CelError))
        return maybe(frame, optionalSelect(value, key), cost);
      charge(frame, cost);
      if (key instanceof CelError) return key;
      const found = look([value, key]);
      return found instanceof CelError && found.message.startsWith('no such overload') ? select(value, key) : found;
    };
  }

  #optionalLink(call: Call, mode: Mode): Step {
    const [operand, key] = call.arguments as [Expression, Expression];
    const [of, at] = [this.#operand(operand, mode), this.step(key, 'free-root')];
    const root = this.#linkCost(operand, mode) - 1;
    return (frame) => {
      const value = of(frame);
      charge(frame, root);
      if (value instanceof CelError) return value;
      const name = at(frame);
      if (name instanceof CelError) return name;
      return maybe(frame, optionalSelect(value instanceof Optional ? value : new Optional(value), name), 1);
    };
  }

  #overloads(call: Call) {
    const reference = this.#checked.references.get(call.id);
    return reference?.kind === 'call' ? reference.overloads : [];
  }

  #function(call: Call): Step {
    const reference = this.#checked.references.get(call.id);
    if (reference?.kind !== 'call') throw new ConstantFailure(`undeclared reference to '${call.name}'`);
    const { name, overloads } = reference;
    const given =
      reference.target && call.target !== undefined ? [call.target, ...call.arguments] : [...call.arguments];
    const steps = given.map((each) => this.step(each));
    const invoke = dispatch(name, overloads);
    const constants = given.map((each) => this.constants.get(each.id));
    const [only] = constants;
    if (FOLDED_FUNCTIONS.has(name) && constants.length === 1 && only !== undefined)
      return this.constant(call, known(invoke([only])));
    const id = overloads.length === 1 ? (overloads[0]?.id ?? '') : '';
    const cost = callCost(name, id);
    const later = isPaidAfterwards(name, id);
    return (frame) => {
      const values = steps.map((step) => step(frame));
      if (!later) charge(frame, cost === undefined ? 1 : cost(values, null));
      const failed = values.find((value) => value instanceof CelError);
      const result = failed ?? invoke(values as Value[]);
      if (later) charge(frame, cost === undefined ? 1 : cost(values, result));
      return result;
    };
  }

  #list(list: ListLiteral): Step {
    const steps = list.elements.map((element) => this.step(element));
    const constants = list.elements.map((element) => this.constants.get(element.id));
    if (list.optional.size === 0 && constants.every((value) => value !== undefined))
      return this.constant(list, new ArrayList(constants));
    return (frame) => {
      const items: Value[] = [];
      for (const [at, step] of steps.entries()) {
        const value = step(frame);
        if (value instanceof CelError) return value;
        if (!list.optional.has(at)) items.push(value);
        else if (!(value instanceof Optional))
          return new CelError('cannot initialize optional list element from non-optional value');
        else if (value.value !== undefined) items.push(value.value);
      }
      charge(frame, LIST_COST);
      return new ArrayList(items);
    };
  }

  #map(map: MapLiteral): Step {
    const entries = map.entries.map((entry) => ({
      key: this.step(entry.key),
      value: this.step(entry.value),
      optional: entry.optional,
    }));
    const parts = map.entries.flatMap((entry) => [entry.key, entry.value]);
    const isConstant = parts.every(({ id }) => this.constants.has(id)) && map.entries.every((entry) => !entry.optional);
    const build: Step = (frame) => {
      const built = new EntryMap();
      for (const entry of entries) {
        const key = entry.key(frame);
        if (key instanceof CelError) return key;
        const value = entry.value(frame);
        if (value instanceof CelError) return value;
        if (!isKey(key)) return new CelError('unsupported key type');
        if (!entry.optional) built.insert(key, value);
        else if (!(value instanceof Optional))
          return new CelError('cannot initialize optional entry from non-optional value');
        else if (value.value !== undefined) built.insert(key, value.value);
      }
      charge(frame, MAP_COST);
      return built;
    };
    if (!isConstant) return build;
    return this.constant(map, known(build({ slots: [], limit: Number.POSITIVE_INFINITY, cost: 0 })));
  }

  #struct(struct: StructLiteral): Step {
    const type = namedType(this.#environment, struct.type);
    if (type === undefined) throw new ConstantFailure(`undeclared reference to '${struct.type}'`);
    const fields = struct.fields.map((field) => ({ ...field, step: this.step(field.value) }));
    return (frame) => {
      const values = new Map<string, Value>();
      for (const { name, step, optional } of fields) {
        const value = step(frame);
        if (value instanceof CelError) return value;
        if (!optional) values.set(name, value);
        else if (!(value instanceof Optional))
          return new CelError(`cannot initialize optional entry '${name}' from non-optional value`);
        else if (value.value !== undefined) values.set(name, value.value);
      }
      charge(frame, STRUCT_COST);
      return new BuiltObject(type, values);
    };
  }
}

/** Variables, fields and indexes of them, and choices between such: what cel-go evaluates as one attribute. */
export function isChain(expression: Expression): boolean {
  if (expression.kind === 'identifier') return true;
  if (expression.kind === 'select') return !expression.testOnly;
  return expression.kind === 'call' && ['_[_]', '_[?_]', '_?._', '_?_:_'].includes(expression.name);
}

/** A link that leads nowhere is not charged. */
function maybe(frame: Frame, found: Result, cost: number): Result {
  charge(frame, found instanceof Optional && found.value === undefined ? cost - 1 : cost);
  return found;
}

function known(result: Result): Value {
  if (result instanceof CelError) throw new ConstantFailure(result.message);
  return result;
}
