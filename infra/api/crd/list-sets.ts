// Lists that are sets have no item twice, lists that are maps no key twice (`x-kubernetes-list-type`). The first item that
// repeats is told, with what it repeats.

import type { FieldError } from '../errors.ts';
import { isObject } from './json.ts';
import { type Structural, valueSchema } from './structural.ts';

export function listProblems(value: unknown, schema: Structural | undefined, path: string): FieldError[] {
  if (schema === undefined) return [];
  if (Array.isArray(value)) {
    const problems = ownProblems(value, schema, path);
    if (schema.items === undefined) return problems;
    for (const [index, item] of value.entries()) {
      if (typeof item === 'object') problems.push(...listProblems(item, schema.items, `${path}[${index}]`));
    }
    return problems;
  }
  if (!isObject(value)) return [];
  const problems: FieldError[] = [];
  for (const key in value) {
    const inner = value[key];
    if (typeof inner !== 'object' || inner === null) continue;
    const at = schema.properties.has(key) ? (path === '' ? key : `${path}.${key}`) : `${path}[${key}]`;
    problems.push(...listProblems(inner, valueSchema(schema, key), at));
  }
  return problems;
}

function ownProblems(list: readonly unknown[], schema: Structural, path: string): FieldError[] {
  if (schema.listType === 'atomic') return [];
  if (schema.listType === 'set') return duplicates(list, path);
  for (const [index, item] of list.entries()) {
    if (item === null || isObject(item)) continue;
    const detail = 'must be an object for an array of list-type map';
    return [{ type: 'Invalid', field: `${path}[${index}]`, value: goOrder(item), detail }];
  }
  return duplicates(
    list.map((item) => keysOf(item, schema.listKeys)),
    path,
  );
}

/** An item's key fields, those it has. */
export function keysOf(item: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> {
  const given = isObject(item) ? item : {};
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(given, key)).map((key) => [key, given[key]]));
}

function duplicates(list: readonly unknown[], path: string): FieldError[] {
  if (list.length < 2) return [];
  const seen = new Map<string, number>();
  const problems: FieldError[] = [];
  for (const [index, item] of list.entries()) {
    const id = identity(item);
    const times = seen.get(id) ?? 0;
    seen.set(id, times + 1);
    if (times === 1) problems.push({ type: 'Duplicate', field: `${path}[${index}]`, value: goOrder(item) });
  }
  return problems;
}

/** Equal values have equal identities, whatever the order of their keys. */
export function identity(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(identity).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${identity(value[key])}`).join(',')}}`;
}

/** With the keys of objects sorted, as Go prints maps. */
export function goOrder(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (JSON.parse(identity(value)) as unknown) : value;
}
