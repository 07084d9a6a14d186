// A list in any form, made object by object: whoever sends it lets others have their turn between two pieces, so that a
// list of 50,000 objects holds nobody up. The bytes are those of the whole document encoded at once.

import { ByteWriter } from '../../../streams/base/byte-writer.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { ColdStorage, type Packed, writePacked } from '../../../streams/views/cold-storage.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { encodeListEnvelope, encodeListItem } from '../codec/protobuf-list.ts';
import { yamlLibrary } from '../codec/yaml-library.ts';
import { pieceBytes } from '../http/lent-memory.ts';
import type { ObjectSchema } from '../kinds/schema.ts';
import { schemaOf } from '../kinds/type-names.ts';
import type { Listed } from '../verbs/list.ts';
import { asKind, isStoredKind, shown } from './convert.ts';
import { apiVersionOf, partial, type Rendering, tableCells, tableHead, tableRow } from './render.ts';

/** How much is made between two looks at whether others wait. */
const objectsPerLook = 8;
const bytesPerLook = 16 * 1024;

/** A short list may be asked for again soon; a long one would drive out everything that is kept parsed. */
const keptMax = 512;
const kept = (stored: StoredObject): AnyObject => stored.object;
const once = (stored: StoredObject): AnyObject => stored.readOnce();
const alike = (stored: StoredObject): AnyObject => stored.readAlike();

type Shape = {
  /** The document without its items, which come last. */
  readonly document: Readonly<Record<string, unknown>>;
  /** The name of the items in it. */
  readonly items: 'items' | 'rows';
  readonly item: (stored: StoredObject) => object;
  /** Writes an item's JSON, where that is done with the bytes there are. */
  readonly write: ((stored: StoredObject, into: ByteWriter) => void) | undefined;
};

/** Where the next piece is written. */
type Memory = () => ByteWriter;

const ownMemory: Memory = () => new ByteWriter(Buffer.allocUnsafe(4_096));

/**
 * The pieces in order, each in a writer of its own. Between them comes nothing wherever some work was done: whoever asks
 * may let others have their turn there.
 */
export function* listPieces(
  listed: Listed,
  rendering: Rendering,
  memory: Memory = ownMemory,
): Generator<ByteWriter | undefined> {
  const shape = shapeOf(listed, rendering);
  const { form } = rendering;
  const pieces = new Pieces(memory);
  const schemas = form.encoding === 'protobuf' ? protobufSchemas(shape.document) : undefined;
  if (form.encoding === 'yaml') yield* yamlPieces(listed, shape, pieces);
  else if (schemas !== undefined) yield* protobufPieces(listed, shape, { schemas, pieces });
  else yield* jsonPieces(listed, shape, { pretty: form.encoding === 'json' && form.pretty, pieces });
  yield pieces.into;
}

/** What is written, piece by piece. */
class Pieces {
  into: ByteWriter;
  readonly #memory: Memory;
  #looked = 0;
  #since = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.into = memory();
  }

  /** Said after each object: true where it is time to yield what `full` gives. */
  get due(): boolean {
    const { length } = this.into;
    if (++this.#since < objectsPerLook && length - this.#looked < bytesPerLook) return false;
    this.#since = 0;
    this.#looked = length;
    return true;
  }

  /** The piece if it is large enough to be sent; what follows is written into the next. */
  full(): ByteWriter | undefined {
    if (this.into.length < pieceBytes) return undefined;
    const piece = this.into;
    this.into = this.#memory();
    this.#looked = 0;
    return piece;
  }
}

