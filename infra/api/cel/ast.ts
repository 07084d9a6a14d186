// Expressions as trees, after macros are expanded: a comprehension is the only loop there is. Every node has an id,
// under which the checker notes its type and the overloads it resolved to, and the place errors point at.

import type { Value } from './values.ts';

type Node = { readonly id: number; readonly offset: number };

export type Literal = Node & { readonly kind: 'literal'; readonly value: Value };
export type Identifier = Node & { readonly kind: 'identifier'; readonly name: string };
export type Select = Node & {
  readonly kind: 'select';
  readonly operand: Expression;
  readonly field: string;
  /** From `has(operand.field)`: asks for presence instead of the value. */
  readonly testOnly: boolean;
};
export type Call = Node & {
  readonly kind: 'call';
  readonly name: string;
  readonly target: Expression | undefined;
  readonly arguments: readonly Expression[];
};
export type ListLiteral = Node & {
  readonly kind: 'list';
  readonly elements: readonly Expression[];
  /** Positions of elements written `?e`. */
  readonly optional: ReadonlySet<number>;
};
export type MapEntry = Node & { readonly key: Expression; readonly value: Expression; readonly optional: boolean };
export type MapLiteral = Node & { readonly kind: 'map'; readonly entries: readonly MapEntry[] };
export type StructField = Node & { readonly name: string; readonly value: Expression; readonly optional: boolean };
export type StructLiteral = Node & {
  readonly kind: 'struct';
  readonly type: string;
  readonly fields: readonly StructField[];
};
export type Comprehension = Node & {
  readonly kind: 'comprehension';
  readonly range: Expression;
  readonly variable: string;
  /** The element, where `variable` is the index or key (two-variable forms). */
  readonly secondVariable: string | undefined;
  readonly accumulator: string;
  readonly initial: Expression;
  readonly condition: Expression;
  readonly step: Expression;
  readonly result: Expression;
};

export type Expression =
  | Literal
  | Identifier
  | Select
  | Call
  | ListLiteral
  | MapLiteral
  | StructLiteral
  | Comprehension;

/** The accumulator of all macros; no expression can name it. */
export const ACCUMULATOR = '@result';

/** `a.b.c` for a chain of plain selections that begins with an identifier. */
export function qualifiedName(expression: Expression): string | undefined {
  if (expression.kind === 'identifier') return expression.name;
  if (expression.kind !== 'select' || expression.testOnly) return undefined;
  const prefix = qualifiedName(expression.operand);
  return prefix === undefined ? undefined : `${prefix}.${expression.field}`;
}

/** The loop that only gives a value a name (`optMap`, `sortBy`): no rounds, the result reads the accumulator. */
export function isBinding(loop: Comprehension): boolean {
  return (
    loop.range.kind === 'list' &&
    loop.range.elements.length === 0 &&
    loop.condition.kind === 'literal' &&
    loop.condition.value === false &&
    loop.accumulator !== ACCUMULATOR
  );
}
