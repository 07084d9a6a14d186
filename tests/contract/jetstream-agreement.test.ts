// Two writers, a handful of contended objects, and a network and a server that fail at random: afterwards the log must
// agree with what every caller was told, and with itself.

import { expect, test } from 'vitest';
import type { Revision } from '../../streams/base/brand.ts';
import { type Random, seededRandom } from '../../streams/base/random.ts';
import { LogUnavailable } from '../../streams/log/errors.ts';
import { isTombstone, type LogEvent, type RecordedEvent } from '../../streams/log/event.ts';
import type { AppendOutcome, EventLog, Expectation } from '../../streams/log/event-log.ts';
import {
  absent,
  anEvent,
  at,
  bytesOf,
  change,
  collect,
  follow,
  podSubject,
  range,
  record,
  revisionsOf,
} from '../kit/events.ts';
import { openLog } from '../kit/jetstream.ts';
import { TestNats } from '../kit/nats-server.ts';
import { TcpProxy } from '../kit/tcp-proxy.ts';

type Told = { readonly event: LogEvent; readonly outcome: AppendOutcome | 'unknown' };

const seed = Number(process.env.SHIPLOG_SEED ?? 20_260_101);
const appendsMax = Number(process.env.SHIPLOG_APPENDS ?? 400);
const objects = range(1, 12).map((i) => `object-${i}`);

test(`seed ${seed}: whatever fails, the log agrees with what callers were told`, async () => {
  const random = seededRandom(seed);
  const nats = await TestNats.start();
  const proxies = [await TcpProxy.start(nats), await TcpProxy.start(nats)] as const;
  const timing = { answerMs: 200, appendMs: 2_000, heartbeatMs: 100 };
  const logs = await Promise.all(proxies.map((proxy) => openLog(nats, { servers: [proxy.address], timing })));
  const told: Told[] = [];
  // Tails end with it. They know it by its id: its revision is told to its writer only, and maybe after they have read it.
  const end = change('end', absent);
  const tails = logs.map(({ streams }) => follow(streams.LOG, 0, (events) => events.at(-1)?.id === end.event.id));
  const writers = logs.flatMap(({ streams }, i) =>
    range(1, 20).map((j) => write(streams.LOG, random.stream(`writer-${i}-${j}`), told)),
  );
  const faults = breakThings({ nats, proxies, random: random.stream('faults'), told });
  await Promise.all([...writers, faults]);

  const direct = await openLog(nats);
  const last = await record(direct.streams.LOG, end);
  for (const events of await Promise.all(tails)) expect(revisionsOf(events)).toEqual(range(1, last));
  const events = await collect(direct.streams.LOG.read({ after: 0 as Revision }));
  expect(revisionsOf(events)).toEqual(range(1, last));
  expectAgreement(events, told);
  expectLawful(events);
  for (const log of [...logs, direct]) await log.close();
  for (const proxy of proxies) await proxy.close();
  await nats.discard();
});

/** Changes, deletes and makes objects, on what it believes of them, which is often wrong. */
async function write(log: EventLog, random: Random, told: Told[]): Promise<void> {
  const beliefs = new Map<string, Expectation>();
  while (told.length < appendsMax) {
    const name = objects[random.int(objects.length)] ?? '';
    const expectation = beliefs.get(name) ?? absent;
    const deletes = expectation.kind === 'at' && random.int(4) === 0;
    const event = anEvent({ to: deletes ? null : 'Running', object: bytesOf(expectation) });
    const outcome = await log
      .append({ subject: podSubject(name), expect: expectation, event })
      .catch((error: unknown) => {
        if (error instanceof LogUnavailable) return 'unknown' as const;
        throw error;
      });
    told.push({ event, outcome });
    if (outcome === 'unknown') beliefs.delete(name);
    else if (outcome.kind === 'appended') beliefs.set(name, deletes ? absent : at(outcome.revision));
    else if (random.int(3) === 0) beliefs.delete(name);
    else beliefs.set(name, at(outcome.actual ?? 0));
  }
}

async function breakThings(world: {
  readonly nats: TestNats;
  readonly proxies: readonly TcpProxy[];
  readonly random: Random;
  readonly told: readonly Told[];
}): Promise<void> {
  const { nats, proxies, random, told } = world;
  const until = async (count: number) => {
    while (told.length < Math.min(count, appendsMax)) await new Promise((resolve) => setImmediate(resolve));
  };
  while (told.length < appendsMax) {
    await until(told.length + 20 + random.int(100));
    const proxy = proxies[random.int(proxies.length)];
    switch (random.int(4)) {
      case 0:
        proxy?.cut();
        break;
      case 1:
        proxy?.swallowAnswers();
        await until(told.length + 1 + random.int(20));
        proxy?.cut();
        break;
      case 2:
        proxy?.swallowAnswers();
        setImmediate(() => proxy?.cut());
        break;
      default:
        nats.kill();
        await nats.restart();
    }
  }
}

/** Appended means: recorded there, once. A conflict means: not recorded. */
function expectAgreement(events: readonly RecordedEvent[], told: readonly Told[]): void {
  const recorded = new Map(events.map((event) => [event.id, event]));
  expect(recorded.size).toBe(events.length);
  for (const { event, outcome } of told) {
    const found = recorded.get(event.id);
    if (outcome === 'unknown') continue;
    if (outcome.kind === 'appended') expect(found?.revision).toBe(outcome.revision);
    else expect(found).toBeUndefined();
  }
  expect(told.filter(({ outcome }) => outcome !== 'unknown' && outcome.kind === 'appended').length).toBeGreaterThan(10);
}

/** Every recorded event stands where its writer's expectation held. */
function expectLawful(events: readonly RecordedEvent[]): void {
  const heads = new Map<string, RecordedEvent>();
  for (const event of events) {
    const head = heads.get(event.subject);
    heads.set(event.subject, event);
    if (event.subject === podSubject('end')) continue;
    const expectation = JSON.parse(Buffer.from(event.object).toString()) as Expectation;
    if (expectation.kind === 'at') expect(head?.revision).toBe(expectation.revision);
    else expect(head === undefined || isTombstone(head)).toBe(true);
  }
}
