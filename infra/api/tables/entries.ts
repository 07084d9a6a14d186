// Tables written as lists: each entry is a column with where its cell comes from, most often a path into the object.
// Kinds that only show fields need no code of their own.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { age, ageColumn, column, nameColumn, none, selectorText, wide } from './cells.ts';
import type { Cell, Column, TablePrinter } from './table.ts';

type Read = (object: AnyObject, nowMs: number) => Cell;

export type Entry = readonly [column: Column, cell: Read];

export function tabled(...entries: readonly Entry[]): TablePrinter {
  return {
    columns: entries.map(([shown]) => shown),
    cells: (object, nowMs) => entries.map(([, cell]) => cell(object, nowMs)),
  };
}

export const named: Entry = [nameColumn, (object) => object.metadata.name];
export const aged: Entry = [ageColumn, age];

/** What stands at the path, or `absent`; numbers and flags stay what they are. */
export function field(label: string, path: string, absent: Cell = '', type: Column['type'] = 'string'): Entry {
  return [column(label, type), fieldOf(path, absent)];
}

export function wideField(label: string, path: string, absent: Cell = ''): Entry {
  return [wide(label), fieldOf(path, absent)];
}

/** How many items the list at the path has. */
export function counted(label: string, path: string): Entry {
  return [column(label, 'integer'), (object) => list(object, path).length];
}

/** The texts of the list at the path. */
export function joinedField(label: string, path: string, absent = ''): Entry {
  return [column(label), (object) => list<string>(object, path).join(',') || absent];
}

/** The name, marked where one of these annotations makes it the default of its kind. */
export function defaultMarked(...annotations: readonly string[]): Entry {
  const marked: Read = ({ metadata }) => {
    const isDefault = annotations.some((annotation) => metadata.annotations?.[annotation] === 'true');
    return isDefault ? `${metadata.name} (default)` : metadata.name;
  };
  return [nameColumn, marked];
}

export function selectorField(label: string, path: string): Entry {
  return [column(label), (object) => selectorText(value(object, path) as Parameters<typeof selectorText>[0]) || none];
}

export function text(object: AnyObject, path: string): string {
  const found = value(object, path);
  return found === undefined || found === null ? '' : String(found);
}

export function list<T>(object: AnyObject, path: string): readonly T[] {
  const found = value(object, path);
  return Array.isArray(found) ? (found as T[]) : [];
}

export function value(object: AnyObject, path: string): unknown {
  let found: unknown = object;
  for (const key of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[key];
  }
  return found;
}

function fieldOf(path: string, absent: Cell): Read {
  return (object) => (value(object, path) as Cell | undefined) ?? absent;
}
