// The fold of the log: every past instant comes out as it was, read no faster than it is taken in.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Revision } from '../../../streams/base/brand.ts';
import { RevisionNotReached } from '../../../streams/history/past-events.ts';
import { type ReplayProgress, replay } from '../../../streams/history/replay.ts';
import { HistoryTrimmed } from '../../../streams/log/errors.ts';
import type { RecordedEvent } from '../../../streams/log/event.ts';
import type { EventLog } from '../../../streams/log/event-log.ts';
import { MemoryLog } from '../../../streams/log/memory-log.ts';
import { parseSubject } from '../../../streams/log/subjects.ts';
import { resources } from '../../../streams/resources/names.ts';
import { absent, aDeletion, anEvent, at, bytesOf, change, podSubject, record } from '../../kit/events.ts';

const pods = resources.pods;

/** Each step changes one of a few pods: creates it where it is absent, else updates or deletes it. */
type Step = { readonly pod: number; readonly deletes: boolean };
const steps = fc.array(fc.record({ pod: fc.nat(4), deletes: fc.boolean() }), { maxLength: 60 });

/** Plays the steps and returns, for each revision, what there was after it: name → revision of the last change. */
async function play(log: EventLog, script: readonly Step[]): Promise<readonly ReadonlyMap<string, number>[]> {
  const present = new Map<string, number>();
  const pasts: ReadonlyMap<string, number>[] = [new Map()];
  for (const { pod, deletes } of script) {
    const name = `p${pod}`;
    const known = present.get(name);
    const object = bytesOf({ kind: 'Pod', metadata: { name, namespace: 'default', step: pasts.length } });
    const timeMs = pasts.length * 1_000;
    if (known === undefined) present.set(name, await record(log, change(name, absent, anEvent({ object, timeMs }))));
    else if (deletes) {
      await record(log, change(name, at(known), aDeletion({ object, timeMs })));
      present.delete(name);
    } else present.set(name, await record(log, change(name, at(known), anEvent({ object, timeMs }))));
    pasts.push(new Map(present));
  }
  return pasts;
}

async function stateAt(log: EventLog, until?: Parameters<typeof replay>[1]): Promise<Map<string, number>> {
  const state = await replay(log, until);
  return new Map(state.list(pods).map(({ ref, revision }) => [ref.name, revision]));
}

function aLog(batchMax = 7): MemoryLog {
  return new MemoryLog('LOG', { keepHistory: true, batchMax });
}

