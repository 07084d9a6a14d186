// How a function is declared: the signature as text beside what computes it, so that a library reads as a table.
// `.` in front marks a call on a target, which is then the first parameter.

import { type CelType, parseType, splitTypes } from '../types.ts';
import type { Result } from '../values.ts';

/** Gets values of the declared types (`dyn` and parameters: of any type), never errors. */
export type Implementation = (...parameters: never[]) => Result;

/** By function name, then by `id(types) result`. `special` overloads are evaluated by the planner itself. */
export type Library = Readonly<Record<string, Readonly<Record<string, Implementation | 'special'>>>>;

export type Overload = {
  readonly id: string;
  readonly onTarget: boolean;
  readonly parameters: readonly CelType[];
  readonly result: CelType;
  /** The type parameters of the signature, e.g. `A`. */
  readonly variables: readonly string[];
  readonly implementation: Implementation | 'special';
};

export type FunctionDeclaration = { readonly name: string; readonly overloads: readonly Overload[] };

export function declare(name: string, overloads: Library[string]): FunctionDeclaration {
  const read = Object.entries(overloads).map(([text, implementation]) => readSignature(text, implementation));
  return { name, overloads: read };
}

function readSignature(text: string, implementation: Implementation | 'special'): Overload {
  const onTarget = text.startsWith('.');
  const open = text.indexOf('(');
  const close = closingParenthesis(text, open);
  const parameters = splitTypes(text.slice(open + 1, close)).map(parseType);
  const result = parseType(text.slice(close + 1).trim());
  const variables = [...new Set([...parameters, result].flatMap(variablesOf))];
  return { id: text.slice(onTarget ? 1 : 0, open), onTarget, parameters, result, variables, implementation };
}

function closingParenthesis(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  return text.length;
}

function variablesOf(type: CelType): readonly string[] {
  return type.kind === 'param' ? [type.name] : type.parameters.flatMap(variablesOf);
}
