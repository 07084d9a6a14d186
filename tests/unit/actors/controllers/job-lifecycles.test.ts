// The lifecycles of jobs and cron jobs: every transition is walked, and no change that the API server lets through leaves
// them without a lawful name.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cronJobLifecycle } from '../../../../actors/controllers/cronjob/cronjob-machine.ts';
import { jobLifecycle } from '../../../../actors/controllers/job/job-machine.ts';
import { transitionOf } from '../../../../actors/kit/lifecycle.ts';
import type { KubeObject } from '../../../../streams/resources/meta.ts';
import { loose, transitionTable } from '../../../kit/transition-table.ts';

describe.each([
  ['job', jobLifecycle],
  ['cronjob', cronJobLifecycle],
])('%s', (_, { machine }) => {
  const table = transitionTable(machine);

  test('begins absent, ends gone, and every state in between has a way in and a way out', () => {
    expect(loose(table)).toEqual({ dead: ['Gone'], unreachable: ['Absent'] });
    expect(new Set(table.flatMap((line) => line.split(/ --.*--> /)))).toEqual(new Set(Object.keys(machine.states)));
  });

  test('every state can end', () => {
    for (const state of Object.keys(machine.states).filter((name) => name !== 'Absent' && name !== 'Gone'))
      expect(table.some((line) => line.startsWith(`${state} --`) && line.endsWith('.deleted--> Gone'))).toBe(true);
  });

  test('names its transitions alike', () => {
    expect(table).toMatchSnapshot();
  });
});

/** How far a job is: the API server lets nobody take back what was decided. */
const ends = [
  [],
  ['FailureTarget'],
  ['FailureTarget', 'Failed'],
  ['SuccessCriteriaMet'],
  ['SuccessCriteriaMet', 'Complete'],
];
const follows: Readonly<Record<number, readonly number[]>> = {
  0: [0, 1, 2, 3, 4],
  1: [1, 2],
  2: [2],
  3: [3, 4],
  4: [4],
};
const count = fc.constantFrom(undefined, 0, 1, 3);
const metadata = fc.record({
  name: fc.constant('work'),
  namespace: fc.constant('default'),
  uid: fc.constant('u1'),
  labels: fc.constantFrom({ app: 'web' }, { app: 'other' }),
});
const written = fc.record({
  metadata,
  spec: fc.record({
    parallelism: count,
    suspend: fc.constantFrom(undefined, true, false),
    schedule: fc.constantFrom('@daily', '@hourly'),
  }),
  status: fc.record({
    active: count,
    succeeded: count,
    failed: count,
    ready: count,
  }),
  going: fc.boolean(),
  end: fc.nat({ max: 4 }),
  jobs: fc.subarray(['a', 'b', 'c']),
});
type Written = typeof written extends fc.Arbitrary<infer T> ? T : never;

function jobOf({ metadata: meta, spec, status, going, end }: Written): KubeObject {
  const conditions = ends[end]?.map((type) => ({ type, status: 'True' }));
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...meta, ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : undefined) },
    ...{ spec, status: { ...status, conditions } },
  };
}

function cronJobOf(one: Written): KubeObject {
  return { ...jobOf(one), kind: 'CronJob', ...{ status: { active: one.jobs.map((uid) => ({ uid })) } } };
}

describe.each([
  ['job', jobLifecycle, jobOf],
  ['cronjob', cronJobLifecycle, cronJobOf],
] as const)('%s', (_, lifecycle, objectOf) => {
  test('every change that the API server lets through has a lawful name', () => {
    fc.assert(
      fc.property(written, written, (first, second) => {
        const before = objectOf(first);
        const end = follows[first.end]?.includes(second.end) === true ? second.end : first.end;
        const after = objectOf({ ...second, end, going: first.going || second.going });
        const from = lifecycle.stateOf(before);
        expect(transitionOf(lifecycle, { before, after, from })).not.toHaveProperty('anomaly');
        expect(transitionOf(lifecycle, { before, after: undefined, from })).not.toHaveProperty('anomaly');
        const fresh = { ...objectOf({ ...first, going: false }), status: undefined };
        expect(transitionOf(lifecycle, { before: undefined, after: fresh, from: null })).not.toHaveProperty('anomaly');
      }),
      { numRuns: 5_000 },
    );
  });
});
