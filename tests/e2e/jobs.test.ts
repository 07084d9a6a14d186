// Jobs and cron jobs as people use them: kubectl and simulated nodes, whose pods end as their annotations say.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CronJob, Job, JobSpec } from '../../streams/resources/batch.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

type Simulation = Readonly<Record<string, string>>;

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  const cluster = new RunningCluster(['--nodes', '2']);
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const kubectl = (command: string) => cluster.ok(command.split(' ').map((word) => word.replaceAll('_', ' ')));
  const apply = (object: unknown) => {
    const file = join(cluster.directory, 'object.json');
    writeFileSync(file, JSON.stringify(object));
    return cluster.ok(['apply', '-f', file]);
  };
  const template = (simulation: Simulation, restartPolicy = 'Never') => ({
    metadata: {
      annotations: Object.fromEntries(
        Object.entries({ duration: '100ms', ...simulation }).map(([key, value]) => [
          `simulation.shiplog.dev/${key}`,
          value,
        ]),
      ),
    },
    spec: { containers: [{ name: 'main', image: 'busybox' }], restartPolicy },
  });
  const job = (name: string, spec: Partial<JobSpec>, simulation: Simulation = {}) =>
    apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name },
      spec: { template: template(simulation), ...spec },
    });
  const jobNamed = (name: string) => cluster.json<Job>(['get', 'job', name, '-o', 'json']);
  const podsOf = async (name: string) =>
    (await cluster.json<{ items: Pod[] }>(['get', 'pods', '-l', `job-name=${name}`, '-o', 'json'])).items;

  test('a job is created, waited for and described', async () => {
    await kubectl('create job once --image=busybox -- true');
    expect(await kubectl('wait job/once --for=condition=complete --timeout=30s')).toBe('job.batch/once condition met');
    const described = await kubectl('describe job once');
    expect(described).toMatch(/^Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed$/m);
    expect(described).toMatch(/^Completion Mode: +NonIndexed$/m);
    expect(described).toMatch(/^Suspend: +false$/m);
    expect(described).toMatch(/^Backoff Limit: +6$/m);
    expect(described).toMatch(/Normal +SuccessfulCreate .* job-controller +Created pod: once-[a-z0-9]{5}$/m);
    await eventually(async () =>
      expect(await kubectl('describe job once')).toMatch(/Normal +Completed .* job-controller +Job completed$/m),
    );
    expect(await kubectl('get jobs once')).toMatch(
      /^NAME +STATUS +COMPLETIONS +DURATION +AGE\nonce +Complete +1\/1 +\d+s +\d+s$/,
    );
    expect(await kubectl('get pods -l batch.kubernetes.io/job-name=once')).toMatch(/once-\w{5} +0\/1 +Completed +0/);
    await kubectl('delete job once');
    await eventually(async () => expect(await podsOf('once')).toEqual([]));
  });

  test('a parallel job runs so many pods at a time, and counts each', async () => {
    await job('parallel', { completions: 6, parallelism: 3 });
    await kubectl('wait job/parallel --for=condition=complete --timeout=30s');
    const { status } = await jobNamed('parallel');
    expect(status).toMatchObject({ succeeded: 6, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([
      ['SuccessCriteriaMet', 'CompletionsReached'],
      ['Complete', 'CompletionsReached'],
    ]);
    const pods = await podsOf('parallel');
    expect(pods.map(({ metadata }) => metadata.finalizers)).toEqual(pods.map(() => undefined));
    expect(pods.length).toBe(6);
  });

  test('an indexed job tells each pod its index', async () => {
    await job('indexed', { completions: 3, parallelism: 3, completionMode: 'Indexed' });
    await kubectl('wait job/indexed --for=condition=complete --timeout=30s');
    expect((await jobNamed('indexed')).status).toMatchObject({ completedIndexes: '0-2', succeeded: 3 });
    const pods = await podsOf('indexed');
    const told = pods.map(({ metadata, spec }) => [
      metadata.labels?.['batch.kubernetes.io/job-completion-index'],
      metadata.annotations?.['batch.kubernetes.io/job-completion-index'],
      spec.hostname,
      spec.containers[0]?.env?.map(({ name }) => name),
      metadata.name.slice(0, 10),
    ]);
    expect(told.sort()).toEqual(
      ['0', '1', '2'].map((i) => [i, i, `indexed-${i}`, ['JOB_COMPLETION_INDEX'], `indexed-${i}-`]),
    );
    expect(await kubectl('describe job indexed')).toMatch(/^Completed Indexes: +0-2$/m);
  });

  test('a job whose pod fails too often has failed', async () => {
    await job('hopeless', { backoffLimit: 0 }, { run: 'fail', 'exit-code': '7' });
    await kubectl('wait job/hopeless --for=condition=failed --timeout=30s');
    const { status } = await jobNamed('hopeless');
    expect(status).toMatchObject({ failed: 1 });
    expect(status?.conditions?.map(({ type, reason, message }) => [type, reason, message])).toEqual([
      ['FailureTarget', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit'],
      ['Failed', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit'],
    ]);
    expect(await kubectl('describe job hopeless')).toMatch(
      /Warning +BackoffLimitExceeded .* job-controller +Job has reached the specified backoff limit/,
    );
    expect(await kubectl('get job hopeless')).toMatch(/hopeless +Failed +0\/1/);
  });

  test('an exit code can fail the whole job', async () => {
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }] as const;
    await job(
      'fatal',
      { podFailurePolicy: { rules }, completions: 2, parallelism: 2 },
      { run: 'fail', 'exit-code': '42' },
    );
    await kubectl('wait job/fatal --for=condition=failed --timeout=30s');
    const failed = (await jobNamed('fatal')).status?.conditions?.find(({ type }) => type === 'Failed');
    expect(failed?.reason).toBe('PodFailurePolicy');
    expect(failed?.message).toMatch(
      /^Container main for pod default\/fatal-\w{5} failed with exit code 42 matching FailJob rule at index 0$/,
    );
  });

  test('indexes fail one by one', async () => {
    const spec = { completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 0 } as const;
    await job('by-index', spec, { run: 'fail' });
    await kubectl('wait job/by-index --for=condition=failed --timeout=30s');
    const { status } = await jobNamed('by-index');
    expect(status).toMatchObject({ failedIndexes: '0,1', failed: 2 });
    expect(status?.conditions?.at(-1)).toMatchObject({ type: 'Failed', reason: 'FailedIndexes' });
  });

  test('a success policy ends a job early', async () => {
    const spec = { completions: 3, parallelism: 1, completionMode: 'Indexed' } as const;
    await job('enough', { ...spec, successPolicy: { rules: [{ succeededCount: 1 }] } });
    await kubectl('wait job/enough --for=condition=complete --timeout=30s');
    const { status } = await jobNamed('enough');
    expect(status?.conditions?.at(-1)).toMatchObject({ reason: 'SuccessPolicy', message: 'Matched rules at index 0' });
    expect(status?.succeeded).toBe(1);
  });

  test('a job is suspended and resumed', async () => {
    await job('pausing', { completions: 1 }, { run: 'run' });
    await kubectl('wait job/pausing --for=jsonpath={.status.ready}=1 --timeout=30s');
    await cluster.ok(['patch', 'job', 'pausing', '-p', '{"spec":{"suspend":true}}']);
    await kubectl('wait job/pausing --for=condition=suspended --timeout=30s');
    await eventually(async () => expect(await podsOf('pausing')).toEqual([]));
    const { status } = await jobNamed('pausing');
    expect([status?.active, status?.failed, status?.startTime]).toEqual([undefined, undefined, undefined]);
    expect(await kubectl('get job pausing')).toMatch(/pausing +Suspended +0\/1/);
    await cluster.ok(['patch', 'job', 'pausing', '-p', '{"spec":{"suspend":false}}']);
    await kubectl('wait job/pausing --for=jsonpath={.status.ready}=1 --timeout=30s');
    const described = await kubectl('describe job pausing');
    expect(described).toMatch(/Normal +Suspended .* job-controller +Job suspended/);
    expect(described).toMatch(/Normal +Resumed .* job-controller +Job resumed/);
    await kubectl('delete job pausing --cascade=foreground --wait=true');
    expect(await podsOf('pausing')).toEqual([]);
  });

  test('a pod that is deleted is replaced, where the job says so only once it has ended', async () => {
    await job('replacing', { podReplacementPolicy: 'Failed' }, { run: 'run', 'stop-duration': '9s' });
    await kubectl('wait job/replacing --for=jsonpath={.status.ready}=1 --timeout=30s');
    const [first] = await podsOf('replacing');
    // It does not end by itself when it is told to: it is killed, and has failed.
    await kubectl(`delete pod ${first?.metadata.name} --grace-period=1 --wait=false`);
    await kubectl('wait job/replacing --for=jsonpath={.status.terminating}=1 --timeout=30s');
    expect((await podsOf('replacing')).map(({ metadata }) => metadata.name)).toEqual([first?.metadata.name]);
    await kubectl('wait job/replacing --for=jsonpath={.status.failed}=1 --timeout=30s');
    await eventually(async () => {
      const names = (await podsOf('replacing')).map(({ metadata }) => metadata.name);
      expect([names.length, names.includes(first?.metadata.name ?? '')]).toEqual([1, false]);
    });
    await kubectl('delete job replacing');
  });

  test('a job that runs for too long has failed, and its pod is stopped', async () => {
    await job('slow', { activeDeadlineSeconds: 1 }, { run: 'run' });
    await kubectl('wait job/slow --for=condition=failed --timeout=30s');
    expect((await jobNamed('slow')).status?.conditions?.at(-1)).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    });
    await eventually(async () => expect(await podsOf('slow')).toEqual([]));
  });

  test('a job that is over goes after its time to live', async () => {
    await job('brief', { ttlSecondsAfterFinished: 1 });
    await kubectl('wait job/brief --for=delete --timeout=30s');
    expect(await podsOf('brief')).toEqual([]);
  });

  test('pods of a job that is deleted without them are held by nobody', async () => {
    await job('leaving', {}, { run: 'run' });
    await kubectl('wait job/leaving --for=jsonpath={.status.ready}=1 --timeout=30s');
    await kubectl('delete job leaving --cascade=orphan');
    await eventually(async () => {
      const [pod] = await podsOf('leaving');
      expect([pod?.metadata.ownerReferences, pod?.metadata.finalizers]).toEqual([undefined, undefined]);
    });
    await kubectl('delete pods -l job-name=leaving');
  });

  test('a namespace takes its jobs with it', async () => {
    await kubectl('create namespace shop');
    await kubectl('create job long --image=busybox --namespace=shop -- sleep 100');
    await kubectl('create job short --image=busybox --namespace=shop -- true');
    await kubectl('wait job/short --namespace=shop --for=condition=complete --timeout=30s');
    await kubectl('delete namespace shop --timeout=30s');
    expect(await kubectl('get pods,jobs --namespace=shop -o name')).toBe('');
  });

  describe('cron jobs', () => {
    test('tick', async () => {
      await apply({
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'tick' },
        spec: { schedule: '@every 2s', jobTemplate: { spec: { template: template({}) } } },
      });
      await kubectl('wait cronjob/tick --for=jsonpath={.status.lastSuccessfulTime} --timeout=30s');
      const { status } = await cluster.json<CronJob>(['get', 'cronjob', 'tick', '-o', 'json']);
      const minutes = Math.floor(Date.parse(status?.lastScheduleTime ?? '') / 60_000);
      const made = await jobNamed(`tick-${minutes}`);
      expect(made.metadata.annotations).toEqual({
        'batch.kubernetes.io/cronjob-scheduled-timestamp': status?.lastScheduleTime,
      });
      expect(made.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'CronJob', name: 'tick', controller: true });
      await eventually(async () => {
        const described = await kubectl('describe cronjob tick');
        expect(described).toMatch(new RegExp(`SuccessfulCreate .* cronjob-controller +Created job tick-${minutes}`));
        expect(described).toMatch(
          new RegExp(`SawCompletedJob .* Saw completed job: tick-${minutes}, condition: Complete`),
        );
      });
      expect(await kubectl('get cronjobs')).toMatch(
        /^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\ntick +@every 2s +<none> +False +\d +\d+s +\d+s$/,
      );
    });

    test('are run by hand', async () => {
      await kubectl('create job by-hand --from=cronjob/tick');
      await kubectl('wait job/by-hand --for=condition=complete --timeout=30s');
      const { metadata } = await jobNamed('by-hand');
      expect(metadata.annotations).toMatchObject({ 'cronjob.kubernetes.io/instantiate': 'manual' });
    });

    test('take their jobs with them', async () => {
      await kubectl('delete cronjob tick');
      await eventually(async () => expect(await kubectl('get jobs -o name')).not.toMatch(/tick-|by-hand/));
    });

    test('do nothing while they are suspended', async () => {
      await apply({
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'rest' },
        spec: {
          schedule: '* * * * *',
          timeZone: 'Europe/Berlin',
          suspend: true,
          jobTemplate: { spec: { template: template({}) } },
        },
      });
      expect(await kubectl('get cronjob rest --no-headers')).toMatch(
        /^rest +\* \* \* \* \* +Europe\/Berlin +True +0 +<none>/,
      );
    });
  });
});
