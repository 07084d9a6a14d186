import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sleep, systemClock } from '../../../../streams/base/clock.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';

describe('system clock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('a timer fires after its time and not again', () => {
    const fired = vi.fn();
    systemClock.after(1_000, fired);
    vi.advanceTimersByTime(999);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    vi.advanceTimersByTime(10_000);
    expect(fired).toHaveBeenCalledOnce();
  });

  test('a timer longer than the platform can count waits its full time', () => {
    const days = 86_400_000;
    const fired = vi.fn();
    systemClock.after(90 * days, fired);
    vi.advanceTimersByTime(90 * days - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledOnce();
  });

  test('a long timer can be cancelled in any of its pieces', () => {
    const days = 86_400_000;
    const fired = vi.fn();
    const timer = systemClock.after(90 * days, fired);
    vi.advanceTimersByTime(60 * days);
    timer.cancel();
    vi.advanceTimersByTime(60 * days);
    expect(fired).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('sleep', () => {
  test('ends when its time has passed', async () => {
    const clock = new VirtualClock(0);
    let woken = false;
    void sleep(clock, 10).then(() => {
      woken = true;
    });
    await clock.advance(9);
    expect(woken).toBe(false);
    await clock.advance(1);
    expect(woken).toBe(true);
  });

  test('ends at once when its signal aborts, or has aborted', async () => {
    const clock = new VirtualClock(0);
    const ending = new AbortController();
    const sleeping = sleep(clock, 1_000_000, ending.signal);
    ending.abort();
    await sleeping;
    await sleep(clock, 1_000_000, AbortSignal.abort());
    expect(clock.now()).toBe(0);
  });
});
