// What slices say beyond addresses: from where an endpoint is best used, and since when they ought to say what they say.

import { describe, expect, test } from 'vitest';
import { endpointSliceController } from '../../actors/controllers/endpoint-slice.ts';
import { endpointsController } from '../../actors/controllers/endpoints.ts';
import type { Plan } from '../../actors/kit/controller.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { EndpointSlice, Service, SliceEndpoint } from '../../streams/resources/service.ts';
import { planOf, worldOf } from '../kit/given-world.ts';
import { aNamespace, aNode, aPod, aService, at, meta, type PodTraits } from '../kit/workloads.ts';

const slices = endpointSliceController();
const key = 'default/web';
const triggerTime = 'endpoints.kubernetes.io/last-change-trigger-time';

const zoned = {
  ...aNode('near'),
  metadata: { ...aNode('near').metadata, labels: { 'topology.kubernetes.io/zone': 'z1' } },
};
const pod = (name: string, traits: PodTraits = {}) => aPod(name, { ip: '10.0.0.1', node: 'near', ...traits });

function near(trafficDistribution: string | undefined, annotations?: Record<string, string>): Service {
  const service = aService('web');
  return {
    ...service,
    metadata: { ...service.metadata, ...(annotations && { annotations }) },
    spec: { ...service.spec, ...(trafficDistribution !== undefined && { trafficDistribution }) },
  };
}

function plan(objects: readonly KubeObject[], memory?: unknown): Plan {
  return planOf(slices, worldOf(aNamespace('default'), ...objects), { key, memory });
}

function made(objects: readonly KubeObject[]): EndpointSlice {
  const [write] = plan(objects).writes;
  if (write?.kind !== 'create') throw new Error('no slice was made');
  const metadata = { ...write.object.metadata, uid: 'slice' };
  return { ...write.object, metadata } as unknown as EndpointSlice;
}

describe('hints', () => {
  const zone = { forZones: [{ name: 'z1' }] };
  const rows: readonly (readonly [what: string, service: Service, traits: PodTraits, hints: SliceEndpoint['hints']])[] =
    [
      ['not where nothing is wished', near(undefined), {}, undefined],
      ['the same zone', near('PreferSameZone'), {}, zone],
      ['the same zone by its old name', near('PreferClose'), {}, zone],
      ['the same node, and its zone', near('PreferSameNode'), {}, { ...zone, forNodes: [{ name: 'near' }] }],
      ['not for pods that are not ready', near('PreferSameZone'), { unready: true }, undefined],
      [
        'not where another way is asked for',
        near('PreferSameZone', { 'service.kubernetes.io/topology-mode': 'Auto' }),
        {},
        undefined,
      ],
      ['not where the zone is unknown', near('PreferSameZone'), { node: 'elsewhere' }, undefined],
    ];
  test.each(rows)('%s', (_, service, traits, hints) => {
    expect(made([service, zoned, pod('a', traits)]).endpoints[0]?.hints).toEqual(hints);
  });

  test('come and go with the wish', () => {
    const before = made([near(undefined), zoned, pod('a')]);
    const [write] = plan([near('PreferSameZone'), zoned, pod('a'), before]).writes;
    expect(write).toMatchObject({ kind: 'update', object: { endpoints: [{ hints: zone }] } });
    const hinted = made([near('PreferSameZone'), zoned, pod('a')]);
    const [undone] = plan([near(undefined), zoned, pod('a'), hinted]).writes;
    expect(undone).toMatchObject({ kind: 'update', object: { endpoints: [{ addresses: ['10.0.0.1'] }] } });
    expect(JSON.stringify(undone)).not.toContain('hints');
  });
});

