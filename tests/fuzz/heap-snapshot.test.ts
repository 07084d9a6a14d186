// What the fuzz reads from a heap snapshot.

import { expect, test } from 'vitest';
import { HeapSnapshot } from './heap-snapshot.ts';

/** The root keeps a Log and a Table; both keep what is `shared`, and the Table keeps the Log's `own` weakly. */
const text = JSON.stringify({
  snapshot: {
    meta: {
      node_fields: ['type', 'name', 'self_size', 'edge_count'],
      node_types: [['hidden', 'object'], 'string', 'number', 'number'],
      edge_fields: ['type', 'name_or_index', 'to_node'],
      edge_types: [['property', 'weak'], 'string_or_number', 'node'],
    },
  },
  nodes: [0, 0, 0, 2, 1, 1, 10, 2, 1, 2, 20, 2, 1, 3, 400, 0, 1, 3, 8_000, 0],
  edges: [0, 0, 4, 0, 0, 8, 0, 0, 12, 0, 0, 16, 0, 0, 12, 1, 0, 16],
  strings: ['', 'Log', 'Table', 'Object'],
});

test('what can be reached past a class is not its own', () => {
  const heap = new HeapSnapshot(text);
  expect(heap.aliveWithout([])).toBe(8_430);
  expect(heap.aliveWithout(['Log'])).toBe(420);
  expect(heap.aliveWithout(['Table'])).toBe(8_410);
  expect(heap.aliveWithout(['Log', 'Table'])).toBe(0);
});
