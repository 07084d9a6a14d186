// What `kubectl get` prints of the other kinds, and the columns of all of them (facts §3.10).

import { describe, expect, test } from 'vitest';
import { humanDuration, selectorText, since } from '../../../../infra/api/tables/cells.ts';
import { tablePrinterOf } from '../../../../infra/api/tables/printers.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { aPodBody } from '../../../kit/api-objects.ts';
import { apiWorld, type Body } from '../../../kit/api-world.ts';

const nowMs = Date.UTC(2026, 0, 2);
const metadata = { name: 'a', namespace: 'default', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' };

function row(resource: string, object: Body): string {
  const cells = tablePrinterOf({ resource }).cells({ metadata, ...object } as unknown as AnyObject, nowMs);
  return cells.join(' | ');
}

describe('the age', () => {
  const second = 1_000;
  const minute = 60 * second;
  const hour = 60 * minute;
  const day = 24 * hour;
  const year = 365 * day;
  test.each([
    [-5 * second, '<invalid>'],
    [-2 * second, '<invalid>'],
    [-1_500, '0s'],
    [-second, '0s'],
    [0, '0s'],
    [999, '0s'],
    [119 * second, '119s'],
    [2 * minute, '2m'],
    [2 * minute + second, '2m1s'],
    [9 * minute + 59 * second, '9m59s'],
    [10 * minute + 5 * second, '10m'],
    [179 * minute, '179m'],
    [3 * hour, '3h'],
    [3 * hour + minute, '3h1m'],
    [7 * hour + 59 * minute, '7h59m'],
    [8 * hour + 30 * minute, '8h'],
    [47 * hour, '47h'],
    [2 * day, '2d'],
    [2 * day + hour, '2d1h'],
    [7 * day + 23 * hour, '7d23h'],
    [8 * day + hour, '8d'],
    [729 * day, '729d'],
    [2 * year, '2y'],
    [2 * year + day, '2y1d'],
    [8 * year + day, '8y'],
  ])('of %i ms is %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });

  test('of what was never is unknown', () => {
    expect(since(null, nowMs)).toBe('<unknown>');
    expect(since(undefined, nowMs)).toBe('<unknown>');
    expect(since('2026-01-01T23:59:00Z', nowMs)).toBe('60s');
  });
});

test('a selector is written in the order of its keys', () => {
  const matchExpressions = [
    { key: 'z', operator: 'DoesNotExist' },
    { key: 'b', operator: 'NotIn', values: ['y', 'x'] },
    { key: 'd', operator: 'Exists' },
    { key: 'a', operator: 'In', values: ['2', '1'] },
  ] as const;
  expect(selectorText({ matchLabels: { e: '5', c: '3' }, matchExpressions })).toBe(
    'a in (1,2),b notin (x,y),c=3,d,e=5,!z',
  );
  expect(selectorText({})).toBe('<none>');
  expect(selectorText(undefined)).toBe('<none>');
});

const template = {
  spec: {
    containers: [
      { name: 'c', image: 'x:1' },
      { name: 'd', image: 'y:2' },
    ],
  },
};
const selector = { matchLabels: { app: 'a' } };

describe('workloads', () => {
  test.each([
    [
      'deployments',
      {
        spec: { replicas: 3, selector, template },
        status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
      },
      'a | 2/3 | 3 | 1 | 24h | c,d | x:1,y:2 | app=a',
    ],
    ['deployments', { spec: { replicas: 0, selector, template } }, 'a | 0/0 | 0 | 0 | 24h | c,d | x:1,y:2 | app=a'],
    [
      'replicasets',
      { spec: { replicas: 3, selector, template }, status: { replicas: 3, readyReplicas: 2 } },
      'a | 3 | 3 | 2 | 24h | c,d | x:1,y:2 | app=a',
    ],
  ])('%s', (resource, object, expected) => {
    expect(row(resource, object)).toBe(expected);
  });
});

describe('services', () => {
  const ports = [{ port: 80, protocol: 'TCP' }];
  test.each([
    [
      { type: 'ClusterIP', clusterIP: '10.96.0.9', ports, selector: { b: '2', a: '1' } },
      {},
      'a | ClusterIP | 10.96.0.9 | <none> | 80/TCP | 24h | a=1,b=2',
    ],
    [{ clusterIP: 'None' }, {}, 'a | ClusterIP | None | <none> | <none> | 24h | <none>'],
    [
      { type: 'ClusterIP', clusterIP: '10.96.0.9', externalIPs: ['1.1.1.1', '2.2.2.2'], ports },
      {},
      'a | ClusterIP | 10.96.0.9 | 1.1.1.1,2.2.2.2 | 80/TCP | 24h | <none>',
    ],
    [
      {
        type: 'NodePort',
        clusterIP: '10.96.0.9',
        ports: [
          { port: 80, nodePort: 30_080, protocol: 'TCP' },
          { port: 53, protocol: 'UDP' },
        ],
      },
      {},
      'a | NodePort | 10.96.0.9 | <none> | 80:30080/TCP,53/UDP | 24h | <none>',
    ],
    [
      { type: 'LoadBalancer', clusterIP: '10.96.0.9', ports },
      {},
      'a | LoadBalancer | 10.96.0.9 | <pending> | 80/TCP | 24h | <none>',
    ],
    [
      { type: 'LoadBalancer', clusterIP: '10.96.0.9', ports, externalIPs: ['1.1.1.1'] },
      { loadBalancer: { ingress: [{ ip: '9.9.9.9' }, { hostname: 'h' }] } },
      'a | LoadBalancer | 10.96.0.9 | 9.9.9.9,h,1.1.1.1 | 80/TCP | 24h | <none>',
    ],
    [{ type: 'ExternalName', externalName: 'x.y' }, {}, 'a | ExternalName | <none> | x.y | <none> | 24h | <none>'],
  ])('%j', (spec, status, expected) => {
    expect(row('services', { spec, status })).toBe(expected);
  });

  test('endpoints', () => {
    const addresses = ['1', '2', '3', '4', '5'].map((n) => ({ ip: `10.0.0.${n}` }));
    expect(
      row('endpoints', { subsets: [{ addresses: addresses.slice(0, 2), ports: [{ port: 80 }, { port: 81 }] }] }),
    ).toBe('a | 10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more... | 24h');
    expect(row('endpoints', { subsets: [{ addresses: addresses.slice(0, 1) }] })).toBe('a | 10.0.0.1 | 24h');
    expect(row('endpoints', {})).toBe('a | <none> | 24h');
    const endpoints = addresses.map(({ ip }) => ({ addresses: [ip] }));
    expect(row('endpointslices', { addressType: 'IPv4', endpoints, ports: [{ port: 80 }, {}] })).toBe(
      'a | IPv4 | 80,* | 10.0.0.1,10.0.0.2,10.0.0.3 + 2 more... | 24h',
    );
    expect(row('endpointslices', { addressType: 'IPv4', endpoints: null, ports: null })).toBe(
      'a | IPv4 | <unset> | <unset> | 24h',
    );
  });
});

describe('nodes', () => {
  const info = { kubeletVersion: 'v1.36.0', osImage: 'Debian', kernelVersion: '6.1', containerRuntimeVersion: 'x://1' };
  const ready = (status: string) => ({ conditions: [{ type: 'Ready', status }] });
  test.each([
    [
      {},
      { ...ready('True'), nodeInfo: info, addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
      {},
      'a | Ready | <none> | 24h | v1.36.0 | 10.0.0.1 | <none> | Debian | 6.1 | x://1',
    ],
    [
      { unschedulable: true },
      ready('True'),
      {},
      'a | Ready,SchedulingDisabled | <none> | 24h |  | <none> | <none> | <unknown> | <unknown> | <unknown>',
    ],
    [{}, ready('False'), {}, 'a | NotReady | <none> | 24h |  | <none> | <none> | <unknown> | <unknown> | <unknown>'],
    [{}, ready('Unknown'), {}, 'a | NotReady | <none> | 24h |  | <none> | <none> | <unknown> | <unknown> | <unknown>'],
    [
      {},
      {},
      {
        'node-role.kubernetes.io/worker': '',
        'node-role.kubernetes.io/control-plane': '',
        'kubernetes.io/role': 'edge',
      },
      'a | Unknown | control-plane,edge,worker | 24h |  | <none> | <none> | <unknown> | <unknown> | <unknown>',
    ],
  ])('%j %j', (spec, status, labels, expected) => {
    expect(row('nodes', { metadata: { ...metadata, labels }, spec, status })).toBe(expected);
  });
});

describe('the rest', () => {
  const involvedObject = { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{c}' };
  test.each([
    ['namespaces', { status: { phase: 'Active' } }, 'a | Active | 24h'],
    ['configmaps', { data: { a: '', b: '' }, binaryData: { c: '' } }, 'a | 3 | 24h'],
    ['configmaps', {}, 'a | 0 | 24h'],
    ['secrets', { type: 'Opaque', data: { a: '' } }, 'a | Opaque | 1 | 24h'],
    ['serviceaccounts', {}, 'a | 24h'],
    ['leases', { spec: { holderIdentity: 'n' } }, 'a | n | 24h'],
    [
      'events',
      {
        involvedObject,
        reason: 'Started',
        type: 'Normal',
        message: ' m ',
        source: { component: 'kubelet', host: 'n' },
        firstTimestamp: '2026-01-01T22:00:00Z',
        lastTimestamp: '2026-01-01T23:00:00Z',
        count: 4,
      },
      '60m | Normal | Started | pod/p | spec.containers{c} | kubelet, n | m | 120m | 4 | a',
    ],
    [
      'events',
      {
        involvedObject: { kind: 'Node' },
        eventTime: '2026-01-01T23:59:00.000000Z',
        reportingComponent: 's',
        reportingInstance: 's-1',
        count: 0,
      },
      '60s |  |  | node |  | s, s-1 |  | 60s | 1 | a',
    ],
    [
      'events',
      {
        involvedObject,
        eventTime: '2026-01-01T23:00:00.000000Z',
        series: { count: 7, lastObservedTime: '2026-01-01T23:58:20.000000Z' },
      },
      '100s |  |  | pod/p | spec.containers{c} |  |  | 60m | 7 | a',
    ],
    ['others', {}, 'a | 2026-01-01T00:00:00Z'],
  ])('%s %#', (resource, object, expected) => {
    expect(row(resource, object)).toBe(expected);
  });

  test('columns are upstream’s; wide ones are marked', () => {
    const headings = (resource: string) =>
      tablePrinterOf({ resource })
        .columns.map(({ name, priority }) => (priority > 0 ? `${name}*` : name))
        .join(',');
    expect(headings('pods')).toBe('Name,Ready,Status,Restarts,Age,IP*,Node*,Nominated Node*,Readiness Gates*');
    expect(headings('deployments')).toBe('Name,Ready,Up-to-date,Available,Age,Containers*,Images*,Selector*');
    expect(headings('replicasets')).toBe('Name,Desired,Current,Ready,Age,Containers*,Images*,Selector*');
    expect(headings('services')).toBe('Name,Type,Cluster-IP,External-IP,Port(s),Age,Selector*');
    expect(headings('endpoints')).toBe('Name,Endpoints,Age');
    expect(headings('endpointslices')).toBe('Name,AddressType,Ports,Endpoints,Age');
    expect(headings('nodes')).toBe(
      'Name,Status,Roles,Age,Version,Internal-IP*,External-IP*,OS-Image*,Kernel-Version*,Container-Runtime*',
    );
    expect(headings('namespaces')).toBe('Name,Status,Age');
    expect(headings('configmaps')).toBe('Name,Data,Age');
    expect(headings('secrets')).toBe('Name,Type,Data,Age');
    expect(headings('serviceaccounts')).toBe('Name,Age');
    expect(headings('leases')).toBe('Name,Holder,Age');
    expect(headings('events')).toBe('Last Seen,Type,Reason,Object,Subobject*,Source*,Message,First Seen*,Count*,Name*');
    expect(headings('others')).toBe('Name,Created At');
  });
});

describe('a table', () => {
  const accept = (as: string, version = 'v1') => ({
    headers: { accept: `application/json;as=${as};v=${version};g=meta.k8s.io` },
  });
  type Table = {
    kind: string;
    apiVersion: string;
    metadata: Body;
    columnDefinitions: Body[];
    rows: { cells: unknown[]; object?: AnyObject }[];
  };

  test.each(['v1', 'v1beta1'])('of %s has a row for each object, with its metadata', async (version) => {
    const world = await apiWorld();
    const a = await world.create('pods', aPodBody('a'));
    await world.create('pods', aPodBody('b'));
    const table = await world.ok<Table>('/api/v1/namespaces/default/pods?limit=1', accept('Table', version));
    expect(table).toMatchObject({
      kind: 'Table',
      apiVersion: `meta.k8s.io/${version}`,
      metadata: { remainingItemCount: 1 },
    });
    expect(table.columnDefinitions[0]).toEqual({
      name: 'Name',
      type: 'string',
      format: 'name',
      description: '',
      priority: 0,
    });
    expect(table.rows).toEqual([
      {
        cells: ['a', '0/1', 'Pending', '0', '0s', '<none>', '<none>', '<none>', '<none>'],
        object: { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: a.metadata },
      },
    ]);
  });

  test('has as much of the objects as asked for', async () => {
    const world = await apiWorld();
    const a = await world.create('pods', aPodBody('a'));
    const get = async (query: string) =>
      (await world.ok<Table>(`/api/v1/namespaces/default/pods/a${query}`, accept('Table'))).rows[0];
    expect(await get('?includeObject=None')).not.toHaveProperty('object');
    expect(await get('?includeObject=Object')).toMatchObject({ object: a });
  });

  test('of events is the same in both their groups', async () => {
    const world = await apiWorld();
    const involvedObject = { kind: 'Pod', namespace: 'default', name: 'p' };
    await world.create('events', {
      metadata: { name: 'e' },
      involvedObject,
      reason: 'Started',
      type: 'Normal',
      message: 'm',
      count: 2,
    });
    const core = await world.ok<Table>('/api/v1/events', accept('Table'));
    const group = await world.ok<Table>('/apis/events.k8s.io/v1/events?includeObject=Object', accept('Table'));
    expect(core.rows[0]?.cells).toEqual(['<unknown>', 'Normal', 'Started', 'pod/p', '', '', 'm', '<unknown>', 2, 'e']);
    expect(group.rows[0]?.cells).toEqual(core.rows[0]?.cells);
    expect(group.rows[0]?.object).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: involvedObject,
      note: 'm',
    });
  });

  test('that nobody can be given is 406', async () => {
    const world = await apiWorld();
    expect(await world.refused('/api/v1/pods', accept('Chart'))).toMatchObject({ code: 406, reason: 'NotAcceptable' });
    const text = { headers: { accept: 'text/html' } };
    expect(await world.refused('/api/v1/pods', text)).toMatchObject({
      code: 406,
      message:
        'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    });
  });
});
