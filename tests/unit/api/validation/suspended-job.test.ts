// A job that rests may move its pods; what comes without any containers is refused, never a fault of the server.

import { expect, test } from 'vitest';
import { apiWorld } from '../../../kit/api-world.ts';

const jobs = '/apis/batch/v1/namespaces/default/jobs';

test('a suspended job is refused a replacement without containers, in words', async () => {
  const world = await apiWorld();
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } };
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' } };
  await world.ok(jobs, { method: 'POST', body: { ...job, spec: { suspend: true, template } } });
  await world.update(
    'jobs.batch',
    'j',
    (object) => ({
      ...object,
      status: { conditions: [{ type: 'Suspended', status: 'True' }] },
    }),
    { subresource: 'status' },
  );
  const refused = await world.refused(`${jobs}/j`, { method: 'PUT', body: job });
  expect(refused.code).toBe(422);
  expect(refused.message).toContain('spec.template');
});
