import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameSuffix, type Random, seededRandom, systemRandom } from '../../../../streams/base/random.ts';

const draw = (random: Random, count: number) => Array.from({ length: count }, () => random.int(1_000_000));
const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('seeded random', () => {
  test('the same seed draws the same, another seed something else', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(draw(seededRandom(a), 5)).toEqual(draw(seededRandom(a), 5));
        if (a !== b) expect(draw(seededRandom(a), 5)).not.toEqual(draw(seededRandom(b), 5));
      }),
    );
    expect(draw(seededRandom(7), 3)).toEqual(draw(seededRandom('7'), 3));
  });

  test('recorded draws of a seed stay what they are: simulations are replayed by their seed', () => {
    const random = seededRandom('shiplog');
    expect(draw(random, 4)).toMatchInlineSnapshot(`
      [
        460579,
        80905,
        410039,
        818980,
      ]
    `);
    expect(random.uuid()).toMatchInlineSnapshot(`"7a23a1ba-a544-4880-a161-6f3460a1e80f"`);
    expect(draw(seededRandom('shiplog').stream('scheduler'), 3)).toMatchInlineSnapshot(`
      [
        594711,
        888470,
        692183,
      ]
    `);
  });

  test('a named stream depends on seed and name, not on what was drawn before', () => {
    const random = seededRandom('x');
    const early = draw(random.stream('a'), 5);
    draw(random, 100);
    expect(draw(random.stream('a'), 5)).toEqual(early);
    expect(draw(random.stream('b'), 5)).not.toEqual(early);
    expect(draw(random.stream('a').stream('b'), 5)).not.toEqual(draw(random.stream('b').stream('a'), 5));
  });

  test('numbers stay within their bounds', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 31 }), (seed, bound) => {
        const random = seededRandom(seed);
        for (let i = 0; i < 20; i++) {
          const float = random.float();
          expect(float >= 0 && float < 1).toBe(true);
          const int = random.int(bound);
          expect(Number.isInteger(int) && int >= 0 && int < bound).toBe(true);
        }
      }),
    );
    expect(seededRandom(1).int(1)).toBe(0);
  });

  test('numbers are spread evenly', () => {
    const random = seededRandom('even');
    const counts = new Array<number>(16).fill(0);
    const draws = 16_000;
    for (let i = 0; i < draws; i++) {
      const slot = random.int(16);
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
    const expected = draws / 16;
    const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 15 degrees of freedom: 37.7 is exceeded once in a thousand seeds, and this seed is fixed.
    expect(chiSquared).toBeLessThan(37.7);
  });

  test('uuids are of version 4 and differ', () => {
    const random = seededRandom('u');
    const uuids = Array.from({ length: 1_000 }, () => random.uuid());
    expect(uuids.every((uuid) => uuidV4.test(uuid))).toBe(true);
    expect(new Set(uuids).size).toBe(uuids.length);
  });

  test('bytes come in the length asked for', () => {
    expect(seededRandom('b').bytes(0)).toHaveLength(0);
    expect(seededRandom('b').bytes(33)).toHaveLength(33);
    expect(seededRandom('b').bytes(33)).toEqual(seededRandom('b').bytes(33));
  });
});

describe('system random', () => {
  test('draws differ, uuids are of version 4, numbers stay within bounds', () => {
    const [a, b] = [systemRandom(), systemRandom()];
    expect(draw(a, 5)).not.toEqual(draw(b, 5));
    expect(a.uuid()).toMatch(uuidV4);
    expect(a.uuid()).not.toBe(a.uuid());
    expect(a.bytes(16)).toHaveLength(16);
    expect(draw(a.stream('x'), 5)).not.toEqual(draw(a.stream('x'), 5));
    for (let i = 0; i < 100; i++) expect(a.int(3)).toBeLessThan(3);
  });
});

describe('name suffix', () => {
  test('has the asked length and neither vowels nor look-alikes', () => {
    const random = seededRandom('names');
    for (let i = 0; i < 200; i++) expect(nameSuffix(random)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(nameSuffix(random, 10)).toHaveLength(10);
    expect(nameSuffix(random, 0)).toBe('');
  });
});
