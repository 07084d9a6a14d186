// Priority and fairness at the front door: who is told to come back later, and what /metrics says of it.

import { describe, expect, test } from 'vitest';
import { FlowControl } from '../../../../infra/api/flow/flow-control.ts';
import { flowMetrics } from '../../../../infra/api/flow/flow-metrics.ts';
import { requestInfoOf } from '../../../../infra/api/http/request-info.ts';
import { Metrics } from '../../../../infra/metrics/metrics.ts';
import { apiWorld, type Body } from '../../../kit/api-world.ts';

const group = 'flowcontrol.apiserver.k8s.io';

function asked(path: string) {
  const outcome = requestInfoOf({ method: 'GET', path, query: new URLSearchParams() });
  if (outcome.kind !== 'info') throw new Error(outcome.message);
  return outcome.info;
}

const alice = { username: 'alice', groups: ['system:authenticated'] };
const admin = { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
const info = asked('/api/v1/namespaces/default/pods');

async function served(objects: readonly (readonly [resource: string, body: object])[], seats?: number) {
  const world = await apiWorld();
  for (const [resource, body] of objects) await world.create(`${resource}.${group}`, body as Body);
  const metrics = new Metrics();
  const { clock, stack } = world;
  const { view } = stack;
  const flow = new FlowControl({
    view,
    clock,
    metrics: flowMetrics(metrics),
    ...(seats === undefined ? {} : { seats }),
  });
  return { world, metrics, flow };
}

const rejecting = {
  metadata: { name: 'few' },
  spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } },
};
const forAlice = {
  metadata: { name: 'for-alice', uid: 'x' },
  spec: {
    matchingPrecedence: 500,
    priorityLevelConfiguration: { name: 'few' },
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'alice' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] }],
      },
    ],
  },
};

describe('without any objects', () => {
  test('the masters are exempt and everybody else shares the catch-all level', async () => {
    const { flow } = await served([], 2);
    const seats = Array.from({ length: 10 }, () => flow.enter({ user: admin, info }));
    expect(seats).toHaveLength(10);
    await flow.enter({ user: alice, info });
    await flow.enter({ user: alice, info });
    expect(() => flow.enter({ user: alice, info })).toThrow('too many requests, please try again later');
  });
});

describe('with a schema and a level of its own', () => {
  test('a user is held to the level’s seats, is told when to come back, and gets in once a seat is free', async () => {
    const { flow, metrics } = await served(
      [
        ['prioritylevelconfigurations', rejecting],
        ['flowschemas', forAlice],
      ],
      6,
    );
    const first = await flow.enter({ user: alice, info });
    let refused: unknown;
    try {
      await flow.enter({ user: alice, info });
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({ code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } });
    expect(first.headers['x-kubernetes-pf-flowschema-uid']).toMatch(/^[0-9a-f-]{36}$/);
    first.release();
    first.release();
    const again = await flow.enter({ user: alice, info });
    again.release();
    expect(metrics.render()).toContain(
      'apiserver_flowcontrol_rejected_requests_total{priority_level="few",flow_schema="for-alice",reason="concurrency-limit"} 1',
    );
    expect(metrics.render()).toContain('apiserver_flowcontrol_current_executing_requests{priority_level="few"} 0');
  });

  test('what the schema does not name is another level’s', async () => {
    const { flow } = await served(
      [
        ['prioritylevelconfigurations', rejecting],
        ['flowschemas', forAlice],
      ],
      6,
    );
    await flow.enter({ user: alice, info });
    expect(() => flow.enter({ user: alice, info: asked('/api/v1/namespaces/default/services') })).not.toThrow();
    expect(() => flow.enter({ user: { ...alice, username: 'bob' }, info })).not.toThrow();
  });
});
