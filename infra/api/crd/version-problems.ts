// What a version says beside its schema: where its scale's numbers lie, its columns, the fields its objects can be
// selected by.

import type { Check } from '../validation/check.ts';
import type { JsonSchema, PrinterColumn, SelectableField, Subresources } from './definition.ts';
import { fieldAt } from './field-path.ts';
import { structuralOf } from './structural.ts';

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const selectableMax = 8;

export function scalePaths(subresources: Subresources | undefined | null, check: Check): void {
  const scale = subresources?.scale;
  if (scale === undefined || scale === null) return;
  check.enter('subresources');
  check.enter('scale');
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  scalePath(specReplicasPath, check, { sub: '.specReplicasPath', under: ['.spec'], text: 'under .spec' });
  scalePath(statusReplicasPath, check, { sub: '.statusReplicasPath', under: ['.status'], text: 'under .status' });
  if (labelSelectorPath) {
    const text = 'under either .spec or .status';
    scalePath(labelSelectorPath, check, { sub: '.labelSelectorPath', under: ['.spec', '.status'], text });
  }
  check.leave();
  check.leave();
}

function scalePath(
  path: string,
  check: Check,
  { sub, under, text }: { readonly sub: string; readonly under: readonly string[]; readonly text: string },
): void {
  if (!path) check.required('', sub);
  else if (!path.startsWith('.')) check.invalid(path, 'must be a simple json path starting with .', sub);
  else if (!under.some((field) => path.startsWith(`${field}.`)))
    check.invalid(path, `should be a json path ${text}`, sub);
}

export function printerColumns(columns: readonly PrinterColumn[], check: Check): void {
  check.enter('additionalPrinterColumns');
  for (const [index, { name, type, format, jsonPath }] of columns.entries()) {
    check.enter(index);
    if (!name) check.required('', '.name');
    const types = `must be one of ${columnTypes.join(',')}`;
    if (!type) check.required(types, '.type');
    else if (!columnTypes.includes(type)) check.invalid(type, types, '.type');
    if (format && !columnFormats.includes(format)) {
      check.invalid(format, `must be one of ${columnFormats.join(',')}`, '.format');
    }
    if (!jsonPath) check.required('', '.JSONPath');
    else if (!jsonPath.startsWith('.')) {
      check.invalid(jsonPath, 'must be a simple json path starting with .', '.JSONPath');
    }
    check.leave();
  }
  check.leave();
}

export function selectableFields(
  fields: readonly SelectableField[],
  check: Check,
  schema: JsonSchema | undefined,
): void {
  if (fields.length === 0) return;
  if (schema === undefined) {
    check.invalid('', 'may only be set when validations.schema is included', '.selectableFields');
    return;
  }
  check.enter('selectableFields');
  const paths = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    check.enter(index);
    selectableField(jsonPath, check, { schema, paths });
    check.leave();
  }
  if (paths.size > selectableMax) check.tooMany(paths.size, selectableMax);
  check.leave();
}

function selectableField(
  path: string,
  check: Check,
  { schema, paths }: { readonly schema: JsonSchema; readonly paths: Set<string> },
): void {
  const at = '.jsonPath';
  if (!path) {
    check.required('', at);
    return;
  }
  const found = fieldAt(structuralOf(schema), path, { arrays: false });
  if (found.kind === 'invalid') {
    check.invalid(path, `is an invalid path: ${found.message}`, at);
    return;
  }
  const [root] = found.path;
  if (root === 'metadata') check.invalid(path, 'must not point to fields in metadata', at);
  if (!['string', 'boolean', 'integer'].includes(found.schema?.type ?? '')) {
    const detail =
      'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
    check.invalid(path, detail, at);
  }
  const id = found.path.join('.');
  if (paths.has(id)) check.duplicate(path, at);
  else paths.add(id);
}
