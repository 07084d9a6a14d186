// The endpoint slice mirroring controller as a table: given Endpoints somebody wrote, then these slices.

import { describe, expect, test } from 'vitest';
import { endpointSliceMirroringController } from '../../actors/controllers/endpoint-slice-mirroring.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { EndpointSlice, EndpointSubset, Endpoints } from '../../streams/resources/service.ts';
import { planOf, told, worldOf } from '../kit/given-world.ts';
import { aNamespace, aService, type Meta, meta } from '../kit/workloads.ts';

const controller = endpointSliceMirroringController();
const key = 'default/web';
const http = { name: 'http', port: 80, protocol: 'TCP' };

function handmade(subsets: readonly EndpointSubset[], change: Meta = {}): Endpoints {
  return { apiVersion: 'v1', kind: 'Endpoints', metadata: meta('web', change), subsets };
}

const bare = aService('web', { selector: {} });

function plan(...objects: KubeObject[]) {
  return planOf(controller, worldOf(aNamespace('default'), ...objects), { key });
}

/** `family ports: addresses`, with `!` behind those that are not ready. */
function slices(...objects: KubeObject[]): string[] {
  return plan(...objects).writes.flatMap((write) => {
    if (write.kind !== 'create' && write.kind !== 'update') return [write.kind];
    const { addressType, endpoints, ports } = write.object as unknown as EndpointSlice;
    const addresses = endpoints.map(({ addresses: [ip], conditions }) => `${ip}${conditions?.ready ? '' : '!'}`);
    return `${write.kind} ${addressType} ${(ports ?? []).map(({ port }) => port)}: ${addresses.join(' ')}`;
  });
}

/** The slice as the API server keeps it, once made. */
function made(endpoints: Endpoints): EndpointSlice {
  const [write] = plan(bare, endpoints).writes;
  if (write?.kind !== 'create') throw new Error('no slice was made');
  return { ...write.object, metadata: { ...write.object.metadata, uid: 'slice' } } as unknown as EndpointSlice;
}

const one = handmade([{ addresses: [{ ip: '10.0.0.1' }], notReadyAddresses: [{ ip: '10.0.0.2' }], ports: [http] }]);

test('a slice carries labels and annotations on, and says whose it is', () => {
  const annotations = { note: 'kept', 'kubectl.kubernetes.io/last-applied-configuration': 'left' };
  const endpoints = handmade([{ addresses: [{ ip: '10.0.0.1', nodeName: 'n', hostname: 'h' }], ports: [http] }], {
    labels: { app: 'web' },
    annotations,
  });
  expect(plan(bare, endpoints).writes).toMatchObject([
    {
      kind: 'create',
      object: {
        metadata: {
          generateName: 'web-',
          labels: {
            app: 'web',
            'kubernetes.io/service-name': 'web',
            'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
          },
          annotations: { note: 'kept' },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name: 'web', controller: true }],
        },
        addressType: 'IPv4',
        ports: [http],
        endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true }, nodeName: 'n', hostname: 'h' }],
      },
    },
  ]);
});

describe('subsets', () => {
  test('become slices by family and ports, ready ones first', () => {
    const https = { name: 'https', port: 443 };
    const both = handmade([
      { addresses: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], ports: [http] },
      { notReadyAddresses: [{ ip: '10.0.0.2' }], addresses: [{ ip: '10.0.0.3' }], ports: [https] },
    ]);
    expect(slices(bare, both)).toEqual([
      'create IPv4 80: 10.0.0.1',
      'create IPv6 80: fd00::1',
      'create IPv4 443: 10.0.0.3 10.0.0.2!',
    ]);
  });

  test('with the same addresses are one, and not ready wins', () => {
    const same = handmade([
      { addresses: [{ ip: '10.0.0.1' }], ports: [http] },
      { notReadyAddresses: [{ ip: '10.0.0.1' }], ports: [http] },
      { notReadyAddresses: [{ ip: '10.0.0.1' }], ports: [{ name: 'more', port: 81 }] },
    ]);
    expect(slices(bare, same)).toEqual(['create IPv4 80,81: 10.0.0.1!']);
  });

  test('have no more than a thousand addresses, and invalid ones are told of', () => {
    const addresses = Array.from({ length: 1_002 }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}` }));
    const many = handmade([{ addresses: [{ ip: 'nowhere' }, ...addresses], ports: [http] }]);
    expect(told(worldOf(), { writes: [], notes: plan(bare, many).notes ?? [] })).toEqual([
      'note Warning InvalidIPAddress: Skipped 1 invalid IP addresses when mirroring to EndpointSlices',
      'note Warning TooManyAddressesToMirror: A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 3 addresses were skipped',
    ]);
  });
});

describe('a mirrored slice', () => {
  test('is left alone where nothing has changed', () => {
    expect(slices(bare, one, made(one))).toEqual([]);
  });

  test('follows its addresses, and is used again for other ports', () => {
    const other = handmade([{ addresses: [{ ip: '10.0.0.9' }], ports: [{ name: 'https', port: 443 }] }]);
    expect(slices(bare, other, made(one))).toEqual(['update IPv4 443: 10.0.0.9']);
  });

  const goes: readonly (readonly [when: string, objects: readonly KubeObject[]])[] = [
    ['its Endpoints', [bare]],
    ['its service', [one]],
    ['the last address', [bare, handmade([])]],
    ['the want of a selector', [aService('web', { selector: { app: 'web' } }), one]],
    [
      'the wish',
      [bare, handmade(one.subsets ?? [], { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } })],
    ],
    ['what it meant', [bare, handmade([], { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } })]],
  ];
  test.each(goes)('goes with %s', (_, objects) => {
    expect(slices(...objects, made(one))).toEqual(['delete']);
  });
});

test('what a selector fills is the business of another controller', () => {
  expect(slices(aService('web', { selector: { app: 'web' } }), one)).toEqual([]);
});
