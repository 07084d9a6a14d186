// Jobs under random histories, with a job controller that is killed between its writes: never more pods than may run,
// never two of one index, every pod counted exactly once, and an indexed job succeeds exactly when its indexes do.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countOf, hasIndex, indexesOf, parseIndexes } from '../../actors/controllers/job/indexes.ts';
import { jobController } from '../../actors/controllers/job/job.ts';
import { recordedVerdict } from '../../actors/controllers/job/verdict.ts';
import { allControllers } from '../../actors/controllers/registry.ts';
import { isPodActive } from '../../actors/pod/pod-conditions.ts';
import { seededRandom } from '../../streams/base/random.ts';
import {
  type FailureRule,
  type Job,
  type JobSpec,
  jobEnd,
  jobTrackingFinalizer,
} from '../../streams/resources/batch.ts';
import { controllerOf } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { resourceByKind } from '../kit/given-world.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { MortalController } from '../kit/mortal-controller.ts';
import { indexOf, letPodsEnd, newJob } from '../kit/played-jobs.ts';

const step = fc.constantFrom('delete', 'suspend', 'resume', 'resize', 'stretch', 'wait');
const history = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 8_000 })), { maxLength: 12 });
const small = fc.integer({ min: 1, max: 5 });
const limit = fc.integer({ min: 0, max: 3 });
const onExit3 = (action: FailureRule['action']): FailureRule => ({
  action,
  onExitCodes: { operator: 'In', values: [3] },
});

const plain = fc.record({
  parallelism: small,
  completions: fc.option(small, { nil: undefined }),
  backoffLimit: limit,
  replacement: fc.constantFrom('TerminatingOrFailed', 'Failed'),
  policy: fc.option(fc.constantFrom('FailJob', 'Ignore', 'Count'), { nil: undefined }),
});
const indexed = fc.record({
  parallelism: small,
  completions: small,
  perIndex: fc.option(limit, { nil: undefined }),
  maxFailed: fc.option(limit, { nil: undefined }),
  replacement: fc.constantFrom('TerminatingOrFailed', 'Failed'),
  policy: fc.option(fc.constantFrom('FailJob', 'Ignore', 'FailIndex'), { nil: undefined }),
  enough: fc.option(fc.constantFrom(1, 2), { nil: undefined }),
});

type ValueOf<A> = A extends fc.Arbitrary<infer T> ? T : never;

function plainSpec({ policy, replacement, completions, ...spec }: ValueOf<typeof plain>): Partial<JobSpec> {
  return { ...spec, ...absentUnless('completions', completions), ...policies(policy, replacement) };
}

function indexedSpec(wish: ValueOf<typeof indexed>): Partial<JobSpec> {
  const { perIndex, maxFailed, policy, replacement, completions, enough, parallelism } = wish;
  const byIndex = perIndex === undefined ? { backoffLimit: 3 } : { backoffLimit: 1000, backoffLimitPerIndex: perIndex };
  return {
    completionMode: 'Indexed',
    parallelism,
    completions,
    ...byIndex,
    ...(perIndex === undefined
      ? undefined
      : absentUnless('maxFailedIndexes', maxFailed && Math.min(maxFailed, completions))),
    ...policies(perIndex === undefined && policy === 'FailIndex' ? 'Count' : policy, replacement),
    ...(enough !== undefined && enough <= completions
      ? { successPolicy: { rules: [{ succeededCount: enough }] } }
      : {}),
  };
}

function policies(action: FailureRule['action'] | undefined, replacement: 'TerminatingOrFailed' | 'Failed') {
  if (action === undefined) return { podReplacementPolicy: replacement };
  return { podFailurePolicy: { rules: [onExit3(action)] }, podReplacementPolicy: 'Failed' } as const;
}

function absentUnless<K extends string>(name: K, value: number | undefined): Partial<Record<K, number>> {
  return { [name]: value } as Partial<Record<K, number>>;
}

