// What is kept parsed: what is new for a while, and what is asked for again as long as it is used.

import { expect, test } from 'vitest';
import { type Coolable, HotObjects } from '../../../../streams/views/hot-objects.ts';

class Thing implements Coolable {
  readonly bytes = 1;
  touched = false;
  hot = true;
  cool(): void {
    this.hot = false;
  }
}

function things(count: number): Thing[] {
  return Array.from({ length: count }, () => new Thing());
}

const hotOf = (all: readonly Thing[]) => all.map(({ hot }) => hot);

test('a new object is let go when enough others have come', () => {
  const hot = new HotObjects({ firstBytesMax: 2, againBytesMax: 2 });
  const all = things(4);
  for (const thing of all) hot.add(thing, false);
  expect(hotOf(all)).toEqual([false, false, true, true]);
});

test('a flood of new ones does not drive out what is used again and again', () => {
  const hot = new HotObjects({ firstBytesMax: 2, againBytesMax: 2 });
  const [used, ...flood] = things(100);
  if (used === undefined) throw new Error('there is one');
  hot.add(used, true);
  for (const thing of flood) hot.add(thing, false);
  expect(used.hot).toBe(true);
});

test('of those asked for again, the ones not touched since go first', () => {
  const hot = new HotObjects({ firstBytesMax: 0, againBytesMax: 2 });
  const [a, b, c] = things(3) as [Thing, Thing, Thing];
  hot.add(a, true);
  hot.add(b, true);
  a.touched = true;
  hot.add(c, true);
  expect(hotOf([a, b, c])).toEqual([true, false, true]);
});

test('what is forgotten takes no room', () => {
  const hot = new HotObjects({ firstBytesMax: 2, againBytesMax: 2 });
  const [a, b, c] = things(3) as [Thing, Thing, Thing];
  hot.add(a, false);
  hot.add(b, false);
  hot.forget(a, false);
  hot.add(c, false);
  expect(hotOf([a, b, c])).toEqual([true, true, true]);
});
