// How fast the log is read back and folded into a view, against reading the messages and looking at nothing.

import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type Revision, revisionZero } from '../../streams/base/brand.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { subjectOf } from '../../streams/log/subjects.ts';
import { ObjectView } from '../../streams/views/object-view.ts';
import { openLog } from '../kit/jetstream.ts';
import { TestNats } from '../kit/nats-server.ts';
import { anEvent } from './append.ts';
import type { Bench, Row } from './bench.ts';

const events = 60_000;
const objects = 20_000;

export const replayBench: Bench = {
  name: 'replay',
  about: 'events read back per second',
  async run(say) {
    const nats = await TestNats.start();
    try {
      const log = await openLog(nats, { timing: {} });
      const stream = log.streams.LOG;
      say(`recording ${events} events of ${objects} objects`);
      await record(log);
      say('reading');
      const decoded = await perSecond(async () => {
        for await (const _ of stream.read({ after: revisionZero }));
      });
      const folded = await perSecond(async () => {
        const view = new ObjectView();
        for await (const batch of stream.read({ after: revisionZero })) for (const event of batch) view.apply(event);
      });
      const booted = await perSecond(async () => {
        const view = new ObjectView();
        for await (const batch of stream.latest()) view.load(batch);
      }, objects);
      const raw = await rawRead(nats);
      await log.close();
      const yardstick = { what: 'raw messages', value: raw };
      return [
        { work: 'read and decode events', measured: decoded, unit: 'events/s', yardstick },
        { work: 'replay into a view', measured: folded, unit: 'events/s', budget: { atLeast: 100_000 }, yardstick },
        { work: 'boot: last event per object', measured: booted, unit: 'objects/s', yardstick },
      ] satisfies Row[];
    } finally {
      await nats.discard();
    }
  },
};

async function record(log: Awaited<ReturnType<typeof openLog>>): Promise<void> {
  const last = new Map<number, Revision>();
  for (let start = 0; start < events; start += 1_000) {
    await Promise.all(
      Array.from({ length: 1_000 }, async (_, offset) => {
        const object = (start + offset) % objects;
        const subject = subjectOf({ group: '', resource: 'configmaps', namespace: 'default', name: `bench-${object}` });
        const revision = last.get(object);
        const expect = revision === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'at', revision } as const);
        const event =
          revision === undefined
            ? anEvent(`${start + offset}`)
            : { ...anEvent(`${start + offset}`), type: 'configmap.updated', from: 'Present' };
        const outcome = await log.streams.LOG.append({ subject, expect, event });
        if (outcome.kind !== 'appended') throw new Error('an append conflicted');
        last.set(object, outcome.revision);
      }),
    );
  }
}

async function perSecond(work: () => Promise<void>, count = events): Promise<number> {
  const started = systemClock.monotonic();
  await work();
  return (count * 1_000) / (systemClock.monotonic() - started);
}

async function rawRead(nats: TestNats): Promise<number> {
  const { user, password } = nats.credentials.api;
  const connection = await connect({ servers: nats.address, user, pass: password });
  const consumer = await jetstream(connection).consumers.get('LOG');
  let seen = 0;
  const rate = await perSecond(async () => {
    const messages = await consumer.consume({ max_messages: 2_000 });
    for await (const message of messages) {
      seen = message.seq;
      if (seen >= events) break;
    }
    messages.stop();
  });
  await connection.close();
  return rate;
}