function shapeOf(listed: Listed, rendering: Rendering): Shape {
  const { kind, form } = rendering;
  const metadata = listMeta(listed);
  const meta = `meta.k8s.io/${form.metaVersion}`;
  const read = form.encoding === 'protobuf' ? alike : listed.items.length > keptMax ? once : kept;
  const asStored = isStoredKind(kind) && kind.custom === undefined;
  const partialHead = `{"kind":"PartialObjectMetadata","apiVersion":"${meta}","metadata":`;
  const writePartial = (stored: StoredObject, into: ByteWriter) => {
    into.text(partialHead);
    stored.writeMetadata(into);
    into.byte(closingBrace);
  };
  switch (form.as) {
    case 'table':
      return {
        document: tableHead(rendering, metadata),
        items: 'rows',
        item: (stored) => tableRow(read(stored), rendering),
        write: asStored
          ? (stored, into) => {
              into.text(`{"cells":${JSON.stringify(tableCells(read(stored), rendering))}`);
              if (form.includeObject !== 'None') into.text(',"object":');
              if (form.includeObject === 'Metadata') writePartial(stored, into);
              else if (form.includeObject === 'Object') stored.writeJson(into);
              into.byte(closingBrace);
            }
          : undefined,
      };
    case 'partial':
      return {
        document: { kind: 'PartialObjectMetadataList', apiVersion: meta, metadata },
        items: 'items',
        item: (stored) => partial(asKind(read(stored), kind), form),
        write: asStored ? writePartial : undefined,
      };
    case 'object':
      return {
        document: { kind: kind.listKind, apiVersion: apiVersionOf(kind), metadata },
        items: 'items',
        item: (stored) => asKind(read(stored), kind),
        write: isStoredKind(kind) ? (stored, into) => shown(stored, kind).writeJson(into) : undefined,
      };
  }
}

type JsonOptions = { readonly pretty: boolean; readonly pieces: Pieces };

function* jsonPieces({ items }: Listed, shape: Shape, { pretty, pieces }: JsonOptions) {
  const text = pretty ? JSON.stringify(shape.document, null, 2) : JSON.stringify(shape.document);
  pieces.into.text(pretty ? `${text.slice(0, -2)},\n  "${shape.items}": [` : `${text.slice(0, -1)},"${shape.items}":[`);
  const write = pretty ? undefined : shape.write;
  for (const stored of items) {
    if (stored !== items[0]) pieces.into.byte(comma);
    if (write !== undefined) write(stored, pieces.into);
    else {
      const item = shape.item(stored);
      pieces.into.text(
        pretty ? `\n    ${JSON.stringify(item, null, 2).replaceAll('\n', '\n    ')}` : JSON.stringify(item),
      );
    }
    if (pieces.due) yield pieces.full();
  }
  pieces.into.text(pretty ? `${items.length === 0 ? '' : '\n  '}]\n}\n` : ']}\n');
}

const comma = 0x2c;
const closingBrace = 0x7d;

function* yamlPieces({ items }: Listed, shape: Shape, pieces: Pieces) {
  const text = (value: object) => yamlLibrary().stringify(value, { version: '1.1', aliasDuplicateObjects: false });
  const head = text(shape.document);
  pieces.into.text(items.length === 0 ? `${head}${shape.items}: []\n` : `${head}${shape.items}:\n`);
  for (const stored of items) {
    pieces.into.text(indented(text(shape.item(stored))));
    if (pieces.due) yield pieces.full();
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

/** Encoded items wait until the length of all is known: as what they have beyond each other, which is a tenth. */
const waitingBounds = {
  freshBytesMax: 0,
  familiesMax: 64,
  familyBytesMax: 4 * 1024 * 1024,
  searchableMax: 16,
};

type ProtobufOptions = { readonly schemas: Schemas; readonly pieces: Pieces };

function* protobufPieces({ items }: Listed, shape: Shape, { schemas, pieces }: ProtobufOptions) {
  const storage = new ColdStorage(waitingBounds);
  const waiting: Packed[] = [];
  let itemBytes = 0;
  for (const stored of items) {
    const bytes = encodeListItem(shape.item(stored), schemas.item);
    itemBytes += bytes.length;
    waiting.push(storage.pack(bytes, stored.ref));
    yield undefined;
  }
  const { head, tail } = encodeListEnvelope(shape.document, { schema: schemas.list, itemBytes });
  pieces.into.raw(head);
  for (const packed of waiting) {
    writePacked(packed, pieces.into);
    if (pieces.due) yield pieces.full();
  }
  pieces.into.raw(tail);
}

function listMeta(listed: Listed): object {
  return {
    resourceVersion: String(listed.revision),
    ...(listed.continue === undefined ? undefined : { continue: listed.continue }),
    ...(listed.remainingItemCount === undefined ? undefined : { remainingItemCount: listed.remainingItemCount }),
  };
}
