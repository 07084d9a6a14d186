// Given devices and classes of them, when pods claim some, then they go where these are, or this is what people are told.

import { beforeEach, describe, expect, test } from 'vitest';
import { deviceClasses, resourceSlices } from '../../actors/scheduler/plugins/dynamic-resources.ts';
import { profileOf } from '../../actors/scheduler/profile.ts';
import { deviceSelectors } from '../../infra/host/device-selectors.ts';
import type { Device, DeviceClaimSpec } from '../../streams/resources/device.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ResourceClaim } from '../../streams/resources/resource-claim.ts';
import { SchedulerWorld } from '../kit/scheduler-world.ts';
import { aNode, aPod } from '../kit/scheduling.ts';

const driver = 'gpu.example.com';
const api = { apiVersion: 'resource.k8s.io/v1' };
const gpu = (name: string, model: string, memory: string, numa = 0): Device => ({
  name,
  attributes: { model: { string: model }, numa: { int: numa } },
  capacity: { memory: { value: memory } },
});

let world: SchedulerWorld;

const slice = (node: string, devices: readonly Device[], of: { generation?: number; count?: number } = {}) =>
  world.object(
    {
      ...api,
      kind: 'ResourceSlice',
      metadata: { name: `slice-${node}-${of.generation ?? 1}`, uid: `uid-of-${node}` },
      spec: {
        driver,
        nodeName: node,
        pool: { name: node, generation: of.generation ?? 1, resourceSliceCount: of.count ?? 1 },
        devices,
      },
    },
    resourceSlices,
  );
const deviceClass = (name: string, expression = `device.driver == "${driver}"`) =>
  world.object(
    { ...api, kind: 'DeviceClass', metadata: { name, uid: name }, spec: { selectors: [{ cel: { expression } }] } },
    deviceClasses,
  );
const claim = (name: string, devices: DeviceClaimSpec) =>
  world.object(
    {
      ...api,
      kind: 'ResourceClaim',
      metadata: { name, namespace: 'default', uid: `uid-of-${name}` },
      spec: { devices },
    },
    resources.resourceClaims,
  );
const wants = (more: object = {}): DeviceClaimSpec => ({
  requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu', ...more } }],
});
const chosenBy = (expression: string) => wants({ selectors: [{ cel: { expression } }] });
const using = (name: string, ...claims: string[]) =>
  aPod(name, { resourceClaims: claims.map((of) => ({ name: of, resourceClaimName: of })) });
const held = (name: string) => {
  const { status } = world.objects.get(`resourceclaims default/${name}`) as unknown as ResourceClaim;
  const { devices } = (status?.allocation ?? {}) as { devices?: { results: { pool: string; device: string }[] } };
  return {
    devices: devices?.results.map(({ pool, device }) => `${pool}/${device}`),
    users: status?.reservedFor?.map((user) => user.name),
  };
};
const gate = (name: string) =>
  world.scheduler.explain({ namespace: 'default', name, uid: `uid-of-${name}` }).queue?.gate;
const told = () =>
  world.notes.filter(({ reason }) => reason === 'FailedScheduling').map(({ message }) => message.split('. ')[0]);

beforeEach(() => {
  const profile = profileOf({}, [], { selectsDevice: deviceSelectors() });
  world = new SchedulerWorld({ profiles: [profile] }).sync({ nodes: [aNode('a'), aNode('b')] });
  deviceClass('gpu');
  slice('a', [gpu('small', 'S', '8Gi')]);
  slice('b', [gpu('big-0', 'L', '80Gi', 0), gpu('big-1', 'L', '80Gi', 1), gpu('old', 'S', '8Gi', 1)]);
});

