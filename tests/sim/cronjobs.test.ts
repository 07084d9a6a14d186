// Cron jobs in virtual time: a day on which clocks change, and random histories with a controller that is killed between
// its writes. A time makes one job at most, and with `Forbid` no two run.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cronJobController } from '../../actors/controllers/cronjob/cronjob.ts';
import { allControllers } from '../../actors/controllers/registry.ts';
import { seededRandom } from '../../streams/base/random.ts';
import {
  type CronJob,
  type CronJobSpec,
  type Job,
  jobEnd,
  scheduledTimestampKey,
} from '../../streams/resources/batch.ts';
import { parseCron } from '../../streams/resources/cron.ts';
import { nextTime } from '../../streams/resources/cron-times.ts';
import { resourceByKind } from '../kit/given-world.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { MortalController } from '../kit/mortal-controller.ts';
import { aCronJob, aJob, letPodsEnd } from '../kit/played-jobs.ts';

const options = {
  ca: 'the CA',
  mintToken: () => 'token',
  resourceOf: (_: string, kind: string) => resourceByKind[kind],
};
const others = () => allControllers(options).filter(({ name }) => name !== 'cronjob-controller');

type Scheduled = { readonly name: string; readonly at: string };

/** Every job that was ever made for a time, and what was broken at any event. */
function watch(cluster: LiveCluster) {
  const made: Scheduled[] = [];
  const broken: string[] = [];
  cluster.view.listen(({ ref, type, current }) => {
    if (ref.resource !== 'jobs' || type !== 'ADDED') return;
    const { metadata } = current.object as unknown as Job;
    made.push({ name: metadata.name, at: metadata.annotations?.[scheduledTimestampKey] ?? '' });
    const running = cluster.list<Job>('Job').filter((job) => jobEnd(job) === undefined);
    if (running.length > 1) broken.push(running.map((job) => job.metadata.name).join(' and '));
  });
  return { made, broken };
}

test.each([
  // The hour from two to three does not exist.
  ['2026-03-29', '30 * * * *', 23, ['00:30:00+01:00', '01:30:00+01:00', '03:30:00+02:00']],
  ['2026-03-29', '30 2 * * *', 0, []],
  // The hour from two to three comes twice.
  ['2026-10-25', '30 * * * *', 25, ['01:30:00+02:00', '02:30:00+02:00', '02:30:00+01:00', '03:30:00+01:00']],
  ['2026-10-25', '15 2 * * *', 2, ['02:15:00+02:00', '02:15:00+01:00']],
])(
  'in Berlin on %s, "%s" makes %i jobs',
  async (day, schedule, count, times) => {
    const cluster = await LiveCluster.start({ seed: 1, nodes: 0 });
    letPodsEnd(cluster, { afterMsMax: () => 60_000, endOf: () => 0 });
    const { made } = watch(cluster);
    // Time passes in one go until the evening before: nothing is scheduled yet.
    const midnight = Date.parse(`${day}T00:00:00${day < '2026-04' ? '+01:00' : '+02:00'}`);
    cluster.clock.jump(midnight - 60_000 - cluster.clock.now());
    await cluster.settled(cluster.nodes.join('node-1'));
    await cluster.create(aCronJob({ schedule, timeZone: 'Europe/Berlin' }));
    const hours = day < '2026-04' ? 23 : 25;
    await cluster.pass(hours * 3600 + 60 - 10);
    const today = made.filter(({ at }) => at.startsWith(day));
    expect(today.length).toBe(count);
    const told = today.map(({ at }) => at.slice(11));
    expect(told.filter((at) => times.includes(at))).toEqual(times);
    expect(new Set(made.map(({ at }) => at)).size).toBe(made.length);
    const kept = cluster.list<Job>('Job');
    expect(kept.length).toBeLessThanOrEqual(4);
    await cluster.stop();
    expect(cluster.anomalies).toEqual([]);
    expect(cluster.complaints).toEqual([]);
  },
  60_000,
);

const step = fc.constantFrom('suspend', 'resume', 'delete', 'wait');
const history = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 400_000 })), { maxLength: 8 });
const wish = fc.record({
  schedule: fc.constantFrom('* * * * *', '*/2 * * * *', '1-59/3 * * * *', '@every 90s', '@every 20s'),
  concurrencyPolicy: fc.constantFrom<NonNullable<CronJobSpec['concurrencyPolicy']>[]>('Allow', 'Forbid', 'Replace'),
  deadline: fc.option(fc.constantFrom(10, 100), { nil: undefined }),
  successfulJobsHistoryLimit: fc.constantFrom(0, 1, 3),
});

test('a time makes one job at most, and what may not run side by side does not', async () => {
  let deaths = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), wish, history, async (seed, spec, steps) => {
      deaths += await live(seed, spec, steps);
    }),
    { numRuns: 30 },
  );
  expect(deaths).toBeGreaterThan(30);
}, 60_000);

type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

