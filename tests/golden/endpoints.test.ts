// The endpoints and endpoint slice controllers as tables: given a service and pods, when the service is looked at, then
// these endpoints. And how slices are packed, under random changes.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endpointSliceController } from '../../actors/controllers/endpoint-slice.ts';
import { endpointsPerSliceMax, pack } from '../../actors/controllers/endpoint-slice-packing.ts';
import { endpointsController } from '../../actors/controllers/endpoints.ts';
import type { Controller } from '../../actors/kit/controller.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { EndpointSlice, Endpoints, Service, SliceEndpoint } from '../../streams/resources/service.ts';
import { planOf, reconciled, worldOf } from '../kit/given-world.ts';
import { aNamespace, aNode, aPod, aService, at, meta, type PodTraits } from '../kit/workloads.ts';

const key = 'default/web';
const endpoints = endpointsController();
const slices = endpointSliceController();

function planned<T extends KubeObject>(controller: Controller, ...objects: KubeObject[]): T[] {
  const { writes } = planOf(controller, worldOf(...objects), { key });
  return writes.flatMap((write) => (write.kind === 'create' || write.kind === 'update' ? [write.object as T] : []));
}

function pod(name: string, traits: PodTraits = {}) {
  return aPod(name, { ip: `10.0.0.${name.charCodeAt(0) - 96}`, ...traits });
}

const target = (name: string) => ({ kind: 'Pod', namespace: 'default', name, uid: `uid-of-${name}` });

describe('endpoints', () => {
  test('are the ready pods, and apart from them those that are not', () => {
    expect(planned<Endpoints>(endpoints, aService('web'), pod('b'), pod('a'), pod('c', { unready: true }))).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: {
          name: 'web',
          namespace: 'default',
          labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
          annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': at(0) },
        },
        subsets: [
          {
            addresses: [
              { ip: '10.0.0.1', nodeName: 'node-1', targetRef: target('a') },
              { ip: '10.0.0.2', nodeName: 'node-1', targetRef: target('b') },
            ],
            notReadyAddresses: [{ ip: '10.0.0.3', nodeName: 'node-1', targetRef: target('c') }],
            ports: [{ port: 8080, protocol: 'TCP' }],
          },
        ],
      },
    ]);
  });

  test.each<[string, PodTraits]>([
    ['without an address', { ip: '' }],
    ['that is over', { phase: 'Succeeded' }],
    ['that is on its way out', { meta: { deletionTimestamp: at(0) } }],
    ['with other labels', { meta: { labels: { app: 'other' } } }],
  ])('leave out a pod %s', (_, traits) => {
    expect(planned<Endpoints>(endpoints, aService('web'), pod('a', traits))[0]?.subsets).toBeUndefined();
  });

  test('are all ready where the service publishes them all', () => {
    const service = aService('web', { publishNotReadyAddresses: true });
    const [made] = planned<Endpoints>(endpoints, service, pod('a', { unready: true }));
    expect(made?.subsets?.[0]?.addresses?.length).toBe(1);
  });

  test('have a subset for each way a named port is resolved', () => {
    const service = aService('web', {
      ports: [
        { name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' },
        { name: 'metrics', port: 9, targetPort: 'none', protocol: 'TCP' },
      ],
    });
    const listening = (containerPort: number) => ({
      spec: { containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort }] }] },
    });
    const [made] = planned<Endpoints>(endpoints, service, pod('a', listening(80)), pod('b', listening(81)), pod('c'));
    expect(made?.subsets?.map(({ ports, addresses }) => [ports, addresses?.map(({ ip }) => ip)])).toEqual([
      [[{ name: 'http', port: 80, protocol: 'TCP' }], ['10.0.0.1']],
      [[{ name: 'http', port: 81, protocol: 'TCP' }], ['10.0.0.2']],
    ]);
  });

  test('of a headless service without ports have none', () => {
    const [made] = planned<Endpoints>(endpoints, aService('web', { clusterIP: 'None', ports: [] }), pod('a'));
    expect(made?.metadata.labels).toHaveProperty(['service.kubernetes.io/headless'], '');
    expect(made?.subsets).toEqual([{ addresses: [{ ip: '10.0.0.1', nodeName: 'node-1', targetRef: target('a') }] }]);
  });

  test('are told of once: what is as it should be is not written again', () => {
    const objects = [aService('web'), pod('a')];
    const [made] = planned<Endpoints>(endpoints, ...objects);
    if (made === undefined) throw new Error('nothing was planned');
    const current = { ...made, metadata: meta('web', made.metadata) };
    expect(reconciled(endpoints, worldOf(...objects, current), { key })).toEqual([]);
    const [line] = reconciled(endpoints, worldOf(...objects, pod('b'), current), { key });
    expect(line).toMatch(/^update endpoints web: subsets /);
  });

  test('go with their service, but not those somebody else has made', () => {
    const ours = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: meta('web', { labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } }),
    };
    expect(reconciled(endpoints, worldOf(ours), { key })).toEqual(['delete endpoints web']);
    expect(reconciled(endpoints, worldOf({ ...ours, metadata: meta('web') }), { key })).toEqual([]);
  });

  test('of a service without a selector are left to others', () => {
    const { selector: _, ...spec } = aService('web').spec;
    expect(planned(endpoints, { ...aService('web'), spec } as Service, pod('a'))).toEqual([]);
  });

  test('hold a thousand addresses and say so where there are more', () => {
    const pods = Array.from({ length: 1_001 }, (_, i) =>
      aPod(`p${i}`, { ip: `10.1.${i >> 8}.${i & 255}`, unready: i < 5 }),
    );
    const [made] = planned<Endpoints>(endpoints, aService('web'), ...pods);
    expect(made?.subsets?.[0]?.addresses?.length).toBe(996);
    expect(made?.subsets?.[0]?.notReadyAddresses?.length).toBe(4);
    expect(made?.metadata.annotations).toMatchObject({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
  });
});