describe('the state of any past instant', () => {
  test('is what the events up to it left, by revision and by time', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const log = aLog();
        const pasts = await play(log, script);
        expect(await stateAt(log)).toEqual(pasts.at(-1));
        for (const [revision, past] of pasts.entries()) {
          expect(await stateAt(log, { until: { kind: 'revision', revision: revision as Revision } })).toEqual(past);
          expect(await stateAt(log, { until: { kind: 'time', ms: revision * 1_000 + 999 } })).toEqual(past);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('holds the objects with their revisions, listed by namespace and name', async () => {
    const log = aLog();
    await play(log, [
      { pod: 2, deletes: false },
      { pod: 1, deletes: false },
      { pod: 2, deletes: false },
    ]);
    const state = await replay(log);
    expect(state.list(pods).map(({ object }) => object.metadata)).toEqual([
      { resourceVersion: '2', name: 'p1', namespace: 'default', step: 2 },
      { resourceVersion: '3', name: 'p2', namespace: 'default', step: 3 },
    ]);
    expect(state.list(pods, 'elsewhere')).toEqual([]);
    expect(state.resources()).toEqual([pods]);
    expect(state.get({ ...pods, namespace: 'default', name: 'p2' })?.object.metadata.resourceVersion).toBe('3');
    expect(state).toMatchObject({ revision: 3, events: 3, size: 2, timeMs: 3_000 });
  });

  test('is kept when its events were parts of memory that is used again', async () => {
    const log = aLog();
    const shared = bytesOf({ kind: 'Pod', metadata: { name: 'p1' } });
    await record(log, change('p1', absent, anEvent({ object: shared })));
    const state = await replay(log);
    expect(state.size).toBe(1);
    shared.fill(0);
    expect(state.list(pods)[0]?.object.metadata.name).toBe('p1');
  });

  test('of a log without events is empty', async () => {
    expect(await replay(aLog())).toMatchObject({ revision: 0, events: 0, size: 0 });
  });

  test('that has not come is refused', async () => {
    const log = aLog();
    await play(log, [{ pod: 1, deletes: false }]);
    const asked = replay(log, { until: { kind: 'revision', revision: 2 as Revision } });
    await expect(asked).rejects.toThrow(RevisionNotReached);
    await expect(asked).rejects.toThrow('LOG ends at revision 1; revision 2 has not been recorded');
  });
});

describe('a history whose beginning is no longer retained', () => {
  /** Ten pods are created in turn; history begins at the sixth event. */
  async function trimmed() {
    const log = aLog();
    const subjects = Array.from({ length: 10 }, (_, i) => podSubject(`p${i}`));
    for (const [i, subject] of subjects.entries()) {
      const object = bytesOf({ metadata: { name: parseSubject(subject)?.name } });
      await log.append({ subject, expect: absent, event: anEvent({ object, timeMs: i * 1_000 }) });
    }
    return {
      stream: log.stream,
      latest: () => log.latest(),
      read: (range: { after: Revision; to?: Revision }) => log.read(range),
      bounds: async () => ({ first: 6 as Revision, last: 10 as Revision }),
    };
  }

  test('is taken up with the last event of what has not changed since', async () => {
    const state = await replay(await trimmed(), { until: { kind: 'revision', revision: 7 as Revision } });
    expect(state).toMatchObject({ revision: 7, events: 2, size: 7 });
  });

  test('refuses instants before it', async () => {
    const log = await trimmed();
    const before = replay(log, { until: { kind: 'revision', revision: 4 as Revision } });
    await expect(before).rejects.toThrow(HistoryTrimmed);
    await expect(before).rejects.toThrow('history begins after revision 5 (1970-01-01T00:00:04.000Z)');
    await expect(replay(log, { until: { kind: 'time', ms: 3_999 } })).rejects.toThrow(HistoryTrimmed);
    expect(await replay(log, { until: { kind: 'time', ms: 4_000 } })).toMatchObject({ revision: 5, size: 5 });
  });
});

describe('reading', () => {
  test('waits for what was read before to be taken in, and tells how far it is', async () => {
    const log = aLog(10);
    for (let i = 0; i < 35; i++) await record(log, change(`p${i}`, absent));
    const seen: string[] = [];
    const watched = {
      stream: log.stream,
      bounds: () => log.bounds(),
      latest: () => log.latest(),
      async *read(range: { after: Revision; to?: Revision }): AsyncIterable<readonly RecordedEvent[]> {
        for await (const batch of log.read(range)) {
          seen.push(`read ${batch.at(-1)?.revision}`);
          yield batch;
        }
      },
    };
    const onProgress = ({ revision, to }: ReplayProgress) => seen.push(`took ${revision} of ${to}`);
    await replay(watched, { onProgress });
    expect(seen).toEqual([
      ...['read 10', 'took 10 of 35', 'read 20', 'took 20 of 35'],
      ...['read 30', 'took 30 of 35', 'read 35', 'took 35 of 35'],
    ]);
  });

  test('ends with the reason when it is aborted', async () => {
    const log = aLog(1);
    for (let i = 0; i < 3; i++) await record(log, change(`p${i}`, absent));
    const stop = new AbortController();
    const replaying = replay(log, { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) });
    await expect(replaying).rejects.toThrow('enough');
  });

  test('stops at the first event that is later than the moment', async () => {
    const log = aLog(2);
    for (const [i, timeMs] of [1_000, 2_000, 9_000, 2_500].entries()) {
      await record(log, change(`p${i}`, absent, anEvent({ timeMs })));
    }
    expect(await replay(log, { until: { kind: 'time', ms: 3_000 } })).toMatchObject({ revision: 2, timeMs: 2_000 });
  });
});
