// Pods with claims made from a template, in a whole cluster: every pod has one claim, and nothing is left of them when the
// pods are gone.

import { expect, test } from 'vitest';
import { controllerOf } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { allocatedFinalizer, podClaimAnnotation, type ResourceClaim } from '../../streams/resources/resource-claim.ts';
import { type SimulatedCluster, simulatedCluster } from '../kit/simulated-cluster.ts';

const second = 1_000;
const labels = { app: 'devices' };

function template(name: string) {
  const requests = [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }];
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaimTemplate',
    metadata: { name, namespace: 'default' },
    spec: { metadata: { labels }, spec: { devices: { requests } } },
  };
}

function replicaSet(replicas: number) {
  const spec = {
    containers: [{ name: 'c', image: 'app:1', resources: { claims: [{ name: 'gpu' }] } }],
    resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpus' }],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

const claimsOf = ({ view }: SimulatedCluster) => view.list<ResourceClaim>(resources.resourceClaims);
const podsOf = ({ view }: SimulatedCluster) => view.list<Pod>(resources.pods, { labels });

/** Each pod of the workload with the claim its status names, both ways. */
function paired(cluster: SimulatedCluster): void {
  const claims = new Map(claimsOf(cluster).map((claim) => [claim.metadata.name, claim]));
  for (const pod of podsOf(cluster)) {
    const [noted, ...more] = pod.status?.resourceClaimStatuses ?? [];
    expect([noted?.name, more]).toEqual(['gpu', []]);
    const claim = claims.get(noted?.resourceClaimName ?? '');
    expect(claim?.metadata.annotations?.[podClaimAnnotation]).toBe('gpu');
    expect(claim?.metadata.labels).toEqual(labels);
    expect(controllerOf(claim as ResourceClaim)?.uid).toBe(pod.metadata.uid);
  }
  expect(claims.size).toBe(podsOf(cluster).length);
}

test.each([1, 2, 3])('every pod has the claim its template makes, and leaves none behind (seed %i)', async (seed) => {
  const cluster = await simulatedCluster({ seed });
  await cluster.create(resources.replicaSets, replicaSet(6));
  await cluster.clock.advance(5 * second);
  expect(claimsOf(cluster)).toEqual([]);
  await cluster.create(resources.resourceClaimTemplates, template('gpus'));
  await cluster.clock.advance(5 * second);
  expect(podsOf(cluster)).toHaveLength(6);
  paired(cluster);

  const [first] = claimsOf(cluster);
  await cluster.writer.write(
    { kind: 'delete', resource: resources.resourceClaims, namespace: 'default', name: first?.metadata.name ?? '' },
    { user: 'test', agent: 'test', cause: null },
  );
  await cluster.clock.advance(5 * second);
  paired(cluster);

  await cluster.writer.write(
    { kind: 'delete', resource: resources.replicaSets, namespace: 'default', name: 'web' },
    { user: 'test', agent: 'test', cause: null },
  );
  await cluster.clock.advance(120 * second);
  expect([podsOf(cluster), claimsOf(cluster)]).toEqual([[], []]);
});

test('a claim that was allocated is reserved by the pods on their nodes, and free again after the last of them', async () => {
  const cluster = await simulatedCluster({ seed: 4 });
  const author = { user: 'test', agent: 'test', cause: null };
  const requests = [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }];
  const made = await cluster.create(resources.resourceClaims, {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: { name: 'shared', namespace: 'default', finalizers: [allocatedFinalizer] },
    spec: { devices: { requests } },
  });
  const results = [{ request: 'gpu', driver: 'example.com', pool: 'n', device: 'gpu-0' }];
  const object = { ...made, status: { allocation: { devices: { results } } } };
  const allocated = await cluster.writer.write(
    { kind: 'update', resource: resources.resourceClaims, subresource: 'status', object },
    author,
  );
  expect(allocated.kind).toBe('done');
  for (const name of ['a', 'b']) {
    await cluster.create(resources.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: {
        nodeName: 'node-1',
        containers: [{ name: 'c', image: 'app:1' }],
        resourceClaims: [{ name: 'gpu', resourceClaimName: 'shared' }],
      },
    });
  }
  const claim = () => claimsOf(cluster)[0];
  const users = () => claim()?.status?.reservedFor?.map(({ name }) => name);
  await cluster.clock.advance(5 * second);
  expect(users()?.sort()).toEqual(['a', 'b']);
  const remove = (name: string) =>
    cluster.writer.write({ kind: 'delete', resource: resources.pods, namespace: 'default', name }, author);
  await remove('a');
  await cluster.clock.advance(60 * second);
  expect(users()).toEqual(['b']);
  expect(claim()?.status?.allocation).toBeDefined();
  await remove('b');
  await cluster.clock.advance(60 * second);
  expect(claim()?.status ?? {}).toEqual({});
  expect(claim()?.metadata.finalizers).toBeUndefined();
});
