// How fast events are appended and fsynced, by 1 to 256 writers at once, against publishing without expectation.

import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Revision } from '../../streams/base/brand.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { encodeEvent } from '../../streams/log/codec.ts';
import type { EventId, LogEvent } from '../../streams/log/event.ts';
import { subjectOf } from '../../streams/log/subjects.ts';
import { openLog } from '../kit/jetstream.ts';
import { TestNats } from '../kit/nats-server.ts';
import type { Bench, Row } from './bench.ts';

const payload = new TextEncoder().encode(
  `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"text":"${'x'.repeat(1_900)}"}}`,
);
const secondsEach = 2;

export const appendBench: Bench = {
  name: 'append',
  about: 'events appended and fsynced per second',
  async run(say) {
    const nats = await TestNats.start();
    const rows: Row[] = [];
    try {
      const log = await openLog(nats, { timing: {} });
      nats.stageInMemory();
      for (const writers of [1, 16, 64, 256]) {
        say(`${writers} writers`);
        const raw = await rawPublishes(nats, writers);
        let count = 0;
        const perSecond = await atOnce(writers, async () => {
          const id = `${writers}-${count++}`;
          const subject = subjectOf({ group: '', resource: 'configmaps', namespace: 'default', name: `bench-${id}` });
          const outcome = await log.streams.LOG.append({ subject, expect: { kind: 'absent' }, event: anEvent(id) });
          if (outcome.kind !== 'appended') throw new Error('an append to a new subject conflicted');
        });
        rows.push({
          work: `append, fsynced, ${writers} writers`,
          measured: perSecond,
          unit: 'events/s',
          yardstick: { what: 'raw publish, fsynced', value: raw },
        });
      }
      await log.close();
    } finally {
      await nats.discard();
    }
    return rows;
  },
};

/** Acknowledged publishes of the same bytes to a stream on the same server, without expectation. */
async function rawPublishes(nats: TestNats, writers: number): Promise<number> {
  const { user, password } = nats.credentials.api;
  const connection = await connect({ servers: nats.address, user, pass: password });
  const js = jetstream(connection);
  const manager = await js.jetstreamManager();
  await manager.streams.add({ name: 'RAW', subjects: ['raw.>'] });
  const bytes = encodeEvent(anEvent('raw'));
  let count = 0;
  const perSecond = await atOnce(writers, async () => {
    await js.publish(`raw.${count++}`, bytes);
  });
  await manager.streams.delete('RAW');
  await connection.close();
  return perSecond;
}

/** Calls per second of so many callers, each calling again when answered. */
async function atOnce(callers: number, call: () => Promise<void>): Promise<number> {
  const started = systemClock.monotonic();
  const end = started + secondsEach * 1_000;
  let calls = 0;
  const caller = async () => {
    while (systemClock.monotonic() < end) {
      await call();
      calls++;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return (calls * 1_000) / (systemClock.monotonic() - started);
}

export function anEvent(id: string): LogEvent {
  return {
    id: id as EventId,
    type: 'configmap.created',
    from: null,
    to: 'Present',
    timeMs: systemClock.now(),
    author: { user: 'bench' },
    cause: null,
    seen: 0 as Revision,
    object: payload,
  };
}
