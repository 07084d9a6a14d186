import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrderedWork } from '../../../infra/library/ordered-work.ts';

/** Work that ends when it is told to. */
function handMade(concurrency: number) {
  const stop = new AbortController();
  const begun: number[] = [];
  const results: number[] = [];
  const open = new Map<number, { resolve: (value: number) => void; reject: (error: Error) => void }>();
  const work = new OrderedWork<number, number>({
    concurrency,
    signal: stop.signal,
    onResult: (result) => results.push(result),
    work: (event) => {
      begun.push(event);
      return new Promise((resolve, reject) => open.set(event, { resolve, reject }));
    },
  });
  const end = (event: number) => open.get(event)?.resolve(event * 10);
  const fail = (event: number) => open.get(event)?.reject(new Error(`${event} failed`));
  return { work, stop, begun, results, end, fail };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('results', () => {
  test('come in the order of the events, whatever ends first', async () => {
    const { work, results, end } = handMade(3);
    for (const event of [1, 2, 3]) await work.push(event);
    end(3);
    end(2);
    await turn();
    expect(results).toEqual([]);
    end(1);
    await work.finished();
    expect(results).toEqual([10, 20, 30]);
  });

  test('are handed on as soon as it is their turn, not when the next event comes', async () => {
    const { work, results, end } = handMade(3);
    await work.push(1);
    end(1);
    await turn();
    expect(results).toEqual([10]);
    expect(work.idle).toBe(true);
  });

  test('in any order of ending never have more under way than allowed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(3), { maxLength: 30 }), async (max, delays) => {
        let underWay = 0;
        let most = 0;
        const results: number[] = [];
        const work = new OrderedWork<number, number>({
          concurrency: max,
          signal: new AbortController().signal,
          onResult: (result) => results.push(result),
          async work(event) {
            most = Math.max(most, ++underWay);
            for (let i = 0; i < (delays[event] ?? 0); i++) await turn();
            underWay--;
            return event;
          },
        });
        for (const event of delays.keys()) await work.push(event);
        await work.finished();
        expect(results).toEqual([...delays.keys()]);
        expect(most).toBeLessThanOrEqual(max);
      }),
      { numRuns: 40 },
    );
  });
});

describe('an event that finds no room', () => {
  test('waits until the oldest is handed on', async () => {
    const { work, begun, end } = handMade(2);
    await work.push(1);
    await work.push(2);
    const pushed = work.push(3);
    end(2);
    await turn();
    expect(begun).toEqual([1, 2]);
    end(1);
    await pushed;
    expect(begun).toEqual([1, 2, 3]);
  });

  test('is not begun when everything is called off', async () => {
    const { work, begun, stop, results, end } = handMade(1);
    await work.push(1);
    const pushed = work.push(2);
    stop.abort();
    await pushed;
    end(1);
    await work.finished();
    expect(begun).toEqual([1]);
    expect(results).toEqual([]);
  });
});

describe('a failure', () => {
  test('ends it: what came before is handed on, what comes after is not', async () => {
    const { work, results, end, fail } = handMade(3);
    for (const event of [1, 2, 3]) await work.push(event);
    fail(2);
    end(3);
    await turn();
    expect(work.failed.aborted).toBe(false);
    end(1);
    await expect(work.finished()).rejects.toThrow('2 failed');
    expect(results).toEqual([10]);
    expect(work.failed.aborted).toBe(true);
    expect(work.idle).toBe(false);
    await expect(work.push(4)).rejects.toThrow('2 failed');
  });

  test('of work that throws at once is a failure like any other', async () => {
    const work = new OrderedWork<number, never>({
      concurrency: 1,
      signal: new AbortController().signal,
      onResult: () => {},
      work: () => {
        throw new Error('at once');
      },
    });
    await work.push(1);
    await expect(work.finished()).rejects.toThrow('at once');
  });
});