/** How often the controller died. */
async function live(seed: number, { deadline, ...spec }: Wish, steps: readonly (readonly [string, number])[]) {
  const cluster = await LiveCluster.start({ seed, nodes: 1, only: others() });
  const random = seededRandom(`${seed}/history`);
  const mortality = { random: random.stream('lives'), writesMax: 4, deadMsMax: 5_000 };
  const controller = new MortalController(cluster, cronJobController(), mortality);
  const ends = random.stream('ends');
  letPodsEnd(cluster, { afterMsMax: () => ends.int(200_000), endOf: () => (ends.int(4) === 0 ? 1 : 0) });
  const { made, broken } = watch(cluster);
  const jobTemplate = { spec: { ...aCronJob().spec.jobTemplate.spec, backoffLimit: 0 } };
  // An interval that is counted from the deadline never ends.
  const isInterval = spec.schedule.startsWith('@every');
  const limits = deadline === undefined || isInterval ? {} : { startingDeadlineSeconds: deadline };
  await cluster.create(aCronJob({ ...spec, ...limits, jobTemplate }));
  for (const [kind, afterMs] of steps) {
    await cluster.clock.advance(afterMs);
    await play(cluster, kind, random.int(100));
  }
  controller.spare();
  await cluster.change<CronJob>('CronJob', 'tick', (now) => ({ ...now, spec: { ...now.spec, suspend: false } }));
  const before = made.length;
  await cluster.until('another job is made', () => made.length > before, 1_000);
  await cluster.pass(1);
  expect(new Set(made.map(({ name, at }) => `${name} ${at}`)).size).toBe(made.length);
  expect(new Set(made.map(({ at }) => at)).size).toBe(made.length);
  for (const { name, at } of made) expect(name).toBe(`tick-${Math.floor(Date.parse(at) / 60_000)}`);
  verifyTimes(cluster, spec.schedule, made);
  if (spec.concurrencyPolicy === 'Forbid') expect(broken).toEqual([]);
  const { status } = cluster.get<CronJob>('CronJob', 'tick') ?? {};
  const running = cluster
    .list<Job>('Job')
    .filter((job) => jobEnd(job) === undefined && !job.metadata.deletionTimestamp);
  expect(new Set(status?.active?.map(({ name }) => name))).toEqual(
    new Set(running.map(({ metadata }) => metadata.name)),
  );
  await controller.stop();
  await cluster.stop();
  expect(cluster.anomalies).toEqual([]);
  return controller.deaths;
}

/** Every time is one that the schedule names. */
function verifyTimes(cluster: LiveCluster, schedule: string, made: readonly Scheduled[]): void {
  const parsed = parseCron(schedule);
  if (parsed.kind === 'malformed' || parsed.schedule.kind === 'every') return;
  for (const { at } of made) expect(nextTime(parsed.schedule, Date.parse(at) - 1, 'UTC')).toBe(Date.parse(at));
  expect(cluster.get<CronJob>('CronJob', 'tick')?.status?.lastScheduleTime).toBe(made.at(-1)?.at);
}

async function play(cluster: LiveCluster, kind: string, pick: number): Promise<void> {
  const suspend = (suspended: boolean) =>
    cluster.change<CronJob>('CronJob', 'tick', (now) => ({ ...now, spec: { ...now.spec, suspend: suspended } }));
  if (kind === 'suspend') await suspend(true);
  if (kind === 'resume') await suspend(false);
  const jobs = cluster.list<Job>('Job');
  const victim = jobs[pick % Math.max(1, jobs.length)];
  // A job that has been listed may go; one that was just made would be missed and made again.
  if (kind === 'delete' && victim !== undefined && jobEnd(victim) !== undefined)
    await cluster.remove('Job', victim.metadata.name, { propagationPolicy: 'Background' });
}

test('a job that is over goes after its time to live, with its pods', async () => {
  const cluster = await LiveCluster.start({ seed: 1 });
  letPodsEnd(cluster, { afterMsMax: () => 1_000, endOf: () => 0 });
  const { selector: _, ...spec } = aJob().spec;
  const { metadata: __, ...template } = spec.template;
  await cluster.create({
    ...aJob({ ttlSecondsAfterFinished: 30 }),
    spec: { ...spec, template, ttlSecondsAfterFinished: 30 },
  } as Job);
  await cluster.until('it is over', () => jobEnd(cluster.get<Job>('Job', 'work') ?? aJob()) !== undefined);
  const endMs = Date.parse(jobEnd(cluster.get<Job>('Job', 'work') ?? aJob())?.lastTransitionTime ?? '');
  await cluster.clock.advance(endMs + 29_900 - cluster.clock.now());
  expect(cluster.get('Job', 'work')).toBeDefined();
  await cluster.pass(5);
  expect(cluster.get('Job', 'work')).toBeUndefined();
  expect(cluster.list('Pod')).toEqual([]);
  await cluster.stop();
  expect(cluster.anomalies).toEqual([]);
  expect(cluster.complaints).toEqual([]);
});