test('a service that is only a name gets no endpoints', () => {
  expect(planned(endpoints, aService('web', { type: 'ExternalName' }), pod('a'))).toEqual([]);
});

describe('slices', () => {
  test('say of each pod whether it is ready, serves, or is about to end, and where it is', () => {
    const objects = [
      aService('web', { meta: { labels: { team: 'a' } } }),
      aNode('node-1', { labels: { 'topology.kubernetes.io/zone': 'z1' } }),
      pod('a'),
      pod('b', { unready: true }),
      pod('c', { meta: { deletionTimestamp: at(0) } }),
    ];
    const [made, ...more] = planned<EndpointSlice>(slices, ...objects);
    expect(more).toEqual([]);
    expect(made).toMatchObject({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: expect.stringMatching(/^web-[a-z0-9]{5}$/),
        generateName: 'web-',
        labels: {
          team: 'a',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ kind: 'Service', name: 'web', controller: true, blockOwnerDeletion: true }],
      },
      addressType: 'IPv4',
      ports: [{ port: 8080, protocol: 'TCP' }],
    });
    const facts = made?.endpoints.map(({ addresses, conditions, zone, nodeName, targetRef }) => [
      addresses[0],
      conditions,
      zone,
      nodeName,
      targetRef?.name,
    ]);
    expect(facts).toEqual([
      ['10.0.0.1', { ready: true, serving: true, terminating: false }, 'z1', 'node-1', 'a'],
      ['10.0.0.2', { ready: false, serving: false, terminating: false }, 'z1', 'node-1', 'b'],
      ['10.0.0.3', { ready: false, serving: true, terminating: true }, 'z1', 'node-1', 'c'],
    ]);
  });

  test('name the host of a pod that has a name below the service', () => {
    const named = pod('a', { spec: { hostname: 'a-0', subdomain: 'web' } });
    const [made] = planned<EndpointSlice>(slices, aService('web', { clusterIP: 'None' }), named);
    expect(made?.endpoints[0]?.hostname).toBe('a-0');
  });

  test('of a service without pods are one empty slice', () => {
    expect(planned<EndpointSlice>(slices, aService('web'))).toMatchObject([{ endpoints: [], ports: [] }]);
  });

  test('come in the families the service has', () => {
    const both = pod('a');
    const dual = { ...both, status: { ...both.status, podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] } };
    const made = planned<EndpointSlice>(slices, aService('web', { ipFamilies: ['IPv6', 'IPv4'] }), dual);
    expect(made.map(({ addressType, endpoints }) => [addressType, endpoints[0]?.addresses])).toEqual([
      ['IPv6', ['fd00::1']],
      ['IPv4', ['10.0.0.1']],
    ]);
  });

  test('are left as they are where nothing has changed, and emptied rather than replaced where pods go', () => {
    const objects = [aService('web'), pod('a'), pod('b')];
    const [made] = planned<EndpointSlice>(slices, ...objects);
    if (made === undefined) throw new Error('nothing was planned');
    const current = { ...made, metadata: meta(made.metadata.name, made.metadata) };
    expect(reconciled(slices, worldOf(...objects, current), { key })).toEqual([]);
    // As the API server keeps it: a port without a name has an empty one.
    const ports = made?.ports?.map((port) => ({ name: '', ...port }));
    const kept = { ...current, ports };
    expect(reconciled(slices, worldOf(...objects, kept), { key })).toEqual([]);
    const [line] = reconciled(slices, worldOf(...objects.slice(0, 2), current), { key });
    expect(line).toMatch(/^update endpointslices web-[a-z0-9]{5}: endpoints /);
  });

  test('are not made in a namespace that is going away', () => {
    const ending = aNamespace('default', { meta: { deletionTimestamp: at(0) } });
    expect(planned(slices, ending, aService('web'), pod('a'))).toEqual([]);
  });

  test('of a service that has become a name go', () => {
    const [made] = planned<EndpointSlice>(slices, aService('web'), pod('a'));
    if (made === undefined) throw new Error('nothing was planned');
    const current = { ...made, metadata: meta(made.metadata.name, made.metadata) };
    expect(reconciled(slices, worldOf(aService('web', { type: 'ExternalName' }), current), { key })).toEqual([
      `delete endpointslices ${made.metadata.name}`,
    ]);
  });
});

