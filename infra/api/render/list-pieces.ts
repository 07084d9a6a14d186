// A list in any form, made object by object: whoever sends it lets others have their turn between two pieces, so that a
// list of 50,000 objects holds nobody up. The bytes are those of the whole document encoded at once.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { encodeListEnvelope, encodeListItem } from '../codec/protobuf-list.ts';
import { yamlLibrary } from '../codec/yaml-library.ts';
import type { ObjectSchema } from '../kinds/schema.ts';
import { schemaOf } from '../kinds/type-names.ts';
import type { Listed } from '../verbs/list.ts';
import { asKind, shown } from './convert.ts';
import { apiVersionOf, partial, type Rendering, servesStoredBytes, tableHead, tableRow } from './render.ts';

/** Objects between two pieces: copying bytes is cheap, making an object's form is not. */
const copiedPerPiece = 64;
const madePerPiece = 12;

/** A short list may be asked for again soon; a long one would drive out everything that is kept parsed. */
const keptMax = 512;
const kept = (stored: StoredObject): AnyObject => stored.object;
const once = (stored: StoredObject): AnyObject => stored.readOnce();

type Shape = {
  /** The document without its items, which come last. */
  readonly document: Readonly<Record<string, unknown>>;
  /** The name of the items in it. */
  readonly items: 'items' | 'rows';
  readonly item: (stored: StoredObject) => object;
};

/** The pieces in order; some are empty, where there was work and nothing can be sent yet. */
export function* listPieces(listed: Listed, rendering: Rendering): Generator<readonly Uint8Array[]> {
  const shape = shapeOf(listed, rendering);
  const { form, kind } = rendering;
  if (form.encoding === 'yaml') yield* yamlPieces(listed, shape);
  else if (form.encoding === 'json') {
    const whole = servesStoredBytes(rendering) ? (stored: StoredObject) => shown(stored, kind).jsonParts() : undefined;
    yield* jsonPieces(listed, shape, { pretty: form.pretty, whole });
  } else {
    const schemas = protobufSchemas(shape.document);
    if (schemas === undefined) yield* jsonPieces(listed, shape, { pretty: false, whole: undefined });
    else yield* protobufPieces(listed, shape, schemas);
  }
}

function shapeOf(listed: Listed, rendering: Rendering): Shape {
  const { kind, form } = rendering;
  const metadata = listMeta(listed);
  const meta = `meta.k8s.io/${form.metaVersion}`;
  const read = listed.items.length > keptMax ? once : kept;
  switch (form.as) {
    case 'table':
      return {
        document: tableHead(rendering, metadata),
        items: 'rows',
        item: (stored) => tableRow(read(stored), rendering),
      };
    case 'partial':
      return {
        document: { kind: 'PartialObjectMetadataList', apiVersion: meta, metadata },
        items: 'items',
        item: (stored) => partial(asKind(read(stored), kind), form),
      };
    case 'object':
      return {
        document: { kind: kind.listKind, apiVersion: apiVersionOf(kind), metadata },
        items: 'items',
        item: (stored) => asKind(read(stored), kind),
      };
  }
}

type JsonOptions = {
  readonly pretty: boolean;
  /** The bytes of an object where they need not be made. */
  readonly whole: ((stored: StoredObject) => Uint8Array[]) | undefined;
};

function* jsonPieces({ items }: Listed, shape: Shape, { pretty, whole }: JsonOptions): Generator<Uint8Array[]> {
  const text = pretty ? JSON.stringify(shape.document, null, 2) : JSON.stringify(shape.document);
  const head = pretty ? `${text.slice(0, -2)},\n  "${shape.items}": [` : `${text.slice(0, -1)},"${shape.items}":[`;
  const make = (stored: StoredObject): Uint8Array[] => {
    if (whole !== undefined) return whole(stored);
    const item = shape.item(stored);
    return [
      Buffer.from(pretty ? `\n    ${JSON.stringify(item, null, 2).replaceAll('\n', '\n    ')}` : JSON.stringify(item)),
    ];
  };
  yield [Buffer.from(head)];
  for (const slice of slices(items, whole === undefined ? madePerPiece : copiedPerPiece)) {
    const parts: Uint8Array[] = [];
    for (const stored of slice) {
      if (stored !== items[0]) parts.push(comma);
      for (const part of make(stored)) parts.push(part);
    }
    yield parts;
  }
  yield [Buffer.from(pretty ? `${items.length === 0 ? '' : '\n  '}]\n}\n` : ']}\n')];
}

const comma = Buffer.from(',');

function* yamlPieces({ items }: Listed, shape: Shape): Generator<Uint8Array[]> {
  const text = (value: object) => yamlLibrary().stringify(value, { version: '1.1', aliasDuplicateObjects: false });
  const head = text(shape.document);
  yield [Buffer.from(items.length === 0 ? `${head}${shape.items}: []\n` : `${head}${shape.items}:\n`)];
  for (const slice of slices(items, madePerPiece)) {
    yield slice.map((stored) => Buffer.from(indented(text(shape.item(stored)))));
  }
}

/** A document as the item of a sequence two columns in. */
function indented(document: string): string {
  const lines = document.replace(/\n$/, '').split('\n');
  return lines.map((line, index) => (index === 0 ? `  - ${line}\n` : line === '' ? '\n' : `    ${line}\n`)).join('');
}

type Schemas = { readonly list: ObjectSchema; readonly item: ObjectSchema };

/** Undefined for types that have no protobuf form: they are answered as JSON, which every client of ours understands. */
function protobufSchemas({ apiVersion, kind }: Shape['document']): Schemas | undefined {
  const of = (name: string) => schemaOf(String(apiVersion), name);
  const list = of(String(kind));
  const item = of(String(kind).replace(/List$/, ''));
  return list === undefined || item === undefined ? undefined : { list, item };
}

function* protobufPieces({ items }: Listed, shape: Shape, schemas: Schemas): Generator<Uint8Array[]> {
  const encoded: Buffer[] = [];
  let itemBytes = 0;
  for (const slice of slices(items, madePerPiece)) {
    for (const stored of slice) {
      const bytes = encodeListItem(shape.item(stored), schemas.item);
      encoded.push(bytes);
      itemBytes += bytes.length;
    }
    yield [];
  }
  const { head, tail } = encodeListEnvelope(shape.document, { schema: schemas.list, itemBytes });
  yield [head];
  for (const slice of slices(encoded, copiedPerPiece)) yield slice;
  yield [tail];
}

function* slices<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

function listMeta(listed: Listed): object {
  return {
    resourceVersion: String(listed.revision),
    ...(listed.continue === undefined ? undefined : { continue: listed.continue }),
    ...(listed.remainingItemCount === undefined ? undefined : { remainingItemCount: listed.remainingItemCount }),
  };
}