describe('zones by their size', () => {
  const mode = 'service.kubernetes.io/topology-mode';
  const auto = near(undefined, { [mode]: 'Auto' });
  /** Nodes `a-1`, `b-1` … : one CPU each. */
  const nodes = (sizes: Readonly<Record<string, number>>) =>
    Object.entries(sizes).flatMap(([zone, count]) =>
      Array.from({ length: count }, (_, i) => {
        const node = aNode(`${zone}-${i}`, { labels: { 'topology.kubernetes.io/zone': zone } });
        return { ...node, status: { ...node.status, allocatable: { cpu: '1' } } };
      }),
    );
  const pods = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).flatMap(([zone, count]) =>
      Array.from({ length: count }, (_, i) =>
        aPod(`${zone}${i}`, { node: `${zone}-0`, ip: `10.${zone.charCodeAt(0)}.0.${i}` }),
      ),
    );
  /** `own zone → hinted zone`, for each endpoint. */
  const arrows = ({ endpoints }: Pick<EndpointSlice, 'endpoints'>) =>
    endpoints.map(({ zone, hints }) => `${zone}→${hints?.forZones?.map(({ name }) => name).join('+') ?? ''}`);
  const counted = (lines: readonly string[]) =>
    Object.fromEntries([...new Set(lines)].sort().map((line) => [line, lines.filter((one) => one === line).length]));

  test.each<[string, Record<string, number>, Record<string, number>, Record<string, number>]>([
    ['each keeps its own', { a: 1, b: 1 }, { a: 3, b: 3 }, { 'a→a': 3, 'b→b': 3 }],
    ['little is not evened out', { a: 1, b: 1 }, { a: 4, b: 3 }, { 'a→a': 4, 'b→b': 3 }],
    ['much is', { a: 1, b: 1 }, { a: 5, b: 1 }, { 'a→a': 3, 'a→b': 2, 'b→b': 1 }],
    ['the larger has more', { a: 3, b: 1 }, { a: 4, b: 4 }, { 'a→a': 4, 'b→a': 2, 'b→b': 2 }],
    ['from several to one', { a: 1, b: 1, c: 1 }, { a: 3, b: 3 }, { 'a→a': 2, 'a→c': 1, 'b→b': 2, 'b→c': 1 }],
  ])('%s', (_, sizes, counts, expected) => {
    expect(counted(arrows(made([auto, ...nodes(sizes), ...pods(counts)])))).toEqual(expected);
  });

  const disabled = (why: string) => [`TopologyAwareHintsDisabled: ${why}, addressType: IPv4`];
  const noInfo = 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const zoneless = aNode('lost');
  test.each<[string, readonly KubeObject[], readonly string[]]>([
    ['two zones', [...nodes({ a: 2 }), ...pods({ a: 2 })], disabled(noInfo)],
    ['nodes that say where they are', [...nodes({ a: 1, b: 1 }), zoneless, ...pods({ a: 2, b: 2 })], disabled(noInfo)],
    [
      'as many endpoints as zones',
      [...nodes({ a: 1, b: 1 }), ...pods({ a: 1 })],
      disabled('Insufficient number of endpoints (1 endpoints, 2 zones)'),
    ],
    [
      'enough for the least each zone needs',
      [...nodes({ a: 4, b: 1, c: 1 }), ...pods({ a: 1, b: 1, c: 1 })],
      disabled(
        'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 3 zones)',
      ),
    ],
    [
      'pods whose zone is known',
      [...nodes({ a: 1, b: 1 }), ...pods({ a: 3, b: 2 }), aPod('z', { node: 'gone', ip: '10.0.0.9' })],
      disabled('One or more endpoints do not have a zone specified'),
    ],
  ])('there must be %s', (_, objects, said) => {
    const { writes, notes = [], remember } = plan([auto, ...objects]);
    const [write] = writes;
    const endpoints = write?.kind === 'create' ? (write.object as unknown as EndpointSlice).endpoints : [];
    expect(endpoints.map(({ hints }) => hints)).toEqual(endpoints.map(() => undefined));
    expect(notes.map(({ reason, message }) => `${reason}: ${message}`)).toEqual(said);
    // It is told once, as long as the reason stays.
    expect(plan([auto, ...objects], remember?.memory).notes).toEqual([]);
  });

  test('nodes of the control plane, and those that are not ready, do not count', () => {
    const others = [
      aNode('control', { labels: { 'node-role.kubernetes.io/control-plane': '' } }),
      aNode('down', { ready: 'Unknown' }),
    ];
    expect(arrows(made([auto, ...others, ...nodes({ a: 1, b: 1 }), ...pods({ a: 1, b: 1 })]))).toEqual(['a→a', 'b→b']);
  });

  test('what is said stays while it may, and its end is told', () => {
    const given = [...nodes({ a: 1, b: 1 }), ...pods({ a: 5, b: 1 })];
    const slice = made([auto, ...given]);
    const { remember } = plan([auto, ...given]);
    expect(plan([auto, ...given, slice], remember?.memory).writes).toEqual([]);
    const off = plan([near(undefined), ...given, slice], remember?.memory);
    expect(off.writes).toMatchObject([{ kind: 'update' }]);
    expect(JSON.stringify(off.writes)).not.toContain('hints');
    expect(off.notes?.map(({ message }) => message)).toEqual([
      'Topology Aware Hints has been disabled, addressType: IPv4',
    ]);
    const old = near(undefined, { [mode]: 'Auto', 'service.kubernetes.io/topology-aware-hints': 'Disabled' });
    expect(JSON.stringify(plan([old, ...given, slice]).writes)).not.toContain('hints');
  });
});

describe('the time that a change came from', () => {
  const service = aService('web');
  const timeOf = (write: unknown) =>
    (write as { object?: KubeObject } | undefined)?.object?.metadata.annotations?.[triggerTime];

  test('is the service’s at first, then that of the earliest pod that changed', () => {
    const first = plan([service, zoned, pod('a', { readyAt: 5 })]);
    expect(timeOf(first.writes[0])).toBe(at(0));
    const known = first.remember?.memory;
    const slice = made([service, zoned, pod('a', { readyAt: 5 })]);
    const pods = [
      pod('a', { readyAt: 5 }),
      pod('b', { ip: '10.0.0.2', readyAt: 9 }),
      pod('c', { ip: '10.0.0.3', readyAt: 7 }),
    ];
    const second = plan([service, zoned, ...pods, slice], known);
    expect(timeOf(second.writes[0])).toBe(at(7));
  });

  test('is taken away where no known change made the difference', () => {
    const first = plan([service, zoned, pod('a'), pod('b', { ip: '10.0.0.2' })]);
    const slice = made([service, zoned, pod('a'), pod('b', { ip: '10.0.0.2' })]);
    const second = plan([service, zoned, pod('a'), slice], first.remember?.memory);
    expect(second.writes).toHaveLength(1);
    expect(timeOf(second.writes[0])).toBeUndefined();
  });

  test('stands on Endpoints too, and is forgotten with the service', () => {
    const endpoints = endpointsController();
    const world = worldOf(aNamespace('default'), service, pod('a'));
    const { writes, remember } = planOf(endpoints, world, { key });
    expect(timeOf(writes[0])).toBe(at(0));
    const gone = planOf(endpoints, worldOf(aNamespace('default')), { key, memory: remember?.memory });
    expect(gone.remember).toEqual({ memory: undefined });
  });
});

test('slices of a service that was deleted and made anew are replaced', () => {
  const old = made([aService('web'), zoned, pod('a')]);
  const service = aService('web');
  const anew: Service = { ...service, metadata: meta('web', { uid: 'another' }) };
  expect(
    plan([anew, zoned, pod('a'), old])
      .writes.map(({ kind }) => kind)
      .sort(),
  ).toEqual(['create', 'delete']);
});