describe('a pod that claims devices', () => {
  test.each([
    ['of a model', chosenBy(`device.attributes["${driver}"].model == "L"`), 'b', ['b/big-0']],
    [
      'with so much memory',
      chosenBy(`device.capacity["${driver}"].memory.compareTo(quantity("40Gi")) > 0`),
      'b',
      ['b/big-0'],
    ],
    ['by number', wants({ count: 2 }), 'b', ['b/big-0', 'b/big-1']],
    [
      'all of a kind',
      {
        requests: [
          {
            name: 'gpu',
            exactly: {
              deviceClassName: 'gpu',
              allocationMode: 'All',
              selectors: [{ cel: { expression: `device.attributes["${driver}"].model == "L"` } }],
            },
          },
        ],
      },
      'b',
      ['b/big-0', 'b/big-1'],
    ],
    [
      'that belong together',
      { ...wants({ count: 2 }), constraints: [{ matchAttribute: `${driver}/numa` }] },
      'b',
      ['b/big-1', 'b/old'],
    ],
    [
      'or else others',
      {
        requests: [
          {
            name: 'gpu',
            firstAvailable: [
              { name: 'three', deviceClassName: 'gpu', count: 5 },
              { name: 'two', deviceClassName: 'gpu', count: 2 },
            ],
          },
        ],
      },
      'b',
      ['b/big-0', 'b/big-1'],
    ],
  ] as const)('%s gets them', (_, devices, node, expected) => {
    claim('c', devices as DeviceClaimSpec)
      .pod(using('p', 'c'))
      .settle();
    expect(told()).toEqual([]);
    expect(world.nodeOf('p')).toBe(node);
    expect(held('c')).toEqual({ devices: expected, users: ['p'] });
  });

  test('shares a claim that has its devices, on the node that has them', () => {
    claim('c', chosenBy(`device.attributes["${driver}"].model == "L"`))
      .pod(using('p', 'c'))
      .settle();
    world.pod(using('q', 'c')).settle();
    expect([world.nodeOf('q'), held('c').users]).toEqual(['b', ['p', 'q']]);
  });

  test('waits while others have them all, and goes when one is free', () => {
    for (const name of ['c1', 'c2', 'c3', 'c4', 'c5']) claim(name, wants());
    for (const number of [1, 2, 3, 4, 5]) world.pod(using(`p${number}`, `c${number}`));
    world.settle();
    expect(told()).toEqual(['0/2 nodes are available: 2 cannot allocate all claims']);
    const given = [1, 2, 3, 4, 5].flatMap((number) => held(`c${number}`).devices ?? []);
    expect(new Set(given).size).toBe(4);
    claim('c1', wants());
    world.settle().advance(15_000);
    expect(world.nodeOf('p5')).toBeDefined();
  });

  test('is not given what a pod of another profile is about to get', () => {
    const ports = { selectsDevice: deviceSelectors() };
    const profiles = ['default-scheduler', 'other'].map((schedulerName) => profileOf({ schedulerName }, [], ports));
    world = new SchedulerWorld({ profiles }).sync({ nodes: [aNode('a')] });
    deviceClass('gpu');
    slice('a', [gpu('only', 'S', '8Gi')]);
    for (const name of ['c1', 'c2']) claim(name, wants());
    const other = using('q', 'c2');
    world
      .pod(using('p', 'c1'))
      .pod({ ...other, spec: { ...other.spec, schedulerName: 'other' } })
      .settle();
    expect([held('c1').devices, held('c2').devices]).toEqual([['a/only'], undefined]);
  });

  test('is tried anew after a while where its claim may not be written', () => {
    const asked = () => world.writes.find(({ ticket }) => ticket.startsWith('prepare/'));
    claim('c', wants()).pod(using('p', 'c')).work();
    world.answer(asked(), { kind: 'failed', reason: 'Forbidden', message: 'no' });
    expect(asked()).toBeUndefined();
    world.settle().advance(15_000);
    expect([world.nodeOf('p'), held('c').users]).toEqual([expect.any(String), ['p']]);
  });

  test('waits for claims that are not there, and classes', () => {
    world.pod(using('p', 'c')).settle();
    expect(gate('p')).toBe('resourceclaim.resource.k8s.io "c" not found');
    claim('c', { requests: [{ name: 'r', exactly: { deviceClassName: 'none' } }] })
      .settle()
      .advance(15_000);
    expect(told()).toEqual(['0/2 nodes are available: request r: device class none does not exist']);
    deviceClass('none').settle().advance(15_000);
    expect(world.nodeOf('p')).toBeDefined();
  });

  test('waits for the claim that is made from a template, and is told of in its status', () => {
    const pod = aPod('p', { resourceClaims: [{ name: 'x', resourceClaimTemplateName: 't' }] });
    world.pod(pod).settle();
    expect([told(), gate('p')]).toEqual([[], 'pod "default/p": ResourceClaim not created yet']);
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-of-p', controller: true };
    const metadata = { name: 'made', namespace: 'default', uid: 'uid-of-made', ownerReferences: [owner] };
    world.object(
      { ...api, kind: 'ResourceClaim', metadata, spec: { devices: wants() } } as never,
      resources.resourceClaims,
    );
    const current = world.byName('p') ?? pod;
    world.pod({
      ...current,
      status: { ...current.status, resourceClaimStatuses: [{ name: 'x', resourceClaimName: 'made' }] },
    });
    world.settle().advance(15_000);
    expect([world.nodeOf('p'), held('made').users]).toEqual([expect.any(String), ['p']]);
  });

  test('gets none of a pool that is published in part', () => {
    slice('a', [gpu('new', 'X', '8Gi')], { generation: 2, count: 2 });
    claim('c', chosenBy(`device.attributes["${driver}"].model == "S"`))
      .pod(using('p', 'c'))
      .settle();
    expect(world.nodeOf('p')).toBe('b');
  });

  test('gets nothing by an expression that fails', () => {
    claim('c', chosenBy('device.attributes["other.example.com"].model == "S"')).pod(using('p', 'c')).settle();
    expect(told()).toEqual(['0/2 nodes are available: 2 cannot allocate all claims']);
  });
});
