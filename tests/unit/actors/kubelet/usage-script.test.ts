// Scripts of usage: what they say at each time, and when they first exceed a limit.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountAt, exceedsAt, parseUsageScript, type UsageShape } from '../../../../actors/kubelet/usage-script.ts';

const Mi = 1_048_576;
const rows: readonly { readonly text: string; readonly at: Readonly<Record<number, number>> }[] = [
  { text: '64Mi', at: { 0: 64, 100: 64 } },
  { text: '64Mi..512Mi/64s', at: { 0: 64, 32: 288, 64: 512, 999: 512 } },
  { text: '512Mi..64Mi/64s', at: { 0: 512, 32: 288, 64: 64 } },
  { text: 'sine 100Mi..300Mi/2m', at: { 0: 100, 30: 200, 60: 300, 90: 200, 120: 100 } },
  { text: '10Mi, 20Mi@30s, 5Mi@1m', at: { 0: 10, 29: 10, 30: 20, 60: 5, 999: 5 } },
  { text: 'shared 0..4Mi/4s', at: { 0: 0, 1: 1, 4: 4 } },
];

describe('a script of usage', () => {
  test.each(rows)('$text', ({ text, at }) => {
    const script = parseUsageScript(text, 1);
    expect(script?.shared).toBe(text.startsWith('shared'));
    for (const [seconds, expected] of Object.entries(at)) {
      expect(script && amountAt(script.shape, Number(seconds) * 1_000) / Mi).toBeCloseTo(expected, 5);
    }
  });

  test('of CPU counts in nanocores', () => {
    const script = parseUsageScript('250m..1.5/10s', 1_000_000_000);
    expect(script?.shape).toEqual({ kind: 'ramp', low: 250_000_000, high: 1_500_000_000, ms: 10_000 });
  });

  test.each(['', 'much', '1..2', '1..2/0s', '1..2/soon', '-1', '1, 2', '1, 2@30s, 3@30s', 'sine 1', 'shared'])(
    'is not "%s"',
    (text) => expect(parseUsageScript(text, 1)).toBeUndefined(),
  );

  test('exceeds its limit at the time it says and not before', () => {
    const amount = fc.integer({ min: 0, max: 1_000 });
    const shape: fc.Arbitrary<UsageShape> = fc.oneof(
      fc.record({
        kind: fc.constantFrom('ramp' as const, 'sine' as const),
        low: amount,
        high: amount,
        ms: fc.integer({ min: 100, max: 5_000 }),
      }),
      fc.array(fc.record({ fromMs: fc.nat({ max: 5_000 }), amount }), { minLength: 1, maxLength: 4 }).map((steps) => ({
        kind: 'steps' as const,
        steps: steps.sort((a, b) => a.fromMs - b.fromMs),
      })),
    );
    fc.assert(
      fc.property(shape, amount, fc.nat({ max: 6_000 }), (script, limit, fromMs) => {
        const atMs = exceedsAt(script, limit, fromMs);
        const end = atMs ?? fromMs + 12_000;
        // Rounding to whole amounts may put the crossing a moment off.
        let most = 0;
        for (let ms = fromMs; ms < end - 60; ms += 7) most = Math.max(most, amountAt(script, ms));
        expect(most).toBeLessThanOrEqual(limit + 1);
        if (atMs !== undefined) {
          const later = [0, 1, 2, 5, 10, 20, 40, 60].map((after) => amountAt(script, atMs + after));
          expect(Math.max(...later)).toBeGreaterThanOrEqual(limit);
        }
      }),
      { numRuns: 400 },
    );
  });
});
