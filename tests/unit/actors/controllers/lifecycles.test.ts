// The lifecycles of workloads and namespaces: every transition is walked, and no change a client can
// write leaves them without a lawful name.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { daemonSetLifecycle } from '../../../../actors/controllers/daemonset/daemon-set-machine.ts';
import { deploymentLifecycle } from '../../../../actors/controllers/deployment-machine.ts';
import { namespaceLifecycle } from '../../../../actors/controllers/namespace-machine.ts';
import {
  replicaSetLifecycle,
  replicationControllerLifecycle,
} from '../../../../actors/controllers/replicas-machine.ts';
import { statefulSetLifecycle } from '../../../../actors/controllers/statefulset/stateful-set-machine.ts';
import { type Lifecycle, transitionOf } from '../../../../actors/kit/lifecycle.ts';
import type { KubeObject } from '../../../../streams/resources/meta.ts';
import { loose, transitionTable } from '../../../kit/transition-table.ts';

describe.each([
  ['deployment', deploymentLifecycle],
  ['replicaset', replicaSetLifecycle],
  ['replicationcontroller', replicationControllerLifecycle],
  ['statefulset', statefulSetLifecycle],
  ['daemonset', daemonSetLifecycle],
  ['namespace', namespaceLifecycle],
])('%s', (_, { machine }) => {
  test('begins absent, ends gone, and every state in between has a way in and a way out', () => {
    const table = transitionTable(machine);
    expect(loose(table)).toEqual({ dead: ['Gone'], unreachable: ['Absent'] });
    const states = Object.keys(machine.states);
    expect(new Set(table.flatMap((line) => line.split(/ --.*--> /)))).toEqual(new Set(states));
  });

  test('every state can end', () => {
    const table = transitionTable(machine);
    for (const state of Object.keys(machine.states)) {
      if (state === 'Absent' || state === 'Gone') continue;
      expect(table.some((line) => line.startsWith(`${state} --`) && line.endsWith('.deleted--> Gone'))).toBe(true);
    }
  });

  test('names its transitions alike', () => {
    expect(transitionTable(machine)).toMatchSnapshot();
  });
});

const times = fc.constantFrom('2026-01-01T00:00:00Z', undefined);
const metadata = fc.record({
  name: fc.constant('web'),
  namespace: fc.constant('default'),
  uid: fc.constant('u1'),
  generation: fc.constantFrom(1, 2, 3, undefined),
  labels: fc.constantFrom({ app: 'web' }, { app: 'other' }),
  ownerReferences: fc.constantFrom(undefined, [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'd1', controller: true },
  ]),
  deletionTimestamp: times,
});
const count = fc.constantFrom(undefined, 0, 1, 3);
const template = fc
  .constantFrom('nginx:1', 'nginx:2')
  .map((image) => ({ spec: { containers: [{ name: 'c', image }] } }));
const condition = fc.record({
  type: fc.constantFrom('Progressing', 'ReplicaFailure', 'NamespaceContentRemaining'),
  status: fc.constantFrom('True', 'False', 'Unknown'),
  reason: fc.constantFrom('ProgressDeadlineExceeded', 'NewReplicaSetAvailable', 'FailedCreate'),
});
const status = fc.option(
  fc.record({
    observedGeneration: fc.constantFrom(undefined, 1, 2, 999),
    replicas: count,
    updatedReplicas: count,
    availableReplicas: count,
    desiredNumberScheduled: count,
    currentNumberScheduled: count,
    updatedNumberScheduled: count,
    numberAvailable: count,
    conditions: fc.option(fc.array(condition, { maxLength: 2 }), { nil: undefined }),
  }),
  { nil: undefined },
);
const paused = fc.constantFrom(undefined, true, false);
const finalizers = fc.constantFrom(undefined, [], ['kubernetes']);
const updateStrategy = fc.constantFrom(
  undefined,
  { type: 'OnDelete' },
  { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
);
const spec = fc.record({ replicas: count, template, paused, finalizers, minReadySeconds: count, updateStrategy });
const object = fc.record({ apiVersion: fc.constant('v1'), kind: fc.constant('X'), metadata, spec, status });

type Written = typeof object extends fc.Arbitrary<infer T> ? T : never;

describe.each([
  ['deployment', deploymentLifecycle],
  ['replicaset', replicaSetLifecycle],
  ['replicationcontroller', replicationControllerLifecycle],
  ['statefulset', statefulSetLifecycle],
  ['daemonset', daemonSetLifecycle],
  ['namespace', namespaceLifecycle],
] as [string, Lifecycle][])('%s', (_, lifecycle) => {
  test('every change that a client can write has a lawful name', () => {
    fc.assert(
      fc.property(object, object, (first, second) => {
        const before = first as unknown as KubeObject;
        const from = lifecycle.stateOf(before);
        // Nobody can take a deletion back.
        const after = kept(first, second) as unknown as KubeObject;
        expect(transitionOf(lifecycle, { before, after, from })).not.toHaveProperty('anomaly');
        expect(transitionOf(lifecycle, { before, after: undefined, from })).not.toHaveProperty('anomaly');
      }),
      { numRuns: 5_000 },
    );
  });

  test('every object the server creates begins lawfully', () => {
    fc.assert(
      fc.property(object, (written) => {
        const created = { ...written, metadata: { ...written.metadata, generation: 1, deletionTimestamp: undefined } };
        const after = { ...created, status: undefined } as unknown as KubeObject;
        expect(transitionOf(lifecycle, { before: undefined, after, from: null })).not.toHaveProperty('anomaly');
      }),
    );
  });
});

function kept(before: Written, after: Written): Written {
  const { deletionTimestamp } = before.metadata;
  return deletionTimestamp === undefined ? after : { ...after, metadata: { ...after.metadata, deletionTimestamp } };
}