test.each([
  ['a job', plain.map(plainSpec)],
  ['an indexed job', indexed.map(indexedSpec)],
])('%s counts every pod once, whatever happens and whoever crashes', async (_, specs) => {
  let deaths = 0;
  const life = async (seed: number, spec: Partial<JobSpec>, steps: Steps) => {
    deaths += await live(seed, spec, steps);
  };
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), specs, history, life), { numRuns: 60 });
  expect(deaths).toBeGreaterThan(60);
});

type Steps = readonly (readonly [string, number])[];

/** How often the controller died. */
async function live(seed: number, spec: Partial<JobSpec>, steps: Steps): Promise<number> {
  const options = {
    ca: 'the CA',
    mintToken: () => 'token',
    resourceOf: (_: string, kind: string) => resourceByKind[kind],
  };
  const others = allControllers(options).filter(({ name }) => name !== 'job-controller');
  const cluster = await LiveCluster.start({ seed, only: others });
  const random = seededRandom(`${seed}/history`);
  const mortality = { random: random.stream('lives'), writesMax: 6, deadMsMax: 2_000 };
  const controller = new MortalController(cluster, jobController(), mortality);
  const ends = random.stream('ends');
  letPodsEnd(cluster, {
    afterMsMax: () => ends.int(8_000),
    endOf: () => [0, 0, 0, 0, 0, 1, 1, 3][ends.int(8)] ?? 0,
  });
  const watched = new Watched(cluster);
  await cluster.create(newJob('work', spec));
  for (const [kind, afterMs] of steps) {
    await cluster.clock.advance(afterMs);
    await play(cluster, kind, (bound) => random.int(bound));
  }
  controller.spare();
  await cluster.change<Job>('Job', 'work', ({ spec, ...job }) => {
    const parallelism = Math.max(1, spec.parallelism ?? 1);
    return { ...job, spec: { ...spec, suspend: false, parallelism } };
  });
  await cluster.until('the job is over', () => jobEnd(work(cluster)) !== undefined, 3_000);
  await cluster.pass(30);
  watched.verify(work(cluster));
  await controller.stop();
  await cluster.stop();
  expect(cluster.anomalies).toEqual([]);
  return controller.deaths;
}

function work(cluster: LiveCluster): Job {
  const job = cluster.get<Job>('Job', 'work');
  if (job === undefined) throw new Error('the job is gone');
  return job;
}

async function play(cluster: LiveCluster, kind: string, pick: (bound: number) => number): Promise<void> {
  const job = work(cluster);
  if (jobEnd(job) !== undefined) return;
  // What is decided stays decided, whatever is asked for afterwards.
  const change = (spec: Partial<JobSpec>) =>
    cluster.change<Job>('Job', 'work', (now) =>
      recordedVerdict(now) === undefined ? { ...now, spec: { ...now.spec, ...spec } } : now,
    );
  if (kind === 'suspend') await change({ suspend: true });
  else if (kind === 'resume') await change({ suspend: false });
  else if (kind === 'resize') await change({ parallelism: pick(5) + (job.spec.completions === undefined ? 1 : 0) });
  else if (kind === 'stretch' && isElastic(job)) {
    const size = 1 + pick(6);
    await change({ parallelism: size, completions: size });
  } else if (kind === 'delete') {
    const own = cluster.list<Pod>('Pod').filter(isPodActive);
    const victim = own[pick(own.length)];
    if (victim !== undefined) await cluster.remove('Pod', victim.metadata.name);
  }
}

