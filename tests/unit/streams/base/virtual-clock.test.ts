import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AssertionFailed } from '../../../../streams/base/assert.ts';
import { sleep } from '../../../../streams/base/clock.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';

describe('virtual clock', () => {
  test('time stands still until it is advanced, and arrives exactly', async () => {
    const clock = new VirtualClock(1_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  test('without a start it begins at the same instant every time', () => {
    expect(new VirtualClock().now()).toBe(new VirtualClock().now());
  });

  test('a timer fires once, at its own instant, never synchronously', async () => {
    const clock = new VirtualClock(0);
    const fired: number[] = [];
    clock.after(0, () => fired.push(clock.now()));
    clock.after(10, () => fired.push(clock.now()));
    expect(fired).toEqual([]);
    await clock.advance(0);
    expect(fired).toEqual([0]);
    await clock.advance(9);
    expect(fired).toEqual([0]);
    await clock.advance(100);
    expect(fired).toEqual([0, 10]);
  });

  test('timers fire by deadline, equal ones in the order they were armed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 60 }), async (delays) => {
        const clock = new VirtualClock(0);
        const fired: [number, number][] = [];
        for (const [i, ms] of delays.entries()) clock.after(ms, () => fired.push([clock.now(), i]));
        await clock.advance(20);
        const expected = delays.map((ms, i): [number, number] => [ms, i]);
        expect(fired).toEqual(expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]));
      }),
      { numRuns: 50 },
    );
  });

  test('a negative delay counts as none', async () => {
    const clock = new VirtualClock(5);
    let at = -1;
    clock.after(-100, () => {
      at = clock.now();
    });
    await clock.advance(0);
    expect(at).toBe(5);
  });

  test('a cancelled timer does not fire, even when an earlier one cancels it', async () => {
    const clock = new VirtualClock(0);
    const fired: string[] = [];
    const later = clock.after(5, () => fired.push('later'));
    clock.after(5, () => fired.push('last'));
    clock.after(4, () => later.cancel());
    await clock.advance(10);
    expect(fired).toEqual(['last']);
  });

  test('timers armed by timers fire within the same advance', async () => {
    const clock = new VirtualClock(0);
    const fired: number[] = [];
    const tick = () => {
      fired.push(clock.now());
      if (fired.length < 4) clock.after(3, tick);
    };
    clock.after(3, tick);
    await clock.advance(10);
    expect(fired).toEqual([3, 6, 9]);
    await clock.advance(2);
    expect(fired).toEqual([3, 6, 9, 12]);
  });

  test('between two deadlines every promise settles, however long the chain', async () => {
    const clock = new VirtualClock(0);
    const seen: string[] = [];
    const chain = async () => {
      await sleep(clock, 1);
      for (let i = 0; i < 50; i++) await Promise.resolve();
      seen.push(`chain at ${clock.now()}`);
    };
    const chained = chain();
    clock.after(2, () => seen.push(`timer at ${clock.now()}`));
    await clock.advance(2);
    await chained;
    expect(seen).toEqual(['chain at 1', 'timer at 2']);
  });

  test('advancing until a condition stops soon after it holds, and says when it never did', async () => {
    const clock = new VirtualClock(0);
    let done = false;
    clock.after(1_234, () => {
      done = true;
    });
    expect(await clock.advanceUntil(() => done, { limitMs: 10_000 })).toBe(true);
    expect(clock.now()).toBe(1_300);
    expect(await clock.advanceUntil(() => false, { limitMs: 250 })).toBe(false);
    expect(clock.now()).toBe(1_550);
    expect(await clock.advanceUntil(() => true, { limitMs: 0 })).toBe(true);
  });

  test('a jump of the machine\u2019s clock moves now, not the monotonic time, and timers keep what they had left', async () => {
    for (const jump of [3_600_000, -3_600_000]) {
      const clock = new VirtualClock(10_000_000);
      const fired: number[] = [];
      clock.after(100, () => fired.push(clock.monotonic()));
      clock.after(50, () => fired.push(clock.monotonic()));
      await clock.advance(20);
      clock.jump(jump);
      expect([clock.now(), clock.monotonic()]).toEqual([10_000_020 + jump, 20]);
      await clock.advance(79);
      expect(fired).toEqual([50]);
      await clock.advance(1);
      expect(fired).toEqual([50, 100]);
    }
  });

  test('time does not go back', async () => {
    await expect(new VirtualClock(0).advance(-1)).rejects.toThrow(AssertionFailed);
  });
});
