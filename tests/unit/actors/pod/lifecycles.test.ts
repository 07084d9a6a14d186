// The lifecycles of pods, containers, nodes and leases, walked from xstate's graph, and held against whatever a client
// may write: every object has a state the machine knows, and every change has a name.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { getShortestPaths } from 'xstate/graph';
import { type Lifecycle, stateName, transitionOf } from '../../../../actors/kit/lifecycle.ts';
import { leaseLifecycle } from '../../../../actors/node/lease-machine.ts';
import { nodeLifecycle } from '../../../../actors/node/node-machine.ts';
import { containerLifecycle, containerTransitions } from '../../../../actors/pod/container-machine.ts';
import { podLifecycle } from '../../../../actors/pod/pod-machine.ts';
import type { KubeObject } from '../../../../streams/resources/meta.ts';
import type { Pod } from '../../../../streams/resources/pod.ts';
import { loose, transitionTable } from '../../../kit/transition-table.ts';

const lifecycles = { pod: podLifecycle, container: containerLifecycle, node: nodeLifecycle, lease: leaseLifecycle };

describe.each(Object.entries(lifecycles))('the %s machine', (name, { machine }) => {
  const table = transitionTable(machine);

  test('begins absent, ends gone, and every state in between has a way in and a way out', () => {
    expect(loose(table)).toEqual({ dead: ['Gone'], unreachable: ['Absent'] });
  });

  test('reaches every state it has', () => {
    const paths = getShortestPaths(machine, { events: machine.events.map((type) => ({ type })) });
    const reached = new Set(paths.map(({ state }) => stateName(state.value)));
    expect(reached).toEqual(new Set(leaves(machine.config.states ?? {})));
  });

  test('can end from every state', () => {
    const ends = new Set(table.filter((line) => line.endsWith('--> Gone')).map((line) => line.split(' --')[0]));
    const living = leaves(machine.config.states ?? {}).filter((state) => state !== 'Absent' && state !== 'Gone');
    expect(ends).toEqual(new Set(living));
  });

  test('names its events after itself, in the past', () => {
    for (const event of machine.events) expect(event).toMatch(new RegExp(`^${name}\\.[a-zA-Z]+$`));
  });
});

describe.each([
  ['pod', podLifecycle, arbitraryPod()],
  ['node', nodeLifecycle, arbitraryNode()],
  ['lease', leaseLifecycle, arbitraryLease()],
] as const)('whatever a client writes of a %s', (_, lifecycle, objects) => {
  const states = new Set(leaves(lifecycle.machine.config.states ?? {}));

  test('has a state the machine knows', () => {
    fc.assert(
      fc.property(objects, (object) => {
        expect(states).toContain(lifecycle.stateOf(object));
      }),
    );
  });

  test('is a change with a name the machine knows', () => {
    fc.assert(
      fc.property(fc.option(objects, { nil: undefined }), fc.option(objects, { nil: undefined }), (before, after) => {
        if (before === undefined && after === undefined) return;
        expect(lifecycle.machine.events).toContain(named(lifecycle, before, after).type);
      }),
    );
  });

  test('is lawful where the state stays, unless a step of what is inside is not', () => {
    fc.assert(
      fc.property(objects, objects, (before, after) => {
        if (lifecycle.stateOf(before) !== lifecycle.stateOf(after)) return;
        const inner = (lifecycle as Lifecycle).innerAnomaly?.({ before, after });
        expect(named(lifecycle, before, after).anomaly).toBe(inner);
      }),
    );
  });
});

test('whatever a client writes about containers has names the machine knows', () => {
  fc.assert(
    fc.property(arbitraryPod(), arbitraryPod(), (before, after) => {
      for (const { type } of containerTransitions(before, after)) {
        expect(containerLifecycle.machine.events).toContain(type);
      }
    }),
  );
});

function named(lifecycle: Lifecycle, before: KubeObject | undefined, after: KubeObject | undefined) {
  return transitionOf(lifecycle, { before, after, from: before === undefined ? null : lifecycle.stateOf(before) });
}