describe('packing', () => {
  const endpoint = (id: number, ready = true): SliceEndpoint => ({
    addresses: [`10.0.${id >> 8}.${id & 255}`],
    conditions: { ready },
    targetRef: { uid: `u${id}` },
  });
  const wanted = (ids: Iterable<number>, ready?: boolean) => ({
    ports: [],
    endpoints: new Map([...ids].map((id) => [`u${id}`, endpoint(id, ready)])),
  });
  let made = 0;
  const slice = (contents: readonly SliceEndpoint[]): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: meta(`s${made++}`),
    addressType: 'IPv4',
    endpoints: contents,
  });

  /** The slices after a packing. */
  function packed(slices: readonly EndpointSlice[], ids: Iterable<number>): EndpointSlice[] {
    const { changed, emptied, added } = pack(slices, wanted(ids));
    const kept = slices.filter((one) => !emptied.includes(one));
    return [...kept.map((one) => ({ ...one, endpoints: changed.get(one) ?? one.endpoints })), ...added.map(slice)];
  }

  test('has every endpoint once, at most a hundred in a slice, and repeats nothing when all is well', () => {
    const ids = fc.uniqueArray(fc.nat({ max: 400 }), { maxLength: 350 });
    fc.assert(
      fc.property(fc.array(ids, { minLength: 1, maxLength: 5 }), (rounds) => {
        let slices: EndpointSlice[] = [];
        for (const round of rounds) {
          slices = packed(slices, round);
          const held = slices.flatMap(({ endpoints }) => endpoints.map(({ targetRef }) => targetRef?.uid));
          expect(held.toSorted()).toEqual(round.map((id) => `u${id}`).toSorted());
          expect(
            slices.every(({ endpoints }) => endpoints.length > 0 && endpoints.length <= endpointsPerSliceMax),
          ).toBe(true);
          const again = pack(slices, wanted(round));
          expect([again.changed.size, again.emptied.length, again.added.length]).toEqual([0, 0, 0]);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('touches one slice where one endpoint changes', () => {
    const slices = packed(
      [],
      Array.from({ length: 250 }, (_, id) => id),
    );
    const fresh = wanted(Array.from({ length: 250 }, (_, id) => id));
    const changedOne = { ...fresh, endpoints: new Map(fresh.endpoints).set('u7', endpoint(7, false)) };
    expect(pack(slices, changedOne).changed.size).toBe(1);
  });

  test('puts a new endpoint where another one goes', () => {
    const slices = packed(
      [],
      Array.from({ length: 200 }, (_, id) => id),
    );
    const { changed, added } = pack(slices, wanted(Array.from({ length: 200 }, (_, id) => (id === 150 ? 999 : id))));
    expect([changed.size, added.length]).toEqual([1, 0]);
  });
});
