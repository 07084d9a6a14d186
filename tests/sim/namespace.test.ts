// A namespace with all sorts of things in it is deleted in a whole cluster, and the things a namespace is born with.

import { expect, test } from 'vitest';
import type { Namespace } from '../../streams/resources/config.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { EndpointSlice, Endpoints } from '../../streams/resources/service.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { aConfigMap, aDeployment, aNamespace, aService } from '../kit/workloads.ts';

const place = { namespace: 'shop' };

async function furnished(): Promise<LiveCluster> {
  const cluster = await LiveCluster.start({ seed: 4 });
  await cluster.create(aNamespace('shop'));
  await cluster.pass(1);
  await cluster.create(aDeployment({ meta: place, replicas: 4 }));
  await cluster.create(aService('web', { meta: place }));
  await cluster.create(aConfigMap('held', { ...place, finalizers: ['example.com/hold'] }));
  const ready = () =>
    cluster
      .list<EndpointSlice>('EndpointSlice', 'shop')
      .flatMap(({ endpoints }) => endpoints)
      .filter(({ conditions }) => conditions?.ready);
  const addresses = () => cluster.list<Endpoints>('Endpoints', 'shop')[0]?.subsets?.[0]?.addresses ?? [];
  await cluster.until('the service has its endpoints', () => ready().length === 4 && addresses().length === 4);
  return cluster;
}

test('a namespace is born with a service account and the CA', async () => {
  const cluster = await furnished();
  expect(cluster.list('ServiceAccount', 'shop').map(({ metadata }) => metadata.name)).toEqual(['default']);
  expect(cluster.list('ConfigMap', 'shop').map(({ metadata }) => metadata.name)).toEqual(['held', 'kube-root-ca.crt']);
  const [endpoints] = cluster.list<Endpoints>('Endpoints', 'shop');
  expect(endpoints?.subsets?.[0]?.addresses?.length).toBe(4);
  await cluster.stop();
  expect([cluster.anomalies, cluster.complaints]).toEqual([[], []]);
});

test('a namespace is emptied, pods first, held by what others hold, and then gone', async () => {
  const cluster = await furnished();
  const order: string[] = [];
  cluster.view.listen(({ type, ref }) => {
    if (type === 'DELETED' && ref.namespace === 'shop' && ref.resource !== 'events') order.push(ref.resource);
  });
  await cluster.remove('Namespace', 'shop');
  const remaining = () => {
    const conditions = cluster.get<Namespace>('Namespace', 'shop')?.status?.conditions ?? [];
    return conditions.find(({ type }) => type === 'NamespaceContentRemaining')?.message;
  };
  const held = 'Some resources are remaining: configmaps. has 1 resource instances';
  await cluster.until('only what is held is left', () => remaining() === held, 60);
  expect(order.lastIndexOf('pods')).toBeLessThan(order.indexOf('services'));
  expect(cluster.list<Pod>('Pod', 'shop')).toEqual([]);
  expect(cluster.get<Namespace>('Namespace', 'shop')?.status?.phase).toBe('Terminating');
  await cluster.change('ConfigMap', 'shop/held', ({ metadata: { finalizers: _, ...metadata }, ...object }) => ({
    ...object,
    metadata,
  }));
  await cluster.until('it is gone', () => cluster.get('Namespace', 'shop') === undefined, 20);
  for (const resource of cluster.view.resources())
    expect(cluster.view.list(resource, { namespace: 'shop' })).toEqual([]);
  await cluster.stop();
  expect([cluster.anomalies, cluster.complaints]).toEqual([[], []]);
});
