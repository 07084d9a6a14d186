import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeadlineHeap } from '../../../../streams/base/deadline-heap.ts';

/** What the heap must do, done slowly: a list that is searched for the earliest deadline, first come first served. */
class SlowHeap {
  readonly #items: { deadline: number; value: number }[] = [];
  push(deadline: number, value: number): void {
    this.#items.push({ deadline, value });
  }
  pop(): number | undefined {
    const least = Math.min(...this.#items.map(({ deadline }) => deadline));
    const at = this.#items.findIndex(({ deadline }) => deadline === least);
    return at < 0 ? undefined : this.#items.splice(at, 1)[0]?.value;
  }
  get size(): number {
    return this.#items.length;
  }
}

describe('deadline heap', () => {
  test('an empty heap has nothing', () => {
    const heap = new DeadlineHeap<string>();
    expect([heap.size, heap.peek(), heap.pop(), heap.drain()]).toEqual([0, undefined, undefined, []]);
  });

  test('pushes and pops in any order agree with a slow heap', () => {
    const operation = fc.oneof(fc.record({ push: fc.integer({ min: -5, max: 5 }) }), fc.constant('pop' as const));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const heap = new DeadlineHeap<number>();
        const slow = new SlowHeap();
        operations.forEach((op, i) => {
          if (op === 'pop') expect(heap.pop()?.value).toBe(slow.pop());
          else {
            heap.push(op.push, i);
            slow.push(op.push, i);
          }
          expect(heap.size).toBe(slow.size);
        });
        while (slow.size > 0) expect(heap.pop()?.value).toBe(slow.pop());
      }),
    );
  });

  test('drain empties the heap in the order pop would have', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 50 }), (deadlines) => {
        const [drained, popped] = [new DeadlineHeap<number>(), new DeadlineHeap<number>()];
        deadlines.forEach((deadline, i) => {
          drained.push(deadline, i);
          popped.push(deadline, i);
        });
        const order = drained.drain().map(({ value }) => value);
        expect(order).toEqual(deadlines.map(() => popped.pop()?.value));
        expect(drained.size).toBe(0);
      }),
    );
  });

  test('the first item can be looked at without taking it', () => {
    const heap = new DeadlineHeap<string>();
    heap.push(2, 'b');
    heap.push(1, 'a');
    expect(heap.peek()).toMatchObject({ deadline: 1, value: 'a' });
    expect(heap.size).toBe(2);
  });
});
