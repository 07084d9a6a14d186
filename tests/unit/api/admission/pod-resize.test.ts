// A pod on a node is resized within what its node has.

import { expect, test } from 'vitest';
import { aPodBody } from '../../../kit/api-objects.ts';
import { apiWorld, type Body } from '../../../kit/api-world.ts';

test.each<[node: Body, requests: Body, reason: string | undefined, text: string]>([
  [{}, { cpu: '2', memory: '2Gi' }, undefined, ''],
  [
    {},
    { cpu: '5' },
    'NodeCapacity',
    "node didn't have enough allocatable resources: cpu, requested: 5000, allocatable: 4000",
  ],
  [
    {},
    { cpu: '5', memory: '9Gi' },
    'NodeCapacity',
    "node didn't have enough allocatable resources: cpu, requested: 5000, allocatable: 4000; memory, requested: 9663676416, allocatable: 8589934592",
  ],
  [
    { labels: { 'kubernetes.io/os': 'windows' } },
    { cpu: '2' },
    'UnsupportedPlatform',
    'pod resize is only supported on linux nodes, node "n" is "windows"',
  ],
])('on a node with %j to %j: %s %s', async (node, requests, reason, text) => {
  const world = await apiWorld();
  const capacity = { cpu: '4', memory: '8Gi', pods: '110' };
  await world.create('nodes', { metadata: { name: 'n', ...node }, status: { capacity, allocatable: capacity } });
  const resources = { requests: { cpu: '1', memory: '1Gi' } };
  await world.create('pods', aPodBody('a', { nodeName: 'n', containers: [{ name: 'c', image: 'x', resources }] }));
  const answer = await world.ask('/api/v1/namespaces/default/pods/a/resize', {
    method: 'PATCH',
    headers: { 'content-type': 'application/strategic-merge-patch+json' },
    body: { spec: { containers: [{ name: 'c', resources: { requests } }] } },
  });
  if (reason === undefined) expect(answer.status).toBe(200);
  else {
    expect(answer.json).toMatchObject({
      code: 403,
      message: `pods "a" is forbidden: ${text}`,
      details: { causes: [{ reason }] },
    });
  }
});
