// Endpoints in a whole cluster: what somebody writes by hand is mirrored, what pods make follows them, and once all is
// told nothing is told again, whatever the API server fills in.

import { expect, test } from 'vitest';
import type { EndpointSlice, Endpoints, Service } from '../../streams/resources/service.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { aDeployment, type aNode, aService, meta } from '../kit/workloads.ts';

const slicesOf = (cluster: LiveCluster, service: string) =>
  cluster
    .list<EndpointSlice>('EndpointSlice', 'default')
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service);

const addresses = (slices: readonly EndpointSlice[]) =>
  slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap((endpoint) => endpoint.addresses)).sort();

/** Once all have heard of the last change, nothing about endpoints is written while a minute passes. */
async function atRest(cluster: LiveCluster): Promise<void> {
  await cluster.pass(2);
  const written: string[] = [];
  const stop = cluster.view.listen(({ ref, event }) => {
    if (ref.resource === 'endpoints' || ref.resource === 'endpointslices') written.push(`${event.type} ${ref.name}`);
  });
  await cluster.pass(60);
  stop();
  expect(written).toEqual([]);
}

async function finished(cluster: LiveCluster): Promise<void> {
  await cluster.stop();
  expect(cluster.anomalies).toEqual([]);
  expect(cluster.complaints).toEqual([]);
}

test('Endpoints written by hand are mirrored, changed and taken away again', async () => {
  const cluster = await LiveCluster.start({ seed: 11 });
  const { selector: _, ...spec } = aService('db').spec;
  await cluster.create({ ...aService('db'), spec } as Service);
  const handmade: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: meta('db', { labels: { tier: 'data' } }),
    subsets: [{ addresses: [{ ip: '10.9.0.1' }, { ip: '10.9.0.2' }], ports: [{ port: 5432 }] }],
  };
  await cluster.create(handmade);
  await cluster.until('it is mirrored', () => slicesOf(cluster, 'db').length === 1);
  const [slice] = slicesOf(cluster, 'db');
  expect(slice).toMatchObject({
    metadata: { labels: { tier: 'data' }, ownerReferences: [{ kind: 'Endpoints', name: 'db' }] },
    ports: [{ port: 5432, protocol: 'TCP' }],
  });
  expect(addresses(slicesOf(cluster, 'db'))).toEqual(['10.9.0.1', '10.9.0.2']);
  await atRest(cluster);
  await cluster.change<Endpoints>('Endpoints', 'db', (endpoints) => ({
    ...endpoints,
    subsets: [{ addresses: [{ ip: '10.9.0.3' }], ports: [{ name: 'sql', port: 5433 }] }],
  }));
  await cluster.until('it follows', () => addresses(slicesOf(cluster, 'db')).join() === '10.9.0.3');
  expect(slicesOf(cluster, 'db').map(({ metadata }) => metadata.name)).toEqual([slice?.metadata.name]);
  await atRest(cluster);
  await cluster.remove('Service', 'db');
  await cluster.until('it is gone', () => slicesOf(cluster, 'db').length === 0);
  await finished(cluster);
});

test('slices hint at where pods are near, and rest once all is told', async () => {
  const cluster = await LiveCluster.start({ seed: 12 });
  const labels = { 'topology.kubernetes.io/zone': 'z1' };
  for (const node of ['node-1', 'node-2', 'node-3']) {
    await cluster.change('Node', node, (object: ReturnType<typeof aNode>) => ({
      ...object,
      metadata: { ...object.metadata, labels },
    }));
  }
  const service = aService('web');
  await cluster.create({ ...service, spec: { ...service.spec, trafficDistribution: 'PreferSameNode' } } as Service);
  await cluster.create(aDeployment());
  const ready = () =>
    slicesOf(cluster, 'web').flatMap(({ endpoints }) => (endpoints ?? []).filter((one) => one.conditions?.ready));
  await cluster.until('its endpoints are ready', () => ready().length === 3);
  for (const { hints, nodeName } of ready()) {
    expect(hints).toEqual({ forZones: [{ name: 'z1' }], forNodes: [{ name: nodeName }] });
  }
  await atRest(cluster);
  await finished(cluster);
});
