import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AssertionFailed, assert, assertNever, defined } from '../../../../streams/base/assert.ts';
import { parseRevision, revision } from '../../../../streams/base/brand.ts';
import { limits } from '../../../../streams/base/limits.ts';

describe('revision', () => {
  test('is a whole number from zero on', () => {
    expect(revision(0)).toBe(0);
    expect(revision(2 ** 53 - 1)).toBe(2 ** 53 - 1);
    for (const wrong of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => revision(wrong)).toThrow(RangeError);
    }
  });

  test('is parsed from its decimal text only', () => {
    fc.assert(fc.property(fc.nat(), (n) => parseRevision(String(n)) === n));
    for (const text of ['', '-1', '1.0', '01', '1e3', ' 1', '0x1', 'abc', '99999999999999999']) {
      expect(parseRevision(text)).toBeUndefined();
    }
  });
});

describe('assertions', () => {
  test('a broken invariant throws its message', () => {
    expect(() => assert(false, 'the sky holds')).toThrow(new AssertionFailed('the sky holds'));
    expect(() => assertNever('x' as never)).toThrow(AssertionFailed);
    expect(() => defined(undefined, 'there is one')).toThrow('there is one');
    expect(() => defined(null, 'there is one')).toThrow('there is one');
    assert(true, 'fine');
    expect(defined(0, 'zero is something')).toBe(0);
  });
});

describe('limits', () => {
  test('an object of the largest size fits an event, a message and a request', () => {
    expect(limits.objectBytesMax).toBeLessThan(limits.messageBytesMax - 8_192);
    expect(limits.objectBytesMax).toBeLessThan(limits.requestBytesMax);
  });
});
