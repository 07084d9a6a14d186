// The network of services in a whole cluster: networks come and go, and addresses are mended whatever happens to them.

import { expect, test } from 'vitest';
import type { Service } from '../../streams/resources/service.ts';
import { type IpAddress, ipAddressOf, type ServiceCidr } from '../../streams/resources/service-network.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { aService, meta } from '../kit/workloads.ts';

function aCidr(name: string, cidr: string): ServiceCidr {
  const { namespace: _, ...metadata } = meta(name);
  return { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata, spec: { cidrs: [cidr] } };
}

function readiness(cluster: LiveCluster, name: string): string | undefined {
  const conditions = cluster.get<ServiceCidr>('ServiceCIDR', name)?.status?.conditions ?? [];
  return conditions.find(({ type }) => type === 'Ready')?.status;
}

test('a network is ready at once, holds out for its addresses, and goes ten seconds after the last one', async () => {
  const cluster = await LiveCluster.start({ seed: 1 });
  await cluster.create(aCidr('more', '10.200.0.0/24'));
  await cluster.until('it is ready', () => readiness(cluster, 'more') === 'True', 5);
  await cluster.create(aService('web', { clusterIP: '10.200.0.7', clusterIPs: ['10.200.0.7'] }));
  await cluster.remove('ServiceCIDR', 'more');
  await cluster.until('it says that it waits', () => readiness(cluster, 'more') === 'False', 5);
  await cluster.pass(30);
  expect(cluster.get('ServiceCIDR', 'more')).toBeDefined();
  await cluster.remove('Service', 'web');
  await cluster.until('it is gone', () => cluster.get('ServiceCIDR', 'more') === undefined, 15);
  await cluster.stop();
  expect([cluster.anomalies, cluster.complaints]).toEqual([[], []]);
});

test('an address somebody removes comes back, and one without a service goes', async () => {
  const cluster = await LiveCluster.start({ seed: 2 });
  await cluster.create(aService('web', { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'] }));
  await cluster.remove('IPAddress', '10.96.0.7');
  const parent = (name: string) => cluster.get<IpAddress>('IPAddress', name)?.spec?.parentRef?.name;
  await cluster.until('it is back', () => parent('10.96.0.7') === 'web', 5);
  const orphan = ipAddressOf('10.96.0.99', { namespace: 'default', name: 'never' });
  await cluster.create({
    ...orphan,
    metadata: { ...meta('10.96.0.99'), namespace: '', labels: orphan.metadata.labels },
  } as IpAddress);
  await cluster.pass(50);
  expect(parent('10.96.0.99')).toBe('never');
  await cluster.until('the orphan is gone', () => cluster.get('IPAddress', '10.96.0.99') === undefined, 15);
  expect(cluster.get<Service>('Service', 'web')?.spec.clusterIP).toBe('10.96.0.7');
  await cluster.stop();
  expect([cluster.anomalies, cluster.complaints]).toEqual([[], []]);
});
