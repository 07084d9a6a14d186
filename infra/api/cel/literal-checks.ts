// Literals that can never be evaluated are refused when the expression is compiled: durations, timestamps, patterns,
// the clauses of a format. So are lists and maps of several types, except where they are shown by `format`.

import type { Call, Expression } from './ast.ts';
import type { Checked } from './checker.ts';
import { checkFormat } from './library/format-string.ts';
import { compilePattern } from './regular-expression.ts';
import type { Issue } from './source.ts';
import { parseDuration, parseTimestamp } from './time-arithmetic.ts';
import { type CelType, DYN, sameType, showType, unwrapOptional } from './types.ts';

export function validateLiterals(checked: Checked): readonly Issue[] {
  const issues: Issue[] = [];
  const visit = (expression: Expression, formatted: boolean): void => {
    if (expression.kind === 'call') issues.push(...checkCall(expression, checked));
    else if (!formatted) issues.push(...checkTypes(expression, checked));
    const inside = formatted || (expression.kind === 'call' && expression.name === 'format');
    for (const part of partsOf(expression)) visit(part, inside);
  };
  visit(checked.expression, false);
  return issues;
}

function checkTypes(expression: Expression, checked: Checked): readonly Issue[] {
  if (expression.kind === 'list') {
    const elements = expression.elements.map((element, at) => [element, expression.optional.has(at)] as const);
    return differing(elements, checked).slice(0, 1);
  }
  if (expression.kind !== 'map') return [];
  const keys = expression.entries.map(({ key }) => [key, false] as const);
  const values = expression.entries.map(({ value, optional }) => [value, optional] as const);
  return [...differing(keys, checked), ...differing(values, checked)];
}

/** The values that are not of the first one's type. */
function differing(values: readonly (readonly [Expression, boolean])[], checked: Checked): readonly Issue[] {
  const issues: Issue[] = [];
  let first: CelType | undefined;
  for (const [value, optional] of values) {
    const whole = checked.types.get(value.id) ?? DYN;
    const type = optional ? unwrapOptional(whole) : whole;
    first ??= type;
    if (sameType(first, type)) continue;
    issues.push({ offset: value.offset, message: `expected type '${showType(first)}' but found '${showType(type)}'` });
  }
  return issues;
}

const READABLE: Readonly<Record<string, (text: string) => boolean>> = {
  duration: (text) => parseDuration(text) !== undefined,
  timestamp: (text) => parseTimestamp(text) !== undefined,
  matches: (text) => compilePattern(text).kind === 'pattern',
};

function checkCall(call: Call, checked: Checked): readonly Issue[] {
  if (call.name === 'format') return checkFormatCall(call, checked);
  if (!Object.hasOwn(READABLE, call.name)) return [];
  const last = call.arguments.at(-1);
  if (last?.kind !== 'literal') return [];
  const { value } = last;
  const readable = typeof value === 'string' ? READABLE[call.name]?.(value) === true : value !== null;
  if (readable) return [];
  return [{ offset: last.offset, message: `invalid ${call.name} argument` }];
}

function checkFormatCall(call: Call, checked: Checked): readonly Issue[] {
  const [list] = call.arguments;
  const { target } = call;
  if (target?.kind !== 'literal' || typeof target.value !== 'string' || list?.kind !== 'list') return [];
  const types = list.elements.map(({ id }) => checked.types.get(id) ?? DYN);
  const problem = checkFormat(target.value, types);
  if (problem === undefined) return [];
  const at = problem.parameter === undefined ? undefined : list.elements[problem.parameter];
  return [{ offset: (at ?? call).offset, message: problem.message }];
}

/** The expressions directly inside one. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'identifier':
      return [];
    case 'select':
      return [expression.operand];
    case 'call':
      return expression.target === undefined ? expression.arguments : [expression.target, ...expression.arguments];
    case 'list':
      return expression.elements;
    case 'map':
      return expression.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expression.fields.map(({ value }) => value);
    case 'comprehension':
      return [expression.range, expression.initial, expression.condition, expression.step, expression.result];
  }
}