type States = Readonly<Record<string, { readonly states?: unknown }>>;

function leaves(states: object, prefix = ''): string[] {
  return Object.entries(states as States).flatMap(([name, { states: inner }]) =>
    inner === undefined ? [`${prefix}${name}`] : leaves(inner as States, `${prefix}${name}.`),
  );
}

function arbitraryMeta() {
  return fc.record(
    {
      name: fc.constant('x'),
      uid: fc.constant('u'),
      labels: fc.option(fc.constantFrom({ a: '1' }, { a: '2' }), { nil: undefined }),
      deletionTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', undefined),
    },
    { requiredKeys: ['name', 'uid'] },
  );
}

function arbitraryConditions() {
  return fc.option(
    fc.array(
      fc.record({
        type: fc.constantFrom('Ready', 'PodScheduled', 'Initialized', 'DisruptionTarget', 'Other'),
        status: fc.constantFrom('True', 'False', 'Unknown', 'Nonsense'),
        reason: fc.constantFrom('Unschedulable', 'SchedulingGated', 'PreemptionByScheduler', undefined),
      }),
      { maxLength: 4 },
    ),
    { nil: undefined },
  );
}

function arbitraryPod(): fc.Arbitrary<Pod> {
  const terminated = fc.record({ terminated: fc.record({ exitCode: fc.constantFrom(0, 1, 137) }) });
  const state = fc.oneof(
    fc.constant({}),
    fc.constant({ running: {} }),
    terminated,
    fc.record({
      waiting: fc.record({
        reason: fc.constantFrom('ContainerCreating', 'ErrImagePull', 'ImagePullBackOff', 'CrashLoopBackOff', undefined),
      }),
    }),
  );
  const statuses = fc.option(
    fc.array(
      fc.record(
        {
          name: fc.constantFrom('a', 'b'),
          state,
          lastState: fc.oneof(fc.constant({}), terminated),
          ready: fc.boolean(),
          restartCount: fc.integer({ min: 0, max: 3 }),
        },
        { requiredKeys: ['name'] },
      ),
      { maxLength: 2 },
    ),
    { nil: undefined },
  );
  const status = fc.record(
    {
      phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown', 'Nonsense', ''),
      conditions: arbitraryConditions(),
      startTime: fc.constantFrom('2026-01-01T00:00:00Z', undefined),
      reason: fc.constantFrom('Evicted', undefined),
      nominatedNodeName: fc.constantFrom('n2', undefined),
      containerStatuses: statuses,
      initContainerStatuses: statuses,
    },
    { requiredKeys: [] },
  );
  const spec = fc.record({ nodeName: fc.constantFrom('n1', '', undefined), containers: fc.constant([]) });
  const pod = { apiVersion: fc.constant('v1'), kind: fc.constant('Pod'), metadata: arbitraryMeta(), spec, status };
  return fc.record(pod, { requiredKeys: ['apiVersion', 'kind', 'metadata', 'spec'] }) as unknown as fc.Arbitrary<Pod>;
}

function arbitraryNode(): fc.Arbitrary<KubeObject> {
  return fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Node'),
    metadata: arbitraryMeta(),
    spec: fc.record({
      unschedulable: fc.constantFrom(true, false, undefined),
      taints: fc.constantFrom(undefined, [], [{ key: 'k', effect: 'NoSchedule' }]),
    }),
    status: fc.record({ conditions: arbitraryConditions() }),
  }) as unknown as fc.Arbitrary<KubeObject>;
}

function arbitraryLease(): fc.Arbitrary<KubeObject> {
  const spec = fc.record({
    holderIdentity: fc.constantFrom('a', 'b', '', undefined),
    renewTime: fc.constantFrom('2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:01.000000Z'),
  });
  const lease = { apiVersion: fc.constant('v1'), kind: fc.constant('Lease'), metadata: arbitraryMeta(), spec };
  return fc.record(lease, { requiredKeys: ['apiVersion', 'kind', 'metadata'] }) as unknown as fc.Arbitrary<KubeObject>;
}
