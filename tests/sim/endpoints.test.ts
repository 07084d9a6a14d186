// Endpoints in a whole cluster: what somebody writes by hand is mirrored, what pods make follows them, and once all is
// told nothing is told again, whatever the API server fills in.

import { expect, test } from 'vitest';
import type { Node } from '../../streams/resources/node.ts';
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

/** Puts a node into a zone, with so many CPUs. */
async function placeNode(cluster: LiveCluster, name: string, zone: string, cpu?: string): Promise<void> {
  await cluster.change<Node>('Node', name, (node) => ({
    ...node,
    metadata: { ...node.metadata, labels: { 'topology.kubernetes.io/zone': zone } },
  }));
  if (cpu !== undefined)
    await cluster.change<Node>(
      'Node',
      name,
      (node) => ({ ...node, status: { ...node.status, allocatable: { cpu } } }),
      'status',
    );
}

const endpointsOf = (cluster: LiveCluster) => slicesOf(cluster, 'web').flatMap(({ endpoints }) => endpoints ?? []);

test('slices follow a node that is told its zone late', async () => {
  const cluster = await LiveCluster.start({ seed: 13 });
  await cluster.create(aService('web'));
  await cluster.create(aDeployment());
  await cluster.until('there are endpoints', () => endpointsOf(cluster).length === 3);
  await atRest(cluster);
  expect(endpointsOf(cluster).map(({ zone }) => zone)).toEqual([undefined, undefined, undefined]);
  for (const [i, name] of ['node-1', 'node-2', 'node-3'].entries()) await placeNode(cluster, name, `z${i}`);
  await cluster.pass(2);
  expect(endpointsOf(cluster).map(({ zone, nodeName }) => `${nodeName} ${zone}`)).toEqual(
    endpointsOf(cluster).map(({ nodeName }) => `${nodeName} z${Number(nodeName?.slice(5)) - 1}`),
  );
  await atRest(cluster);
  await finished(cluster);
});

test('zones are dealt endpoints by their size, as long as that can be done and is wished', async () => {
  const cluster = await LiveCluster.start({ seed: 14 });
  for (const [i, name] of ['node-1', 'node-2', 'node-3'].entries()) await placeNode(cluster, name, `z${i % 2}`, '4');
  const annotations = { 'service.kubernetes.io/topology-mode': 'Auto' };
  await cluster.create({ ...aService('web'), metadata: { ...aService('web').metadata, annotations } });
  await cluster.create(aDeployment({ replicas: 6 }));
  const hinted = () =>
    endpointsOf(cluster)
      .flatMap(({ hints }) => hints?.forZones ?? [])
      .map(({ name }) => name)
      .sort();
  await cluster.until('its endpoints are ready', () => hinted().length === 6);
  expect(hinted()).toEqual(['z0', 'z0', 'z0', 'z0', 'z1', 'z1']);
  await atRest(cluster);
  const told = () => cluster.notes().filter((note) => note.startsWith('TopologyAwareHints'));
  expect(told()).toContain('TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4');
  // The zones change places in size, which slices follow without a pod having changed.
  for (const [i, name] of ['node-1', 'node-2', 'node-3'].entries())
    await placeNode(cluster, name, `z${i % 2}`, i === 1 ? '16' : '4');
  await cluster.until('they follow', () => hinted().filter((zone) => zone === 'z1').length === 4);
  await atRest(cluster);
  await placeNode(cluster, 'node-2', 'z0');
  await cluster.until('one zone is none', () => hinted().length === 0);
  expect(told()).toContain(
    'TopologyAwareHintsDisabled: Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4',
  );
  await atRest(cluster);
  await finished(cluster);
});
