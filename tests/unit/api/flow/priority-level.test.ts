// A priority level: seats, queues, turns and the end of patience.

import { describe, expect, test } from 'vitest';
import { dealt, type LevelLimits, PriorityLevel } from '../../../../infra/api/flow/priority-level.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';

const limits: LevelLimits = {
  name: 'workload-low',
  uid: 'u',
  exempt: false,
  nominalSeats: 2,
  lendableSeats: 0,
  borrowableSeats: 0,
  queuing: { queues: 8, handSize: 2, queueLength: 3 },
};

function level(changes: Partial<LevelLimits> = {}, lend = () => false) {
  const clock = new VirtualClock();
  return { clock, level: new PriorityLevel({ ...limits, ...changes }, { clock, lend }) };
}

describe('a level', () => {
  test('seats as many as it may, lets the next wait and admits them in turn', async () => {
    const { level: it } = level();
    expect([it.enter('a', 1_000), it.enter('a', 1_000)]).toEqual(['seated', 'seated']);
    const third = it.enter('a', 1_000);
    expect(it).toMatchObject({ executing: 2, waiting: 1 });
    it.leave();
    it.dispatch();
    await expect(third).resolves.toBe('seated');
    expect(it).toMatchObject({ executing: 2, waiting: 0 });
  });

  test('gives up on who has waited too long', async () => {
    const { level: it, clock } = level({ nominalSeats: 0 });
    const waiting = it.enter('a', 1_000);
    await clock.advance(1_000);
    await expect(waiting).resolves.toBe('time-out');
    expect(it.waiting).toBe(0);
  });

  test('refuses where the queues of a flow are full, and only there', () => {
    const { level: it } = level({ nominalSeats: 0 });
    const outcomes = Array.from({ length: 7 }, () => it.enter('flood', 1_000));
    expect(outcomes.filter((outcome) => outcome === 'queue-full')).toHaveLength(1);
    const other = ['b', 'c', 'd', 'e'].find(
      (flow) => !dealt(flow, 8, 2).some((queue) => dealt('flood', 8, 2).includes(queue)),
    );
    expect(it.enter(other ?? '', 1_000)).toBeInstanceOf(Promise);
  });

  test('lets queues take turns: a flood of one flow delays another by little', async () => {
    const { level: it } = level({ nominalSeats: 0, queuing: { queues: 64, handSize: 1, queueLength: 50 } });
    const order: string[] = [];
    const enter = (flow: string) => void Promise.resolve(it.enter(flow, 1_000)).then(() => order.push(flow));
    for (let i = 0; i < 10; i++) enter('flood');
    enter('small');
    it.limits = { ...it.limits, nominalSeats: 11 };
    it.dispatch();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    expect(order.indexOf('small')).toBe(1);
    expect(order).toHaveLength(11);
  });

  test('refuses at once where it has no queues', () => {
    expect(level({ nominalSeats: 0, queuing: undefined }).level.enter('a', 1)).toBe('concurrency-limit');
  });

  test('borrows what others lend, up to its bound', () => {
    const { level: it } = level({ nominalSeats: 1, borrowableSeats: 1, queuing: undefined }, () => true);
    expect([it.enter('a', 1), it.enter('a', 1), it.enter('a', 1)]).toEqual(['seated', 'seated', 'concurrency-limit']);
    expect(it.borrowed).toBe(1);
  });

  test('that is exempt never waits', () => {
    const { level: it } = level({ nominalSeats: 0, exempt: true });
    expect(Array.from({ length: 5 }, () => it.enter('a', 1))).toEqual(Array(5).fill('seated'));
  });
});

test('a flow is always dealt the same hand, of different cards', () => {
  for (const flow of ['', 'a', 'global-default/alice', 'x'.repeat(500)]) {
    const hand = dealt(flow, 128, 6);
    expect(new Set(hand).size).toBe(6);
    expect(dealt(flow, 128, 6)).toEqual(hand);
  }
});
