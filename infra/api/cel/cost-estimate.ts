// How much an expression may cost at most, before any data is seen: by the sizes schemas allow. The rules are cel-go's
// (with presence tests free, as Kubernetes sets it), so that a rule is accepted here exactly when it is there.

import type { Call, Comprehension, Expression, Select } from './ast.ts';
import { ACCUMULATOR, isBinding } from './ast.ts';
import { type CallEstimate, estimateCall, type SizedNode } from './call-estimates.ts';
import type { Checked } from './checker.ts';
import { type CostEstimate, fixed, ONE, product, type Range, sum, UNKNOWN_SIZE, union, ZERO } from './estimates.ts';
import { codePoints } from './source.ts';
import { type CelType, DYN, isOptional } from './types.ts';

export type { CostEstimate } from './estimates.ts';

/** How large the value at a path can be: `self`, then fields, `@items`, `@values`, `@keys`. Undefined: not known. */
export type SizeOracle = (path: readonly string[]) => Range | undefined;

/** The sizes of what is in a collection. */
type EntrySizes = { readonly kind: 'list' | 'map'; readonly key: Range; readonly value: Range };
type Local = {
  readonly path: readonly string[];
  readonly size?: Range | undefined;
  readonly entry?: EntrySizes | undefined;
};

export function estimateCost(checked: Checked, sizes: SizeOracle): CostEstimate {
  return new Estimator(checked, sizes).cost(checked.expression);
}

const NO_PATH: readonly string[] = [];
const SCALARS: ReadonlySet<string> = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint']);

class Estimator {
  readonly #checked: Checked;
  readonly #oracle: SizeOracle;
  readonly #paths = new Map<number, readonly string[]>();
  readonly #sizes = new Map<number, Range>();
  readonly #entries = new Map<number, EntrySizes>();
  readonly #locals = new Map<string, Local[]>();

  constructor(checked: Checked, oracle: SizeOracle) {
    this.#checked = checked;
    this.#oracle = oracle;
  }

  cost(expression: Expression): CostEstimate {
    switch (expression.kind) {
      case 'literal':
        return ZERO;
      case 'identifier':
        this.#paths.set(expression.id, this.#local(expression.name)?.path ?? [expression.name]);
        return ONE;
      case 'select':
        return this.#select(expression);
      case 'call':
        return this.#call(expression);
      case 'list': {
        const costs = expression.elements.map((element) => this.cost(element));
        const value = this.#unionOf(expression.elements);
        this.#entries.set(expression.id, { kind: 'list', key: ONE, value });
        return sum(...costs, fixed(10n));
      }
      case 'map': {
        const costs = expression.entries.flatMap(({ key, value }) => [this.cost(key), this.cost(value)]);
        const key = this.#unionOf(expression.entries.map((entry) => entry.key));
        const value = this.#unionOf(expression.entries.map((entry) => entry.value));
        this.#entries.set(expression.id, { kind: 'map', key, value });
        return sum(...costs, fixed(30n));
      }
      case 'struct':
        return sum(...expression.fields.map(({ value }) => this.cost(value)), fixed(40n));
      case 'comprehension':
        return isBinding(expression) ? this.#binding(expression) : this.#loop(expression);
    }
  }

