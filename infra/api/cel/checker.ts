// Gives every part of an expression its type and every call its overloads, or says why that cannot be, in cel-go's
// words. What cannot be known before evaluation is `dyn`; its overloads are chosen by the values.

import type { Call, Comprehension, Expression, StructLiteral } from './ast.ts';
import { qualifiedName } from './ast.ts';
import { type Environment, findFunction, findIdentifier, namedType } from './environment.ts';
import { isReserved } from './identifiers.ts';
import type { FunctionDeclaration, Overload } from './library/signature.ts';
import { typeOfLiteral } from './literal-types.ts';
import type { Issue } from './source.ts';
import {
  BOOL,
  type CelType,
  DYN,
  ERROR,
  INT,
  isOptional,
  listOf,
  mapOf,
  optionalOf,
  parameter,
  STRING,
  sameType,
  showSignature,
  showType,
  unwrapOptional,
} from './types.ts';
import { isDynamic, mostGeneral, Solution } from './unify.ts';

export type Reference =
  | { readonly kind: 'variable'; readonly name: string }
  /** `target` is false where what looks like a target is part of the function's name (`optional.of`). */
  | { readonly kind: 'call'; readonly name: string; readonly overloads: readonly Overload[]; readonly target: boolean };

export type Checked = {
  readonly expression: Expression;
  readonly result: CelType;
  readonly types: ReadonlyMap<number, CelType>;
  readonly references: ReadonlyMap<number, Reference>;
};

export type CheckOutcome =
  | { readonly kind: 'checked'; readonly checked: Checked }
  | { readonly kind: 'wrong'; readonly issues: readonly Issue[] };

export function check(expression: Expression, environment: Environment): CheckOutcome {
  const checker = new Checker(environment);
  checker.visit(expression);
  if (checker.issues.length > 0) return { kind: 'wrong', issues: checker.issues };
  const types = checker.types();
  const result = types.get(expression.id) ?? DYN;
  return { kind: 'checked', checked: { expression, result, types, references: checker.references } };
}

class Checker {
  readonly issues: Issue[] = [];
  readonly references = new Map<number, Reference>();
  readonly #environment: Environment;
  readonly #solution = new Solution();
  readonly #types = new Map<number, CelType>();
  readonly #scopes: ReadonlyMap<string, CelType>[] = [];
  #variables = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  types(): ReadonlyMap<number, CelType> {
    return new Map([...this.#types].map(([id, type]) => [id, this.#solution.resolve(type, 'dyn')]));
  }

  visit(expression: Expression): CelType {
    const type = this.#typeOf(expression);
    this.#types.set(expression.id, type);
    return type;
  }

  #typeOf(expression: Expression): CelType {
    switch (expression.kind) {
      case 'literal':
        return typeOfLiteral(expression.value);
      case 'identifier':
        return this.#identifier(expression.id, expression.offset, expression.name);
      case 'select': {
        const name = expression.testOnly ? undefined : qualifiedName(expression);
        const known = name === undefined ? undefined : this.#lookUp(name);
        if (name !== undefined && known !== undefined) {
          this.references.set(expression.id, { kind: 'variable', name: plain(name) });
          return known;
        }
        const type = this.#selection(expression, expression.operand, expression.field, false);
        return expression.testOnly ? BOOL : this.#solution.resolve(type);
      }
      case 'call':
        return this.#call(expression);
      case 'list':
        return listOf(this.#join(expression.elements.map((value, at) => [value, expression.optional.has(at)])));
      case 'map': {
        const key = this.#join(expression.entries.map((entry) => [entry.key, false]));
        return mapOf(key, this.#join(expression.entries.map((entry) => [entry.value, entry.optional])));
      }
      case 'struct':
        return this.#structure(expression);
      case 'comprehension':
        return this.#comprehension(expression);
    }
  }

  #report(offset: number, message: string): void {
    this.issues.push({ offset, message });
  }

  #undeclared(offset: number, name: string): CelType {
    this.#report(offset, `undeclared reference to '${name}' (in container '')`);
    return ERROR;
  }

  #lookUp(name: string): CelType | undefined {
    for (let at = this.#scopes.length - 1; at >= 0; at--) {
      const found = this.#scopes[at]?.get(name);
      if (found !== undefined) return found;
    }
    return findIdentifier(this.#environment, name);
  }

