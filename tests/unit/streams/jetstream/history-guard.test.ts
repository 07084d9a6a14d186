import { describe, expect, test } from 'vitest';
import { limits } from '../../../../streams/base/limits.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';
import { HistoryGuard } from '../../../../streams/jetstream/history-guard.ts';
import type { JetStreamApi } from '../../../../streams/jetstream/js-api.ts';
import { HighWater } from '../../../../streams/jetstream/tail.ts';
import { podSubject, range } from '../../../kit/events.ts';
import { ListeningLogger } from '../../../kit/listening-logger.ts';

/** A guard over a history that is as far as `history.last` says. */
function guarded() {
  const clock = new VirtualClock();
  const highWater = new HighWater();
  const logger = new ListeningLogger();
  const history = { last: 0 };
  const api = { streamInfo: async () => ({ state: { last_seq: history.last } }) } as unknown as JetStreamApi;
  const guard = new HistoryGuard({ api, history: 'HIST', highWater, clock, logger });
  /** Appends to the object and says whether it went at once. */
  const append = (name: string): Promise<void> | undefined => {
    const held = guard.admit(podSubject(name));
    highWater.note(highWater.revision + 1);
    return held;
  };
  const settled = async (held: Promise<void> | undefined) => {
    let done = false;
    void held?.then(() => {
      done = true;
    });
    await clock.advance(0);
    return () => done;
  };
  return { clock, highWater, logger, history, append, settled };
}

describe('history guard', () => {
  test('objects that change slowly are never held, however far history lags', () => {
    const { append } = guarded();
    for (const i of range(1, 10_000)) expect(append(`object-${i}`)).toBeUndefined();
  });

  test('an object never has more revisions on their way to history than the log keeps of it', async () => {
    const { clock, highWater, history, append } = guarded();
    const unmirrored = new Map<number, number>();
    let held = 0;
    for (const _ of range(1, 2_000)) {
      const wait = append('hot');
      if (wait !== undefined) {
        held++;
        history.last = highWater.revision;
        await clock.advance(200);
        await wait;
      }
      const ahead = highWater.revision - history.last;
      unmirrored.set(highWater.revision, ahead);
    }
    expect(held).toBeGreaterThan(20);
    expect(Math.max(...unmirrored.values())).toBeLessThanOrEqual(limits.revisionsPerSubject);
  });

  test('a held append goes as soon as history has caught up', async () => {
    const { clock, highWater, history, append, settled } = guarded();
    let held: Promise<void> | undefined;
    while (held === undefined) held = append('hot');
    const done = await settled(held);
    await clock.advance(500);
    expect(done()).toBe(false);
    history.last = highWater.revision;
    await clock.advance(200);
    expect(done()).toBe(true);
    expect(append('hot')).toBeUndefined();
  });

  test('when history does not follow at all the writer goes on, says so once, and takes care again later', async () => {
    const { clock, highWater, history, logger, append, settled } = guarded();
    let held: Promise<void> | undefined;
    while (held === undefined) held = append('hot');
    const done = await settled(held);
    await clock.advance(9_000);
    expect(done()).toBe(false);
    await clock.advance(2_000);
    expect(done()).toBe(true);
    for (const _ of range(1, 500)) expect(append('hot')).toBeUndefined();
    const said = () => logger.entries.map(({ message }) => message).filter((message) => message.startsWith('history'));
    expect(said()).toEqual(['history does not follow the log: it will miss revisions of objects that change fast']);
    history.last = highWater.revision;
    await clock.advance(1_000);
    expect(said()).toHaveLength(2);
    held = undefined;
    for (let i = 0; i < limits.revisionsPerSubject && held === undefined; i++) held = append('hot');
    expect(held).toBeDefined();
  });
});
