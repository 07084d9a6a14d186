// The controllers of the services' network as tables: ServiceCIDRs, and the IPAddress of every address.

import { describe, expect, test } from 'vitest';
import { ipAddressController } from '../../actors/controllers/ip-addresses.ts';
import { serviceCidrController, serviceCidrFinalizer } from '../../actors/controllers/service-cidr.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { type IpAddress, ipAddressOf, type ServiceCidr } from '../../streams/resources/service-network.ts';
import { reconciled, type When, worldOf } from '../kit/given-world.ts';
import { aService, at, atMs, type Meta, meta } from '../kit/workloads.ts';

function aCidr(name: string, cidr: string, change: Meta = {}, status?: ServiceCidr['status']): ServiceCidr {
  const { namespace: _, ...metadata } = meta(name, { finalizers: [serviceCidrFinalizer], ...change });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata,
    spec: { cidrs: [cidr] },
    ...(status && { status }),
  };
}

function anAddress(address: string, service = 'web'): IpAddress {
  const made = ipAddressOf(address, { namespace: 'default', name: service });
  const { namespace: _, ...metadata } = meta(address, { labels: made.metadata.labels });
  return { ...made, metadata };
}

describe('a ServiceCIDR', () => {
  const controller = serviceCidrController();
  const when = (objects: readonly KubeObject[], change: Partial<When> = {}) =>
    reconciled(controller, worldOf(...objects), { key: 'a', ...change });
  const leaving = { deletionTimestamp: at(0) };
  const ready = {
    conditions: [{ type: 'Ready', status: 'True' as const, reason: '', message: 'Kubernetes Service CIDR is ready' }],
  };

  test('gets its finalizer first, and then says that it is ready', () => {
    expect(when([aCidr('a', '10.0.0.0/24', { finalizers: [] })])).toEqual([
      `update servicecidrs a: metadata.finalizers [] → ["${serviceCidrFinalizer}"]`,
    ]);
    expect(when([aCidr('a', '10.0.0.0/24')])[0]).toContain('"message":"Kubernetes Service CIDR is ready"');
    expect(when([aCidr('a', '10.0.0.0/24', {}, ready)])).toEqual([]);
  });

  test('that is to go waits for its addresses', () => {
    const lines = when([aCidr('a', '10.0.0.0/24', leaving, ready), anAddress('10.0.0.7')]);
    expect(lines).toEqual(['update servicecidrs/status a: Ready=False(Terminating)']);
  });

  test.each<[what: string, objects: readonly KubeObject[]]>([
    ['without addresses', []],
    ['with addresses of another network', [anAddress('10.0.1.7')]],
    ['within a larger one', [anAddress('10.0.0.7'), aCidr('b', '10.0.0.0/16')]],
    ['beside one with the same addresses', [anAddress('10.0.0.7'), aCidr('b', '10.0.0.0/29')]],
  ])('that is to go, %s, goes after ten seconds', (_, objects) => {
    const all = [aCidr('a', '10.0.0.0/24', leaving, ready), ...objects];
    expect(when(all, { nowMs: atMs(4) })).toEqual(['again after 6000 ms']);
    expect(when(all, { nowMs: atMs(10) })).toEqual([
      `update servicecidrs a: metadata.finalizers ["${serviceCidrFinalizer}"] → none`,
    ]);
  });
});

describe('an address', () => {
  const controller = ipAddressController();
  const when = (key: string, objects: readonly KubeObject[], change: Partial<When> = {}) =>
    reconciled(controller, worldOf(...objects), { key, ...change });
  const web = aService('web', { clusterIPs: ['10.96.0.7', '2001:DB8::1'] });

  test('of a service without its object gets it, in its one spelling', () => {
    expect(when('service/default/web', [web, anAddress('10.96.0.7')])).toEqual(['create ipaddresses 2001:db8::1']);
    expect(when('service/default/web', [web, anAddress('10.96.0.7'), anAddress('2001:db8::1')])).toEqual([]);
  });

  test('of a headless service or a name is none', () => {
    expect(when('service/default/web', [aService('web', { clusterIP: 'None', clusterIPs: ['None'] })])).toEqual([]);
    expect(when('service/default/web', [aService('web', { type: 'ExternalName', externalName: 'x' })])).toEqual([]);
  });

  test('that its service does not have goes, not before its service had time to come', () => {
    const key = 'address/10.96.0.9';
    expect(when(key, [web, anAddress('10.96.0.9')], { nowMs: atMs(20) })).toEqual(['again after 40000 ms']);
    expect(when(key, [web, anAddress('10.96.0.9')], { nowMs: atMs(60) })).toEqual(['delete ipaddresses 10.96.0.9']);
    expect(when(key, [anAddress('10.96.0.9', 'gone')], { nowMs: atMs(60) })).toEqual(['delete ipaddresses 10.96.0.9']);
    expect(when('address/10.96.0.7', [web, anAddress('10.96.0.7')], { nowMs: atMs(60) })).toEqual([]);
  });

  test('somebody else has made stays', () => {
    const { labels: _, ...metadata } = anAddress('10.96.0.9').metadata;
    expect(when('address/10.96.0.9', [{ ...anAddress('10.96.0.9'), metadata }], { nowMs: atMs(60) })).toEqual([]);
  });
});
