// What has become cold is told by others of its family; what has just come stays as it is.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ColdStorage, unpacked } from '../../../../streams/views/cold-storage.ts';

const bounds = { freshBytesMax: 10, familiesMax: 4, familyBytesMax: 1_000_000, searchableMax: 2 };
const spec = JSON.stringify(Array.from({ length: 100 }, (_, index) => ({ name: `SETTING_${index}` })));
const pod = (name: string, rest = '') => Buffer.from(`{"metadata":{"name":"${name}"},"spec":${spec}${rest}}`);
const ref = (name: string, namespace = 'default') => ({ resource: 'pods', namespace, name });

test('versions are packed in order, once enough have come after them', () => {
  const storage = new ColdStorage(bounds);
  const packed: string[] = [];
  for (const name of ['a', 'b', 'c', 'd'])
    storage.add({ ref: ref(name), textBytes: 4, pack: () => void packed.push(name) });
  expect(packed).toEqual(['a', 'b']);
});

test('a version larger than all that stays fresh is packed at once', () => {
  const storage = new ColdStorage(bounds);
  let packed = 0;
  storage.add({ ref: ref('a'), textBytes: 11, pack: () => void packed++ });
  expect(packed).toBe(1);
});

describe('objects of one template share its text', () => {
  test('by their family', () => {
    const storage = new ColdStorage(bounds);
    const first = storage.pack(pod('web-1'), ref('web-1'));
    const second = storage.pack(pod('web-2'), ref('web-2'));
    expect(second.base).toBe(first.base);
    expect(second.delta.length).toBeLessThan(50);
    expect(unpacked(second).toString()).toBe(pod('web-2').toString());
  });

  test('also where they have nothing but their resource in common', () => {
    const storage = new ColdStorage(bounds);
    const first = storage.pack(pod('web-1'), ref('web-1'));
    expect(storage.pack(pod('db-1'), ref('db-1', 'other')).base).toBe(first.base);
  });

  test('a family that has moved away from its base gets another one', () => {
    const storage = new ColdStorage(bounds);
    const status = `,"status":"${'ready'.repeat(200)}"`;
    const first = storage.pack(pod('web-0'), ref('web-0'));
    const later = Array.from({ length: 40 }, (_, n) => storage.pack(pod(`web-${n}`, status), ref(`web-${n}`)));
    expect(later[0]?.base).toBe(first.base);
    expect(later.at(-1)?.base).not.toBe(first.base);
    expect(later.at(-1)?.delta.length).toBeLessThan(50);
  });
});

test('bases are remembered up to so many bytes, the oldest is forgotten first', () => {
  const storage = new ColdStorage({ ...bounds, familyBytesMax: 2_000 });
  const filled = (letter: string) => Buffer.from(letter.repeat(900));
  const map = (name: string) => ({ resource: 'configmaps', namespace: 'default', name });
  const first = storage.pack(filled('a'), map('a-1'));
  expect(storage.pack(filled('a'), map('a-2')).base).toBe(first.base);
  storage.pack(filled('b'), map('b-1'));
  storage.pack(filled('c'), map('c-1'));
  expect(storage.pack(filled('a'), map('a-3')).base).not.toBe(first.base);
});

test('a base is a copy, so that the memory an event came in is let go', () => {
  const storage = new ColdStorage(bounds);
  const received = Buffer.concat([Buffer.alloc(1_000), pod('web-1')]).subarray(1_000);
  const { base } = storage.pack(received, ref('web-1'));
  expect(base.bytes.buffer.byteLength).toBe(received.length);
});

test('whatever comes in whatever order, every text comes back to the byte', () => {
  const text = fc.record({
    name: fc.constantFrom('web-1', 'web-2', 'db-1', 'db-2', 'cache', 'queue-1', 'api-1', 'job-1'),
    rest: fc.constantFrom('', ',"a":1', `,"b":"${'x'.repeat(900)}"`),
    random: fc.boolean(),
    own: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 30 }), (all) => {
      const storage = new ColdStorage(bounds);
      const texts = all.map(({ name, rest, random, own }) => (random ? Buffer.from(own) : pod(name, rest)));
      const packed = texts.map((bytes, index) => storage.pack(bytes, ref(all[index]?.name ?? '')));
      for (const [index, bytes] of texts.entries())
        expect(unpacked(packed[index] as (typeof packed)[number]).equals(bytes)).toBe(true);
    }),
  );
});
