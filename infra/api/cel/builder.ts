// Makes expressions with fresh ids. One builder serves one source text.

import type { Call, Comprehension, Expression, Literal, MapEntry, StructField } from './ast.ts';
import { ACCUMULATOR } from './ast.ts';
import type { Value } from './values.ts';

const NO_OPTIONAL: ReadonlySet<number> = new Set();

export type LoopParts = {
  readonly range: Expression;
  readonly variable: string;
  readonly secondVariable?: string | undefined;
  readonly accumulator?: string;
  readonly initial: Expression;
  readonly condition: Expression;
  readonly step: Expression;
  readonly result: Expression;
};

export class ExpressionBuilder {
  #lastId = 0;

  literal(offset: number, value: Value): Literal {
    return { ...this.#node(offset), kind: 'literal', value };
  }

  identifier(offset: number, name: string): Expression {
    return { ...this.#node(offset), kind: 'identifier', name };
  }

  accumulator(offset: number): Expression {
    return this.identifier(offset, ACCUMULATOR);
  }

  select(offset: number, operand: Expression, field: string, testOnly = false): Expression {
    return { ...this.#node(offset), kind: 'select', operand, field, testOnly };
  }

  call(offset: number, name: string, ...parameters: readonly Expression[]): Call {
    return { ...this.#node(offset), kind: 'call', name, target: undefined, arguments: parameters };
  }

  memberCall(offset: number, name: string, target: Expression, parameters: readonly Expression[]): Call {
    return { ...this.#node(offset), kind: 'call', name, target, arguments: parameters };
  }

  list(offset: number, elements: readonly Expression[], optional = NO_OPTIONAL): Expression {
    return { ...this.#node(offset), kind: 'list', elements, optional };
  }

  mapEntry(offset: number, key: Expression, value: Expression, optional: boolean): MapEntry {
    return { ...this.#node(offset), key, value, optional };
  }

  map(offset: number, entries: readonly MapEntry[]): Expression {
    return { ...this.#node(offset), kind: 'map', entries };
  }

  structField(offset: number, name: string, value: Expression, optional: boolean): StructField {
    return { ...this.#node(offset), name, value, optional };
  }

  struct(offset: number, type: string, fields: readonly StructField[]): Expression {
    return { ...this.#node(offset), kind: 'struct', type, fields };
  }

  loop(offset: number, parts: LoopParts): Comprehension {
    return {
      ...this.#node(offset),
      kind: 'comprehension',
      accumulator: ACCUMULATOR,
      ...parts,
      secondVariable: parts.secondVariable,
    };
  }

  /** The same expression under new ids, for macros that use an argument twice. */
  copy(expression: Expression): Expression {
    const fresh = this.#node(expression.offset);
    switch (expression.kind) {
      case 'literal':
      case 'identifier':
        return { ...expression, ...fresh };
      case 'select':
        return { ...expression, ...fresh, operand: this.copy(expression.operand) };
      case 'call': {
        const target = expression.target === undefined ? undefined : this.copy(expression.target);
        return { ...expression, ...fresh, target, arguments: expression.arguments.map((each) => this.copy(each)) };
      }
      case 'list':
        return { ...expression, ...fresh, elements: expression.elements.map((each) => this.copy(each)) };
      case 'map': {
        const entries = expression.entries.map((entry) =>
          this.mapEntry(entry.offset, this.copy(entry.key), this.copy(entry.value), entry.optional),
        );
        return { ...expression, ...fresh, entries };
      }
      case 'struct': {
        const fields = expression.fields.map((field) =>
          this.structField(field.offset, field.name, this.copy(field.value), field.optional),
        );
        return { ...expression, ...fresh, fields };
      }
      case 'comprehension':
        return {
          ...expression,
          ...fresh,
          range: this.copy(expression.range),
          initial: this.copy(expression.initial),
          condition: this.copy(expression.condition),
          step: this.copy(expression.step),
          result: this.copy(expression.result),
        };
    }
  }

  #node(offset: number): { readonly id: number; readonly offset: number } {
    this.#lastId++;
    return { id: this.#lastId, offset };
  }
}