  #unionOf(expressions: readonly Expression[]): Range {
    const [first, ...rest] = expressions.map((expression) => this.#sizeOr(expression));
    return first === undefined ? ZERO : rest.reduce(union, first);
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1);
  }

  #push(name: string, local: Local): void {
    const stack = this.#locals.get(name) ?? [];
    stack.push(local);
    this.#locals.set(name, stack);
  }

  #pop(name: string): void {
    this.#locals.get(name)?.pop();
  }

  #type(expression: Expression): CelType {
    return this.#checked.types.get(expression.id) ?? DYN;
  }

  #path(expression: Expression): readonly string[] {
    const local = expression.kind === 'identifier' ? this.#local(expression.name) : undefined;
    return local?.path ?? this.#paths.get(expression.id) ?? NO_PATH;
  }

  #select(expression: Select): CostEstimate {
    if (this.#checked.references.get(expression.id)?.kind === 'variable') return ONE;
    const operand = this.cost(expression.operand);
    if (expression.testOnly) return operand;
    this.#paths.set(expression.id, [...this.#path(expression.operand), expression.field]);
    const { kind } = this.#type(expression.operand);
    return kind === 'map' || kind === 'object' || kind === 'param' ? sum(operand, ONE) : operand;
  }

  #call(call: Call): CostEstimate {
    const reference = this.#checked.references.get(call.id);
    if (reference?.kind !== 'call') return ZERO;
    const [only] = call.arguments;
    if (call.name === 'dyn' && only !== undefined) {
      const cost = this.cost(only);
      this.#copySizes(call, only);
      return sum(ONE, cost);
    }
    const costs = call.arguments.map((each) => this.cost(each));
    const nodes = call.arguments.map((each) => this.#node(each));
    const onTarget = reference.target && call.target !== undefined;
    const targetCost = onTarget ? this.cost(call.target as Expression) : ZERO;
    const target = onTarget ? this.#node(call.target as Expression) : undefined;
    let total: Range | undefined;
    let size: Range | undefined;
    for (const { id } of reference.overloads) {
      const estimate = this.#overload(call, { name: reference.name, id, target, nodes }, costs);
      total = total === undefined ? estimate.cost : union(total, estimate.cost);
      if (estimate.size !== undefined) size = size === undefined ? estimate.size : union(size, estimate.size);
      const found = this.#indexed(call, id);
      if (found !== undefined) size = found.size;
      size ??= this.#size(call);
    }
    if (size !== undefined) this.#sizes.set(call.id, size);
    return sum(targetCost, total ?? ZERO);
  }

  /** The size of an element or entry, and where it is. */
  #indexed(call: Call, overload: string): { readonly size: Range | undefined } | undefined {
    if (overload !== 'index_list' && overload !== 'index_map') return undefined;
    const of = call.arguments[0] as Expression;
    this.#paths.set(call.id, [...this.#path(of), overload === 'index_list' ? '@items' : '@values']);
    return { size: this.#entry(of)?.value };
  }

  #overload(
    call: Call,
    of: {
      readonly name: string;
      readonly id: string;
      readonly target: SizedNode | undefined;
      readonly nodes: readonly SizedNode[];
    },
    costs: readonly Range[],
  ): CallEstimate {
    const estimate = estimateCall(of.name, of.id, of.target, of.nodes, (path) => this.#oracle(path));
    if (estimate !== undefined) return { ...estimate, cost: sum(estimate.cost, ...costs) };
    const [first = ZERO, second = ZERO, third = ZERO] = costs;
    switch (of.id) {
      case 'logical_or':
      case 'logical_and':
        return { cost: { min: first.min, max: sum(first, second).max } };
      case 'conditional': {
        const [, yes, no] = call.arguments as [Expression, Expression, Expression];
        this.#mergeEntries(call, yes, no);
        return { cost: sum(first, union(second, third)), size: union(this.#sizeOr(yes), this.#sizeOr(no)) };
      }
      case 'add_string':
      case 'add_bytes':
      case 'add_list': {
        const [left, right] = call.arguments as [Expression, Expression];
        this.#mergeEntries(call, left, right);
        const size = sum(this.#sizeOr(left), this.#sizeOr(right));
        return { cost: sum(of.id === 'add_list' ? ONE : scaledText(size), ...costs), size };
      }
      default:
        return { cost: sum(ONE, ...costs) };
    }
  }

  #mergeEntries(call: Call, left: Expression, right: Expression): void {
    const [a, b] = [this.#entry(left), this.#entry(right)];
    if (a === undefined || b === undefined) return;
    this.#entries.set(call.id, { kind: a.kind, key: union(a.key, b.key), value: union(a.value, b.value) });
  }

  #binding(loop: Comprehension): CostEstimate {
    const before = sum(this.cost(loop.range), this.cost(loop.initial));
    this.#pushAccumulator(loop);
    const after = this.cost(loop.result);
    this.#pop(loop.accumulator);
    this.#copySizes(loop, loop.result);
    return sum(before, after);
  }

  #pushAccumulator({ accumulator, initial }: Comprehension): void {
    this.#push(accumulator, { path: this.#path(initial), size: this.#size(initial), entry: this.#entry(initial) });
  }

  #loop(loop: Comprehension): CostEstimate {
    const before = sum(this.cost(loop.range), this.cost(loop.initial));
    this.#pushAccumulator(loop);
    this.#pushVariables(loop);
    const round = sum(this.cost(loop.step), this.cost(loop.condition));
    this.#pop(loop.variable);
    if (loop.secondVariable !== undefined) this.#pop(loop.secondVariable);
    const after = this.cost(loop.result);
    this.#pop(loop.accumulator);
    const rounds = this.#sizeOr(loop.range);
    const { initial } = loop;
    if (initial.kind === 'literal') this.#sizes.set(loop.id, this.#size(initial) ?? ONE);
    else if (initial.kind === 'list' || initial.kind === 'map') {
      this.#sizes.set(loop.id, rounds);
      const entry = this.#entry(loop.step);
      if (entry !== undefined) this.#entries.set(loop.id, entry);
    }
    return sum(before, after, product(rounds, round));
  }

  #pushVariables(loop: Comprehension): void {
    const entry = this.#entry(loop.range);
    const kind = entry?.kind ?? this.#type(loop.range).kind;
    const path = this.#path(loop.range);
    const key: Local = { path: [...path, kind === 'list' ? '@indices' : '@keys'], size: entry?.key };
    const value: Local = { path: [...path, kind === 'list' ? '@items' : '@values'], size: entry?.value };
    if (loop.secondVariable === undefined) this.#push(loop.variable, kind === 'list' ? value : key);
    else {
      this.#push(loop.variable, key);
      this.#push(loop.secondVariable, value);
    }
  }

  #node(expression: Expression): SizedNode {
    const path = this.#path(expression);
    const known = path[0] === ACCUMULATOR ? NO_PATH : path;
    return { path: known, type: this.#type(expression), expression, size: this.#size(expression) };
  }

  #sizeOr(expression: Expression): Range {
    return this.#size(expression) ?? UNKNOWN_SIZE;
  }

  #size(expression: Expression): Range | undefined {
    const known = this.#sizes.get(expression.id) ?? literalSize(expression);
    if (known !== undefined) return known;
    const path = this.#path(expression);
    const told = path.length === 0 ? undefined : this.#oracle(path);
    if (told !== undefined) {
      this.#sizes.set(expression.id, told);
      return told;
    }
    if (isScalar(this.#type(expression))) return ONE;
    return expression.kind === 'identifier' ? this.#local(expression.name)?.size : undefined;
  }

  #entry(expression: Expression): EntrySizes | undefined {
    const known = this.#entries.get(expression.id);
    if (known !== undefined) return known;
    return expression.kind === 'identifier' ? this.#local(expression.name)?.entry : undefined;
  }

  #copySizes(to: Expression, from: Expression): void {
    const size = this.#size(from);
    if (size !== undefined) this.#sizes.set(to.id, size);
    const entry = this.#entry(from);
    if (entry !== undefined) this.#entries.set(to.id, entry);
  }
}

function scaledText(size: Range): Range {
  return { min: tenth(size.min), max: tenth(size.max) };
}

function tenth(value: bigint): bigint {
  return BigInt(Math.ceil(Number(value) * 0.1));
}

function isScalar(type: CelType): boolean {
  return SCALARS.has(type.kind) || (isOptional(type) && isScalar(type.parameters[0] ?? DYN));
}

function literalSize(expression: Expression): Range | undefined {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      if (typeof value === 'string') return fixed(BigInt(codePoints(value)));
      return value instanceof Uint8Array ? fixed(BigInt(value.length)) : ONE;
    }
    case 'list':
      return fixed(BigInt(expression.elements.length));
    case 'map':
      return fixed(BigInt(expression.entries.length));
    default:
      return undefined;
  }
}
