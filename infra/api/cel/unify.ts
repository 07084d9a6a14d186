// Which type may stand where another is expected, with type parameters solved on the way. Invariant: an attempt that
// fails leaves no trace in the solution.

import { type CelType, DYN, isOptional, sameType } from './types.ts';

/** What each type variable was found to be. */
export class Solution {
  readonly #found = new Map<string, CelType>();
  /** What to put back when the attempt under way fails. */
  readonly #undo: { readonly name: string; readonly before: CelType | undefined }[] = [];

  /** True, with variables solved, when values of both types may stand in one place. */
  assignable(left: CelType, right: CelType): boolean {
    return this.allAssignable([left], [right]);
  }

  allAssignable(left: readonly CelType[], right: readonly CelType[]): boolean {
    if (left.length !== right.length) return false;
    this.#undo.length = 0;
    if (this.#all(left, right)) return true;
    for (const { name, before } of this.#undo.reverse()) {
      if (before === undefined) this.#found.delete(name);
      else this.#found.set(name, before);
    }
    return false;
  }

  #set(name: string, type: CelType): void {
    this.#undo.push({ name, before: this.#found.get(name) });
    this.#found.set(name, type);
  }

  /** The type with solved variables put in; `open` decides what becomes of unsolved ones. */
  resolve(type: CelType, open: 'keep' | 'dyn' = 'keep'): CelType {
    if (type.kind === 'param') {
      const found = this.#found.get(type.name);
      if (found !== undefined) return this.resolve(found, open);
      return open === 'dyn' ? DYN : type;
    }
    if (type.parameters.length === 0) return type;
    return { ...type, parameters: type.parameters.map((inner) => this.resolve(inner, open)) };
  }

  #all(left: readonly CelType[], right: readonly CelType[]): boolean {
    return left.length === right.length && left.every((type, at) => this.#fits(type, right[at] ?? DYN));
  }

  #fits(left: CelType, right: CelType): boolean {
    if (right.kind === 'param') {
      const known = this.#found.has(right.name);
      if (this.#substitute(left, right)) return true;
      if (known || sameType(left, right)) return false;
    }
    if (left.kind === 'param') return this.#substitute(right, left);
    if (isDynamic(left) || isDynamic(right)) return true;
    if (left.kind === 'null') return right.kind === 'null' || isNullable(right);
    if (right.kind === 'null') return isNullable(left);
    if (left.kind !== right.kind) return false;
    if (left.kind === 'type') return true;
    return left.name === right.name && this.#all(left.parameters, right.parameters);
  }

  /** Tries to let the variable stand for `type`. */
  #substitute(type: CelType, variable: CelType): boolean {
    if (sameType(type, variable)) return true;
    const found = this.#found.get(variable.name);
    if (found === undefined) {
      if (this.#mentions(type, variable)) return false;
      this.#set(variable.name, type);
      return true;
    }
    if (sameType(type, found)) return true;
    if (!this.#fits(type, found)) return false;
    const general = mostGeneral(type, found);
    if (!this.#mentions(general, variable)) this.#set(variable.name, general);
    return true;
  }

  #mentions(within: CelType, variable: CelType): boolean {
    if (sameType(within, variable)) return true;
    if (within.kind === 'param') {
      const found = this.#found.get(within.name);
      return found !== undefined && this.#mentions(found, variable);
    }
    return within.parameters.some((inner) => this.#mentions(inner, variable));
  }
}

export function isDynamic(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'error';
}

/** The type that covers both; they are known to be assignable. */
export function mostGeneral(left: CelType, right: CelType): CelType {
  return isLessSpecific(left, right) ? left : right;
}

function isLessSpecific(left: CelType, right: CelType): boolean {
  if (left.kind === 'dyn' || left.kind === 'param') return true;
  if (right.kind === 'dyn' || right.kind === 'param') return false;
  if (left.kind !== right.kind) return false;
  if (left.kind === 'type') return true;
  if (left.name !== right.name || left.parameters.length !== right.parameters.length) return false;
  return left.parameters.every((type, at) => isLessSpecific(type, right.parameters[at] ?? DYN));
}

function isNullable(type: CelType): boolean {
  return (
    type.kind === 'null' ||
    type.kind === 'object' ||
    type.kind === 'timestamp' ||
    type.kind === 'duration' ||
    type.kind === 'opaque' ||
    isOptional(type)
  );
}