/** Its size may change while it runs. */
function isElastic({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed' && spec.successPolicy === undefined && spec.maxFailedIndexes === undefined;
}

/** What the event stream tells of one job. */
class Watched {
  readonly #listed = { succeeded: new Set<string>(), failed: new Set<string>() };
  readonly #succeededIndexes = new Set<number>();
  readonly #endedUncounted = new Map<string, string>();
  readonly #cluster: LiveCluster;
  #parallelismMax = 0;
  #completions: number | undefined;
  #stretched = false;
  readonly #broken: string[] = [];

  constructor(cluster: LiveCluster) {
    this.#cluster = cluster;
    cluster.view.listen(({ ref, type, current, previous }) => {
      if (ref.resource === 'jobs') this.#seeJob(current.object as unknown as Job);
      if (ref.resource !== 'pods' || controllerOf(current.object)?.kind !== 'Job') return;
      this.#seePod(type, current.object as unknown as Pod, previous?.object as unknown as Pod | undefined);
    });
  }

  #seeJob({ spec, status }: Job): void {
    this.#stretched ||= this.#completions !== undefined && this.#completions !== spec.completions;
    this.#completions = spec.completions;
    this.#parallelismMax = Math.max(this.#parallelismMax, spec.parallelism ?? 1);
    for (const list of ['succeeded', 'failed'] as const)
      for (const uid of status?.uncountedTerminatedPods?.[list] ?? []) this.#listed[list].add(uid);
  }

  #seePod(type: string, pod: Pod, before: Pod | undefined): void {
    if (type === 'ADDED') this.#seeNewPod();
    const had = before?.metadata.finalizers?.includes(jobTrackingFinalizer) === true;
    const has = type !== 'DELETED' && pod.metadata.finalizers?.includes(jobTrackingFinalizer) === true;
    if (pod.status?.phase === 'Succeeded' && has) this.#succeededIndexes.add(indexOf(pod));
    if (had && !has && !isPodActive(before)) this.#endedUncounted.set(pod.metadata.uid, pod.metadata.name);
  }

  #seeNewPod(): void {
    const active = this.#cluster.list<Pod>('Pod').filter(isPodActive);
    if (active.length > this.#parallelismMax)
      this.#broken.push(`${active.length} pods, ${this.#parallelismMax} at most may run`);
    const indexes = active.map(indexOf).filter((index) => index >= 0);
    if (new Set(indexes).size < indexes.length) this.#broken.push(`two pods of one index: ${indexes}`);
  }

  verify({ spec, status = {} }: Job): void {
    expect(this.#broken).toEqual([]);
    const { succeeded, failed } = this.#listed;
    expect([...succeeded].filter((uid) => failed.has(uid))).toEqual([]);
    expect(status.failed ?? 0).toBe(failed.size);
    expect(status.uncountedTerminatedPods).toEqual({});
    expect(this.#cluster.list<Pod>('Pod').filter(({ metadata }) => metadata.finalizers !== undefined)).toEqual([]);
    if (spec.podFailurePolicy === undefined && spec.successPolicy === undefined && spec.completionMode !== 'Indexed')
      for (const [uid, name] of this.#endedUncounted)
        expect([name, succeeded.has(uid) || failed.has(uid)]).toEqual([name, true]);
    const complete = status.conditions?.some(({ type }) => type === 'Complete') === true;
    if (spec.completionMode !== 'Indexed') {
      expect(status.succeeded ?? 0).toBe(succeeded.size);
      if (complete) expect(succeeded.size).toBeGreaterThanOrEqual(spec.completions ?? 1);
      return;
    }
    const { completions = 0 } = spec;
    const done = parseIndexes(status.completedIndexes, completions);
    // An index that was dropped and taken up again has to succeed again.
    if (this.#stretched)
      for (const { first, last } of done)
        for (let i = first; i <= last; i++) expect(this.#succeededIndexes).toContain(i);
    else expect(done).toEqual(indexesOf(this.#succeededIndexes));
    expect(status.succeeded ?? 0).toBe(countOf(done));
    if (spec.successPolicy === undefined) expect(complete).toBe(countOf(done) === completions);
    for (const { first, last } of parseIndexes(status.failedIndexes, completions))
      for (let index = first; index <= last; index++) expect(hasIndex(done, index)).toBe(false);
  }
}
