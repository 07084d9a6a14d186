import { describe, expect, test } from 'vitest';
import { limits } from '../../../../streams/base/limits.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';
import { HistoryGuard } from '../../../../streams/jetstream/history-guard.ts';
import type { JetStreamApi } from '../../../../streams/jetstream/js-api.ts';
import { HighWater } from '../../../../streams/jetstream/tail.ts';
import { LogUnavailable } from '../../../../streams/log/errors.ts';
import { podSubject, range } from '../../../kit/events.ts';
import { ListeningLogger } from '../../../kit/listening-logger.ts';

/** A guard over a history that is as far as `history.last` says. */
function guarded() {
  const clock = new VirtualClock();
  const highWater = new HighWater();
  const logger = new ListeningLogger();
  const history = { last: 0, away: false };
  const streamInfo = async () => {
    if (history.away) throw new LogUnavailable('it is away');
    return { state: { last_seq: history.last } };
  };
  const api = { streamInfo } as unknown as JetStreamApi;
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

/** Whether an object that goes on changing is held before the log could drop a revision of it. */
function isHeldAgain(append: (name: string) => Promise<void> | undefined): boolean {
  return range(1, limits.revisionsPerSubject).some(() => append('hot') !== undefined);
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
    expect(isHeldAgain(append)).toBe(true);
  });

  test('when history could not even be asked it is asked again: the writer takes care as soon as it answers', async () => {
    const { clock, highWater, history, logger, append } = guarded();
    history.away = true;
    while (append('hot') === undefined);
    await clock.advance(11_000);
    for (const _ of range(1, 500)) expect(append('hot')).toBeUndefined();
    await clock.advance(1_000);
    history.away = false;
    history.last = highWater.revision;
    expect(append('another')).toBeUndefined();
    await clock.advance(1_000);
    expect(logger.entries.map(({ message }) => message)).toContain('history follows the log again');
    expect(isHeldAgain(append)).toBe(true);
  });
});