  #identifier(id: number, offset: number, name: string): CelType {
    const type = this.#lookUp(name);
    if (type === undefined) return this.#undeclared(offset, name);
    this.references.set(id, { kind: 'variable', name: plain(name) });
    return type;
  }

  #selection(at: { readonly offset: number }, operand: Expression, field: string, optional: boolean): CelType {
    const operandType = this.#solution.resolve(this.visit(operand));
    const target = unwrapOptional(operandType);
    const type = this.#fieldOf(target, field, at.offset);
    return optional || isOptional(operandType) ? optionalOf(type) : type;
  }

  #fieldOf(target: CelType, field: string, offset: number): CelType {
    switch (target.kind) {
      case 'map':
        return target.parameters[1] ?? DYN;
      case 'object':
        return this.#structureField(target.name, field, offset);
      case 'param':
        this.#solution.assignable(DYN, target);
        return DYN;
      default:
        if (!isDynamic(target)) this.#report(offset, `type '${showType(target)}' does not support field selection`);
        return DYN;
    }
  }

  #structureField(structure: string, field: string, offset: number): CelType {
    const fields = this.#environment.structures.fields(structure);
    if (fields === undefined) {
      this.#report(offset, `unexpected failed resolution of '${structure}'`);
      return ERROR;
    }
    // Reserved words may stand as they are behind a dot.
    const type = fields.get(field) ?? (isReserved(field) ? fields.get(`__${field}__`) : undefined);
    if (type === undefined) this.#report(offset, `undefined field '${field}'`);
    return type ?? ERROR;
  }

  #call(call: Call): CelType {
    if (call.name === '_?._') return this.#optionalSelection(call);
    const parameters = call.arguments.map((each) => this.visit(each));
    if (call.target === undefined) {
      const declaration = findFunction(this.#environment, call.name);
      if (declaration === undefined) return this.#undeclared(call.offset, call.name);
      return this.#resolve(call, declaration, parameters, false);
    }
    const prefix = qualifiedName(call.target);
    const qualified = prefix === undefined ? undefined : findFunction(this.#environment, `${prefix}.${call.name}`);
    if (qualified !== undefined) return this.#resolve(call, qualified, parameters, false);
    const target = this.visit(call.target);
    const declaration = findFunction(this.#environment, call.name);
    if (declaration === undefined) return this.#undeclared(call.offset, call.name);
    return this.#resolve(call, declaration, [target, ...parameters], true);
  }

  #optionalSelection(call: Call): CelType {
    const [operand, field] = call.arguments as [Expression, Expression];
    if (field.kind === 'literal') this.#types.set(field.id, STRING);
    const name = field.kind === 'literal' && typeof field.value === 'string' ? field.value : '';
    const type = this.#selection(call, operand, name, true);
    const overloads = findFunction(this.#environment, call.name)?.overloads ?? [];
    this.references.set(call.id, { kind: 'call', name: call.name, overloads, target: false });
    return this.#solution.resolve(type);
  }

  #resolve(call: Call, declaration: FunctionDeclaration, given: readonly CelType[], target: boolean): CelType {
    const { name } = declaration;
    if (name === '_&&_' || name === '_||_') return this.#logical(call, declaration, given);
    const overloads: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of declaration.overloads) {
      if (overload.onTarget !== target) continue;
      const fresh = this.#instantiate(overload);
      if (!this.#solution.allAssignable(given, fresh.parameters)) continue;
      overloads.push(overload);
      const type = this.#solution.resolve(fresh.result);
      if (result === undefined) result = type;
      else if (result.kind !== 'dyn' && !sameType(type, result)) result = DYN;
    }
    if (result === undefined) {
      const shown = given.map((type) => this.#solution.resolve(type, 'dyn'));
      this.#report(
        call.offset,
        `found no matching overload for '${name}' applied to '${showSignature(shown, target)}'`,
      );
      return ERROR;
    }
    this.references.set(call.id, { kind: 'call', name, overloads, target });
    return result;
  }

  #logical(call: Call, { name, overloads }: FunctionDeclaration, given: readonly CelType[]): CelType {
    let type = BOOL;
    for (const [at, operand] of call.arguments.entries()) {
      const found = given[at] ?? DYN;
      if (this.#solution.assignable(found, BOOL)) continue;
      this.#report(operand.offset, `expected type 'bool' but found '${showType(found)}'`);
      type = ERROR;
    }
    this.references.set(call.id, { kind: 'call', name, overloads, target: false });
    return type;
  }

  /** The signature with variables of its own. */
  #instantiate(overload: Overload): Pick<Overload, 'parameters' | 'result'> {
    if (overload.variables.length === 0) return overload;
    const fresh = new Map(overload.variables.map((name) => [name, this.#variable()]));
    const put = (type: CelType): CelType => {
      if (type.kind === 'param') return fresh.get(type.name) ?? type;
      return type.parameters.length === 0 ? type : { ...type, parameters: type.parameters.map(put) };
    };
    return { parameters: overload.parameters.map(put), result: put(overload.result) };
  }

  #variable(): CelType {
    this.#variables++;
    return parameter(`_var${this.#variables - 1}`);
  }

  /** The one type of all values of a literal. */
  #join(values: readonly (readonly [Expression, boolean])[]): CelType {
    let joined: CelType | undefined;
    for (const [value, optional] of values) {
      const type = this.#maybeOptional(value, this.visit(value), optional);
      if (joined === undefined) joined = type;
      // Literals of several types are told about by the literal checks, where they matter.
      else joined = this.#solution.assignable(joined, type) ? mostGeneral(joined, type) : DYN;
    }
    return joined ?? this.#variable();
  }

  #maybeOptional(value: Expression, type: CelType, optional: boolean): CelType {
    if (!optional) return type;
    const found = this.#solution.resolve(type);
    if (!isOptional(found) && !isDynamic(found)) {
      const wanted = showType(optionalOf(found));
      this.#report(value.offset, `expected type '${wanted}' but found '${showType(found)}'`);
    }
    return unwrapOptional(found);
  }

  #structure(literal: StructLiteral): CelType {
    const type = namedType(this.#environment, literal.type);
    const isVariable = type === undefined && this.#lookUp(literal.type) !== undefined;
    if (type === undefined && !isVariable) return this.#undeclared(literal.offset, literal.type);
    if (type?.kind !== 'object') {
      const what = type === undefined ? 'type' : 'message type';
      const found = type ?? this.#lookUp(literal.type) ?? ERROR;
      this.#report(literal.offset, `'${found.name}' is not a ${what}`);
      return ERROR;
    }
    for (const field of literal.fields) {
      const given = this.visit(field.value);
      const wanted = this.#structureField(type.name, field.name, field.offset);
      const value = this.#maybeOptional(field.value, given, field.optional);
      if (this.#solution.assignable(wanted, value)) continue;
      const [shown, found] = [showType(wanted), showType(this.#solution.resolve(value, 'dyn'))];
      const message = `expected type of field '${field.name}' is '${shown}' but provided type is '${found}'`;
      this.#report(field.offset, message);
    }
    return type;
  }

  #comprehension(loop: Comprehension): CelType {
    const range = this.#solution.resolve(this.visit(loop.range));
    const accumulator = this.visit(loop.initial);
    this.#scopes.push(new Map([[loop.accumulator, accumulator]]));
    const [first, second] = this.#loopVariables(loop, range);
    const names = new Map([[loop.variable, first]]);
    if (loop.secondVariable !== undefined) names.set(loop.secondVariable, second);
    this.#scopes.push(names);
    this.#expect(loop.condition, BOOL);
    this.#expect(loop.step, accumulator);
    this.#scopes.pop();
    const result = this.visit(loop.result);
    this.#scopes.pop();
    return this.#solution.resolve(result);
  }

  #loopVariables(loop: Comprehension, range: CelType): readonly [CelType, CelType] {
    const two = loop.secondVariable !== undefined;
    const [first = DYN, second = DYN] = range.parameters;
    switch (range.kind) {
      case 'list':
        return two ? [INT, first] : [first, first];
      case 'map':
        return [first, second];
      case 'dyn':
      case 'error':
      case 'param':
        this.#solution.assignable(DYN, range);
        return [DYN, DYN];
      default: {
        const shown = showType(range);
        const message = `expression of type '${shown}' cannot be range of a comprehension (must be list, map, or dynamic)`;
        this.#report(loop.range.offset, message);
        return [ERROR, ERROR];
      }
    }
  }

  #expect(expression: Expression, type: CelType): void {
    const found = this.visit(expression);
    if (this.#solution.assignable(type, found)) return;
    this.#report(expression.offset, `expected type '${showType(type)}' but found '${showType(found)}'`);
  }
}

function plain(name: string): string {
  return name.startsWith('.') ? name.slice(1) : name;
}
