// A custom resource in a Table: its name, then the columns its definition asks for, or its age.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { goNumber } from '../go-number.ts';
import { goJson } from '../patch/go-format.ts';
import type { Json } from '../patch/json-value.ts';
import { nameColumn, since } from '../tables/cells.ts';
import type { Cell, Column, TablePrinter } from '../tables/table.ts';
import type { PrinterColumn } from './definition.ts';
import { type JsonPath, parseJsonPath, valuesAt } from './json-path.ts';

const defaultColumns: readonly PrinterColumn[] = [
  {
    name: 'Age',
    type: 'date',
    description: 'Time since the server created the object.',
    jsonPath: '.metadata.creationTimestamp',
  },
];

export function customTable(given: readonly PrinterColumn[] | undefined): TablePrinter {
  const columns = given === undefined || given.length === 0 ? defaultColumns : given;
  const parsed = columns.map((column) => ({ column, path: parseJsonPath(column.jsonPath) }));
  // A column nobody can read takes all of them with it, as upstream falls back to names alone.
  const readable = parsed.every(({ path }) => path !== undefined) ? parsed : [];
  return {
    columns: [nameColumn, ...readable.map(({ column }) => headOf(column))],
    cells: (object, nowMs) => [
      object.metadata.name,
      ...readable.map(({ column, path }) => cellOf(object, { type: column.type, path: path as JsonPath, nowMs })),
    ],
  };
}

function headOf({ name, type, format, description, priority, jsonPath }: PrinterColumn): Column {
  return {
    name,
    type: type as Column['type'],
    ...(format && { format }),
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: priority ?? 0,
  };
}

function cellOf(
  object: AnyObject,
  { type, path, nowMs }: { readonly type: string; readonly path: JsonPath; readonly nowMs: number },
): Cell {
  const [value] = valuesAt(object, path);
  if (value === undefined || (value === null && type !== 'string')) return null;
  switch (type) {
    case 'string':
      return textOf(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      if (typeof value !== 'string') return null;
      return value !== '' && Number.isNaN(Date.parse(value)) ? '<invalid>' : since(value, nowMs);
    default:
      return null;
  }
}

function textOf(value: unknown): string {
  if (value === null) return '<nil>';
  if (typeof value === 'object') return goJson(value as Json);
  return typeof value === 'number' ? goNumber(value) : String(value);
}
