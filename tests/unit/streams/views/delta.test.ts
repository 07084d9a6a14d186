// Deltas come back to the byte, whatever the two texts are, and are short where the texts are alike.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeltaBase, deltaOf, textOf } from '../../../../streams/views/delta.ts';

const unbounded = 1024 * 1024;

function roundTrip(text: Buffer, base: DeltaBase, lengthMax = unbounded): string | undefined {
  const delta = deltaOf(text, base, lengthMax);
  if (delta !== undefined) expect(textOf(delta, base).equals(text)).toBe(true);
  return delta;
}

const bytes = fc.uint8Array({ maxLength: 2_000 }).map((array) => Buffer.from(array));
/** Texts of few letters repeat themselves, so that stretches overlap and the same bytes stand in many places. */
const repetitive = fc.string({ unit: fc.constantFrom('a', 'b', '{"key":', '"value",'), maxLength: 400 });

test('a text of any bytes comes back from its delta', () => {
  fc.assert(fc.property(bytes, bytes, (text, base) => void roundTrip(text, new DeltaBase(base))));
});

test('a text made of pieces of its base comes back', () => {
  const piece = fc.record({ from: fc.nat(3_000), length: fc.nat(900), own: fc.uint8Array({ maxLength: 30 }) });
  fc.assert(
    fc.property(repetitive, repetitive, fc.array(piece, { maxLength: 12 }), (first, second, pieces) => {
      const base = Buffer.from(`${first}${'é'.repeat(100)}${second}`);
      const parts = pieces.flatMap(({ from, length, own }) => [base.subarray(from, from + length), Buffer.from(own)]);
      roundTrip(Buffer.concat(parts), new DeltaBase(base));
    }),
  );
});

describe('a delta is as long as what differs', () => {
  const filler = (letter: string) => `"${letter.repeat(40)}":"${[...letter.repeat(60)].map((_, i) => i).join(',')}",`;
  const template = (name: string, address: string) =>
    Buffer.from(`{${filler('a')}"name":"${name}",${filler('b')}"podIP":"${address}",${filler('c')}"end":true}`);
  const base = new DeltaBase(template('web-1', '10.0.0.1'));

  test('where something is replaced', () => {
    expect(roundTrip(template('web-2', '10.0.0.1'), base)?.length).toBeLessThan(40);
  });

  test('where something is longer, and what follows has moved', () => {
    expect(roundTrip(template('web-12345', '10.244.117.200'), base)?.length).toBeLessThan(60);
  });

  test('where nothing differs', () => {
    expect(roundTrip(base.bytes, base)?.length).toBeLessThan(10);
  });

  test('also after the base was not searched for a while', () => {
    base.dropPlaces();
    expect(roundTrip(template('web-12345', '10.244.117.200'), base)?.length).toBeLessThan(60);
  });
});

test('a delta longer than asked for is not made', () => {
  fc.assert(
    fc.property(bytes, bytes, fc.nat(2_000), (text, base, lengthMax) => {
      const delta = roundTrip(text, new DeltaBase(base), lengthMax);
      if (delta !== undefined) expect(delta.length).toBeLessThanOrEqual(lengthMax);
    }),
  );
});
