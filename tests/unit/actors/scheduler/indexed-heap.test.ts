import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IndexedHeap } from '../../../../actors/scheduler/indexed-heap.ts';

type Item = { readonly rank: number; readonly order: number; heapIndex: number };

test('a heap gives its items in order, whatever was taken out between', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), rank: fc.nat(9) }),
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('pop' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const before = (a: Item, b: Item) => a.rank < b.rank || (a.rank === b.rank && a.order < b.order);
      const heap = new IndexedHeap<Item>(before);
      let model: Item[] = [];
      let order = 0;
      for (const action of steps) {
        if (action.kind === 'push') {
          const item = { rank: action.rank, order: order++, heapIndex: -1 };
          heap.push(item);
          model = [...model, item].sort((a, b) => (before(a, b) ? -1 : 1));
        } else if (action.kind === 'remove') {
          const item = model[action.at % Math.max(1, model.length)];
          if (item === undefined) continue;
          heap.remove(item);
          model = model.filter((other) => other !== item);
          expect(item.heapIndex).toBe(-1);
        } else expect(heap.pop()).toBe(model.shift());
        expect(heap.peek()).toBe(model[0]);
        expect(heap.size).toBe(model.length);
      }
      for (const item of model) expect(heap.pop()).toBe(item);
    }),
  );
});

test('an item that is not in the heap cannot be removed', () => {
  const heap = new IndexedHeap<Item>((a, b) => a.rank < b.rank);
  expect(() => heap.remove({ rank: 1, order: 0, heapIndex: -1 })).toThrow('the item is in this heap');
});
