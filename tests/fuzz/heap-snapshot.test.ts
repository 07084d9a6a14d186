// What the fuzz reads from a heap snapshot.

import { expect, test } from 'vitest';
import { HeapSnapshot } from './heap-snapshot.ts';

const nodeFields = ['type', 'name', 'id', 'self_size', 'edge_count'];
const [hidden, object] = [0, 1];
const [internal, property, weak] = [0, 1, 2];

type Node = { readonly name: string; readonly bytes: number; readonly edges?: readonly Edge[] };
type Edge = { readonly to: number; readonly kind?: number; readonly name?: string };

/** The first node is the root; a node's id is 100 more than its place. */
function snapshotOf(nodes: readonly Node[]): HeapSnapshot {
  const strings = [''];
  const text = (value: string) => strings.push(value) - 1;
  return new HeapSnapshot(
    JSON.stringify({
      snapshot: {
        meta: {
          node_fields: nodeFields,
          node_types: [['hidden', 'object'], 'string', 'number', 'number', 'number'],
          edge_fields: ['type', 'name_or_index', 'to_node'],
          edge_types: [['internal', 'property', 'weak'], 'string_or_number', 'node'],
        },
      },
      nodes: nodes.flatMap(({ name, bytes, edges = [] }, n) => [
        name === '' ? hidden : object,
        text(name),
        100 + n,
        bytes,
        edges.length,
      ]),
      edges: nodes.flatMap(({ edges = [] }) =>
        edges.flatMap(({ to, kind = property, name = '' }) => [kind, text(name), to * nodeFields.length]),
      ),
      strings,
    }),
  );
}

test('what can be reached past a class is not its own', () => {
  const heap = snapshotOf([
    { name: '', bytes: 0, edges: [{ to: 1 }, { to: 2 }] },
    { name: 'Log', bytes: 10, edges: [{ to: 3 }, { to: 4 }] },
    { name: 'Table', bytes: 20, edges: [{ to: 3 }, { to: 4, kind: weak }] },
    { name: 'Object', bytes: 400 },
    { name: 'Object', bytes: 8_000 },
  ]);
  expect(heap.aliveWithout([])).toBe(8_430);
  expect(heap.aliveWithout(['Log'])).toBe(420);
  expect(heap.aliveWithout(['Table'])).toBe(8_410);
  expect(heap.aliveWithout(['Log', 'Table'])).toBe(0);
});

test('a value in a WeakMap is kept by its key alone', () => {
  const name = 'part of key (Object @102) -> value (Object @103) pair in WeakMap (table @101)';
  const pair = { to: 3, kind: internal, name };
  const heap = snapshotOf([
    { name: '', bytes: 0, edges: [{ to: 1 }, { to: 4 }] },
    { name: 'WeakMap', bytes: 10, edges: [{ to: 2, kind: weak }, pair] },
    { name: 'Object', bytes: 200, edges: [pair] },
    { name: 'Object', bytes: 3_000 },
    { name: 'Log', bytes: 40_000, edges: [{ to: 2 }] },
  ]);
  expect(heap.aliveWithout([])).toBe(43_210);
  expect(heap.aliveWithout(['Log'])).toBe(10);
});
