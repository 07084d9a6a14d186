// The part of kubectl's JSONPath that printer columns and selectable fields use: fields by name, quoted or with escaped
// dots, items by position or slice, `*`, `..` and simple filters. A path that asks for more is not one.

import { isObject } from './json.ts';

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | {
      readonly kind: 'slice';
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly single: boolean;
    }
  | { readonly kind: 'all' }
  | { readonly kind: 'below' }
  | { readonly kind: 'filter'; readonly path: JsonPath; readonly operator: string; readonly value: unknown };

export type JsonPath = readonly Step[];

/** Undefined for what is no such path. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const steps: Step[] = [];
  let rest = text.trim().replace(/^[$@]/, '');
  while (rest !== '') {
    const step = nextStep(rest);
    if (step === undefined) return undefined;
    steps.push(...step.steps);
    rest = step.rest;
  }
  return steps;
}

/** Every value the path leads to, in order. */
export function valuesAt(value: unknown, path: JsonPath): readonly unknown[] {
  let values: readonly unknown[] = [value];
  for (const step of path) values = values.flatMap((current) => follow(current, step));
  return values;
}

type Taken = { readonly steps: readonly Step[]; readonly rest: string };

function nextStep(text: string): Taken | undefined {
  if (text.startsWith('..'))
    return { steps: [{ kind: 'below' }], rest: text[2] === '[' ? text.slice(2) : text.slice(1) };
  if (text.startsWith('[')) return bracket(text);
  const match = /^\.?((?:\\.|[^.[\]\\])*)/.exec(text);
  if (match === null || !text.startsWith('.')) return undefined;
  const name = (match[1] ?? '').replaceAll(/\\(.)/g, '$1');
  const rest = text.slice(match[0].length);
  if (name === '') return rest === '' || rest.startsWith('[') ? { steps: [], rest } : undefined;
  return { steps: [name === '*' ? { kind: 'all' } : { kind: 'field', name }], rest };
}

const quotedForm = /^\['((?:\\.|[^'\\])*)'\]/;
const sliceForm = /^\[(-?[0-9]+)?(:)?(-?[0-9]+)?\]/;
const filterForm =
  /^\[\?\(\s*@((?:\.(?:\\.|[^\s.[\]=!<>)\\])+|\['[^']*'\])*)\s*(?:(==|!=|<=|>=|<|>)\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s)]+))?\s*\)\]/;

function bracket(text: string): Taken | undefined {
  if (text.startsWith('[*]')) return { steps: [{ kind: 'all' }], rest: text.slice(3) };
  const quoted = quotedForm.exec(text);
  if (quoted !== null) {
    const name = (quoted[1] ?? '').replaceAll(/\\(.)/g, '$1');
    return { steps: [{ kind: 'field', name }], rest: text.slice(quoted[0].length) };
  }
  const slice = sliceForm.exec(text);
  if (slice !== null && (slice[1] !== undefined || slice[2] !== undefined)) {
    const [from, to] = [slice[1], slice[3]].map((part) => (part === undefined ? undefined : Number(part)));
    return { steps: [{ kind: 'slice', from, to, single: slice[2] === undefined }], rest: text.slice(slice[0].length) };
  }
  const filter = filterForm.exec(text);
  const path = filter === null ? undefined : parseJsonPath(filter[1] ?? '');
  if (filter === null || path === undefined) return undefined;
  const [whole, , operator = 'exists', literal = ''] = filter;
  return { steps: [{ kind: 'filter', path, operator, value: literalOf(literal) }], rest: text.slice(whole.length) };
}

function literalOf(text: string): unknown {
  if (/^["']/.test(text)) return text.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text === '' || Number.isNaN(number) ? text : number;
}

function follow(value: unknown, step: Step): readonly unknown[] {
  switch (step.kind) {
    case 'field':
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'all':
      return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
    case 'below':
      return everythingIn(value);
    case 'slice': {
      if (!Array.isArray(value)) return [];
      const { from = 0, to, single } = step;
      if (!single) return value.slice(from, to);
      const index = from < 0 ? value.length + from : from;
      return index in value ? [value[index]] : [];
    }
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => holds(item, step)) : [];
  }
}

function holds(item: unknown, { path, operator, value }: Extract<Step, { readonly kind: 'filter' }>): boolean {
  const found = valuesAt(item, path);
  if (operator === 'exists') return found.length > 0;
  const [left] = found;
  if (found.length === 0) return false;
  switch (operator) {
    case '==':
      return left === value;
    case '!=':
      return left !== value;
    case '<':
      return (left as number) < (value as number);
    case '<=':
      return (left as number) <= (value as number);
    case '>':
      return (left as number) > (value as number);
    default:
      return (left as number) >= (value as number);
  }
}

function everythingIn(value: unknown): unknown[] {
  const inner = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
  return [value, ...inner.flatMap(everythingIn)];
}
