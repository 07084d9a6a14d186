// A list made piece by piece is the list: in every form its bytes are those of the whole document.

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { decodeProtobuf } from '../../../../infra/api/codec/protobuf.ts';
import { kindOf } from '../../../../infra/api/kinds/kinds.ts';
import { schemaOf } from '../../../../infra/api/kinds/type-names.ts';
import type { Form } from '../../../../infra/api/render/form.ts';
import { listPieces } from '../../../../infra/api/render/list-pieces.ts';
import { aPodBody } from '../../../kit/api-objects.ts';
import { apiWorld } from '../../../kit/api-world.ts';

const plain: Form = { encoding: 'json', as: 'object', metaVersion: 'v1', pretty: false, includeObject: 'Metadata' };

async function listed(count: number, changes: Partial<Form>) {
  const world = await apiWorld();
  for (let i = 0; i < count; i++)
    await world.create(
      'pods',
      aPodBody(`pod-${String(i).padStart(3, '0')}`, { containers: [{ name: 'c', image: 'x' }] }),
    );
  const kind = kindOf('', 'pods');
  if (kind === undefined) throw new Error('there are no pods');
  const items = [...world.stack.view.resource(kind).select()];
  const rendering = { kind, form: { ...plain, ...changes }, nowMs: world.clock.now() };
  const revision = world.stack.view.revision('LOG');
  const pieces = [...listPieces({ revision, items, remainingItemCount: 7 }, rendering)];
  const document = {
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(revision), remainingItemCount: 7 },
    items: items.map(({ object }) => object),
  };
  return { bytes: Buffer.concat(pieces.map((piece) => piece?.written() ?? Buffer.alloc(0))), document, pieces };
}

describe.each([0, 1, 100])('a list of %i pods', (count) => {
  test('is the document as JSON', async () => {
    const { bytes, document } = await listed(count, {});
    expect(bytes.toString()).toBe(`${JSON.stringify(document)}\n`);
  });

  test('is the document as JSON for people', async () => {
    const { bytes, document } = await listed(count, { pretty: true });
    expect(bytes.toString()).toBe(`${JSON.stringify(document, null, 2)}\n`);
  });

  test('is the document as YAML', async () => {
    const { bytes, document } = await listed(count, { encoding: 'yaml' });
    expect(parse(bytes.toString())).toEqual(document);
  });

  test('is the document as protobuf', async () => {
    const { bytes, document } = await listed(count, { encoding: 'protobuf' });
    const decoded = decodeProtobuf(bytes, schemaOf);
    if (decoded.type !== 'decoded') throw new Error(decoded.type);
    expect(decoded).toMatchObject({ kind: 'PodList', apiVersion: 'v1' });
    const { items, metadata } = decoded.value as {
      items: { metadata: { name: string } }[] | null;
      metadata: object;
    };
    expect(metadata).toEqual(document.metadata);
    expect((items ?? []).map((item) => item.metadata.name)).toEqual(document.items.map((item) => item.metadata.name));
  });

  test('has a row for each pod as a table, and its metadata alone where that is asked', async () => {
    const table = JSON.parse((await listed(count, { as: 'table' })).bytes.toString());
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(table.rows).toHaveLength(count);
    const all = JSON.parse((await listed(count, { as: 'table', includeObject: 'Object' })).bytes.toString());
    expect(all.rows.map(({ cells }: { cells: unknown }) => cells)).toEqual(
      table.rows.map(({ cells }: { cells: unknown }) => cells),
    );
    const { bytes, document } = await listed(count, { as: 'partial' });
    const { items } = JSON.parse(bytes.toString());
    expect(items).toEqual(
      document.items.map(({ metadata }) => ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata })),
    );
    expect(table.rows.map(({ object }: { object: unknown }) => object)).toEqual(items);
    expect(all.rows.map(({ object }: { object: unknown }) => object)).toEqual(document.items);
  });
});

test('a long list has many pieces, none of them large', async () => {
  for (const form of [{}, { encoding: 'protobuf' }, { as: 'table' }] as const) {
    const { pieces } = await listed(200, form);
    expect(pieces.length).toBeGreaterThan(4);
  }
});
