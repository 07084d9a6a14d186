// Objects, lists and watch events in the form a client asked for. JSON objects are the stored bytes, shared by all
// clients; every other form is made on demand.

import type { AnyObject, ObjectMeta } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { encodeProtobuf } from '../codec/protobuf.ts';
import { yamlLibrary } from '../codec/yaml-library.ts';
import type { Kind } from '../kinds/kind.ts';
import { schemaOf } from '../kinds/type-names.ts';
import { tablePrinterOf } from '../tables/printers.ts';
import type { Cell } from '../tables/table.ts';
import { asKind, isStoredKind, shown } from './convert.ts';
import type { Form } from './form.ts';

export type Rendering = { readonly kind: Kind; readonly form: Form; readonly nowMs: number };

/** One object of the kind the request named. */
export function renderStored(stored: StoredObject, rendering: Rendering): Buffer {
  const { form } = rendering;
  if (servesStoredBytes(rendering)) return shown(stored, rendering.kind).json;
  return encodeValue(shape(stored.object, rendering), form);
}

/** An object made for the answer, which is no stored one: a Scale. */
export function renderMade(object: AnyObject, rendering: Rendering): Buffer {
  const { form } = rendering;
  return encodeValue(form.as === 'object' ? object : shape(object, rendering), form);
}

/** True where the stored bytes are the answer as they are. */
export function servesStoredBytes({ kind, form }: Rendering): boolean {
  return form.as === 'object' && form.encoding === 'json' && !form.pretty && isStoredKind(kind);
}

/** The object of a watch event; the first event of a Table watch carries the columns, the others do not. */
export function watchObject(object: AnyObject, rendering: Rendering, first: boolean): object {
  const shaped = shape(object, rendering);
  return rendering.form.as === 'table' && !first ? { ...shaped, columnDefinitions: null } : shaped;
}

/** The object of a bookmark: nothing but its kind and revision. */
export function bookmarkObject(metadata: Partial<ObjectMeta>, rendering: Rendering): object {
  const { kind, form } = rendering;
  if (form.as === 'table')
    return {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${form.metaVersion}`,
      metadata,
      columnDefinitions: null,
      rows: [],
    };
  if (form.as === 'partial')
    return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${form.metaVersion}`, metadata };
  return { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata };
}

/** Any value that is an answer of its own: Status, Scale, reviews. */
export function encodeValue(value: object, form: Pick<Form, 'encoding' | 'pretty'>): Buffer {
  switch (form.encoding) {
    case 'json':
      return Buffer.from(form.pretty ? `${JSON.stringify(value, null, 2)}\n` : JSON.stringify(value));
    case 'yaml':
      return Buffer.from(yamlLibrary().stringify(value, { version: '1.1', aliasDuplicateObjects: false }));
    case 'protobuf':
      return protobuf(value as Readonly<Record<string, unknown>>);
  }
}

export function apiVersionOf({ group, version }: Pick<Kind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** A value whose type has no protobuf form is answered as JSON, which every client of ours understands. */
function protobuf(value: Readonly<Record<string, unknown>>): Buffer {
  const schema = schemaOf(String(value.apiVersion ?? ''), String(value.kind ?? ''));
  return schema === undefined ? Buffer.from(JSON.stringify(value)) : encodeProtobuf(value, schema);
}

/** A stored object in the form and as the kind asked for. */
function shape(object: AnyObject, rendering: Rendering): object {
  const { kind, form } = rendering;
  if (form.as === 'partial') return partial(object, form);
  if (form.as === 'table') return table([object], rendering, { resourceVersion: object.metadata.resourceVersion });
  return asKind(object, kind);
}

/** A Table of these objects. */
function table(objects: readonly AnyObject[], rendering: Rendering, metadata: object): object {
  return { ...tableHead(rendering, metadata), rows: objects.map((object) => tableRow(object, rendering)) };
}

export function tableHead({ kind, form }: Rendering, metadata: object): Readonly<Record<string, unknown>> {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${form.metaVersion}`,
    metadata,
    columnDefinitions: tablePrinterOf(kind).columns.map((column) => ({ format: '', description: '', ...column })),
  };
}

/** Printers read stored objects; what comes along with a row is of the kind asked for. */
export function tableRow(stored: AnyObject, { kind, form, nowMs }: Rendering): object {
  const object = kind.custom?.read(stored) ?? stored;
  return { cells: tableCells(object, { kind, nowMs }), ...included(object, { kind, form }) };
}

/** The cells alone, of an object as its kind reads it. */
export function tableCells(object: AnyObject, { kind, nowMs }: Pick<Rendering, 'kind' | 'nowMs'>): readonly Cell[] {
  return tablePrinterOf(kind).cells(object, nowMs);
}

function included(object: AnyObject, { kind, form }: Pick<Rendering, 'kind' | 'form'>): { object?: object } {
  if (form.includeObject === 'None') return {};
  return { object: form.includeObject === 'Object' ? asKind(object, kind) : partial(object, form) };
}

export function partial(object: AnyObject, form: Form): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${form.metaVersion}`, metadata: object.metadata };
}
