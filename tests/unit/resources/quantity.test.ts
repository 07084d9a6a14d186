// Quantities: the golden table was printed by Kubernetes itself; the properties hold for every quantity.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  milliQuantity,
  milliValue,
  parseQuantity,
  quantityOf,
  subQuantity,
  wholeQuantity,
  wholeValue,
} from '../../../streams/resources/quantity.ts';

const CANONICAL: readonly (readonly [text: string, canonical: string])[] = [
  ['0', '0'],
  ['000', '0'],
  ['0Ki', '0'],
  ['-0.0', '0'],
  ['-', '0'],
  ['1', '1'],
  ['1000m', '1'],
  ['500m', '500m'],
  ['0.5', '500m'],
  ['.5', '500m'],
  ['1.5', '1500m'],
  ['1.0', '1'],
  ['1.100', '1.100'],
  ['+1', '+1'],
  ['-1.5', '-1500m'],
  ['100', '100'],
  ['1000', '1k'],
  ['1500', '1500'],
  ['1000000', '1M'],
  ['1k', '1k'],
  ['1000k', '1M'],
  ['1e3', '1e3'],
  ['1E3', '1E3'],
  ['1000e3', '1e6'],
  ['10e3', '10e3'],
  ['1e4', '10e3'],
  ['1e-3', '1e-3'],
  ['1e-10', '1e-9'],
  ['0.1m', '100u'],
  ['1n', '1n'],
  ['0.1n', '1n'],
  ['-0.1n', '-1n'],
  ['1Ki', '1Ki'],
  ['1024', '1024'],
  ['1024Ki', '1Mi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Ki', '512'],
  ['0.1Gi', '107374182400m'],
  ['1023Mi', '1023Mi'],
  ['0.0001Ki', '102400u'],
  ['16Ei', '9223372036854775807'],
  ['100E', '100E'],
];

test.each(CANONICAL)('%s is kept as %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical);
  expect(parseQuantity(text)).toMatchObject({ kind: 'quantity', text: canonical });
});

test.each([
  ['', 'quantities must match'],
  ['abc', 'quantities must match'],
  ['1 ', 'quantities must match'],
  ['1..2', 'quantities must match'],
  ['1Kib', 'quantities must match'],
  ['1K', "unable to parse quantity's suffix"],
  ['1mi', "unable to parse quantity's suffix"],
  ['1e', "unable to parse quantity's suffix"],
  ['Ei', 'unable to parse numeric part'],
])('"%s" is refused: %s', (text, message) => {
  const parsed = parseQuantity(text);
  expect(parsed.kind === 'malformed' && parsed.message).toContain(message);
  expect(canonicalQuantity(text)).toBeUndefined();
});

test('a text made to cost much work is refused', () => {
  expect(parseQuantity('1e1000000000').kind).toBe('malformed');
  expect(parseQuantity('9'.repeat(100_000)).kind).toBe('malformed');
});

test('values are rounded up to the asked unit', () => {
  expect(milliValue(quantityOf('1500u'))).toBe(2);
  expect(milliValue(quantityOf('0.25'))).toBe(250);
  expect(wholeValue(quantityOf('1m'))).toBe(1);
  expect(wholeValue(quantityOf('128Mi'))).toBe(134_217_728);
});

test('a sum keeps the format of its left side, unless that is zero', () => {
  const sum = (left: string, right: string): string => formatQuantity(addQuantity(quantityOf(left), quantityOf(right)));
  expect(sum('1Gi', '512Mi')).toBe('1536Mi');
  expect(sum('0', '1Gi')).toBe('1Gi');
  expect(sum('100m', '1')).toBe('1100m');
  expect(formatQuantity(subQuantity(quantityOf('2Gi'), quantityOf('1Gi')))).toBe('1Gi');
});

test('quantities are made from plain numbers', () => {
  expect(formatQuantity(milliQuantity(1500))).toBe('1500m');
  expect(formatQuantity(wholeQuantity(1024 ** 3, 'binary'))).toBe('1Gi');
});

const quantities = fc.record({
  nano: fc.oneof(
    fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
    fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }).map((value) => value * 2n ** 20n * 10n ** 9n),
  ),
  format: fc.constantFrom('decimal', 'binary', 'exponent'),
});

test('printing and reading a quantity gives the same amount and the same text again', () => {
  fc.assert(
    fc.property(quantities, (quantity) => {
      const text = formatQuantity(quantity);
      const again = quantityOf(text);
      // Binary amounts are capped at what fits 64 bits; decimal ones are not.
      if (again.format !== 'binary' || quantity.nano <= 2n ** 63n * 10n ** 9n) expect(again.nano).toBe(quantity.nano);
      expect(canonicalQuantity(text)).toBe(formatQuantity(again));
    }),
  );
});

test('adding and subtracting are each other’s reverse and agree with comparing', () => {
  fc.assert(
    fc.property(quantities, quantities, (left, right) => {
      const back = subQuantity(addQuantity(left, right), right);
      expect(compareQuantity(back, left)).toBe(0);
      expect(compareQuantity(left, right)).toBe(Math.sign(Number(subQuantity(left, right).nano)));
    }),
  );
});

test('a canonical text stays as it is, once it is in the format its own suffix says', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[+-]?[0-9]{1,6}(\.[0-9]{1,4})?(m|k|M|G|Ki|Mi|Gi|e3|E3)?$/), (text) => {
      const canonical = canonicalQuantity(canonicalQuantity(text) ?? '') ?? '';
      expect(quantityOf(canonical).nano).toBe(quantityOf(text).nano);
      expect(canonicalQuantity(canonical)).toBe(canonical);
    }),
    { examples: [['62.5Ki'], ['0.5Ki'], ['1.100']] },
  );
});

test('a binary amount that no binary suffix divides is printed bare, and is a decimal one from then on', () => {
  expect(canonicalQuantity('62.5Ki')).toBe('64000');
  expect(canonicalQuantity('64000')).toBe('64k');
});
