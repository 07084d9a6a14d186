// What `/shiplog/v1/scheduling` tells of a decision, and to whom.

import { expect, test } from 'vitest';
import type { Explanation } from '../../../actors/scheduler/explanation.ts';
import type { Authorizer } from '../../../infra/api/auth/authorize.ts';
import { type SchedulingAnswer, schedulingPath } from '../../../infra/boot/scheduling-path.ts';
import { worldOf } from '../../kit/given-world.ts';
import { ownPathCall } from '../../kit/own-path-call.ts';
import { aPod } from '../../kit/pods.ts';

const victims = ['default/small', 'default/tiny', 'secret-project/payroll'];

const explanation: Explanation = {
  namespace: 'default',
  name: 'big',
  uid: 'uid-of-big',
  decision: {
    namespace: 'default',
    name: 'big',
    uid: 'uid-of-big',
    at: '2026-01-01T00:00:00.000Z',
    nodes: 1,
    examined: 1,
    feasible: 0,
    verdicts: [],
    scores: [],
    weights: {},
    preemption: { node: 'node-1', victims },
  },
};

/** Allows what is asked about these pods: `namespace/name`, or `namespace/*`. */
function allowing(...allowed: readonly string[]): Authorizer {
  return {
    authorize({ request: { namespace, name, verb } }) {
      const may = verb === 'get' && (allowed.includes(`${namespace}/*`) || allowed.includes(`${namespace}/${name}`));
      return { kind: may ? 'allowed' : 'denied', reason: '' };
    },
    rulesFor: () => ({ rules: [], incomplete: false }),
  };
}

async function asked(authorizer: Authorizer): Promise<SchedulingAnswer> {
  const path = schedulingPath({
    scheduler: () => ({ explain: () => explanation }),
    leader: () => '',
    view: worldOf(aPod({ name: 'big', uid: 'uid-of-big' })),
    authorizer,
  });
  const rest = ['namespaces', 'default', 'pods', 'big'];
  let text = '';
  const call = ownPathCall({ method: 'GET', path: `/shiplog/v1/scheduling/${rest.join('/')}` }, (body) => {
    text = body;
  });
  await path(call, rest);
  return JSON.parse(text);
}

test.each([
  ['default/*', ['default/small', 'default/tiny'], 1],
  ['default/big', [], 3],
  ['secret-project/*', ['secret-project/payroll'], 2],
])('whoever may get %s is told of the victims %j, and of %i more', async (allowed, named, others) => {
  const { decision } = await asked(allowing('default/big', allowed));
  expect(decision?.preemption).toEqual({ node: 'node-1', victims: named, others });
});

test('whoever may not get the pod is told nothing', async () => {
  await expect(asked(allowing('secret-project/*'))).rejects.toThrow('pods "big" is forbidden: User "a" cannot get');
});
