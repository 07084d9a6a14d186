// The addresses of services as objects: one IPAddress for each, made before the service and gone after it, from all
// networks that are ready; families as a service asks for them.

import { describe, expect, onTestFinished, test } from 'vitest';
import { type ApiStack, startApiStack } from '../../../../infra/boot/api-stack.ts';
import { seededRandom } from '../../../../streams/base/random.ts';
import { LogUnavailable } from '../../../../streams/log/errors.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import { aServiceBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, type Body, target } from '../../../kit/api-world.ts';

const cidrs = 'servicecidrs.networking.k8s.io';
const merge = { 'content-type': 'application/merge-patch+json' };

type Spec = Body & { clusterIP: string; clusterIPs: string[]; ipFamilies: string[]; ports: Body[] };

function specOf(object: AnyObject | undefined): Spec {
  return object?.spec as Spec;
}

function addresses(world: ApiWorld): string[] {
  return world.stack.view.list(resources.ipAddresses).map(({ metadata }) => metadata.name);
}

function patch(world: ApiWorld, name: string, spec: Body) {
  return world.ok(`/api/v1/namespaces/default/services/${name}`, { method: 'PATCH', headers: merge, body: { spec } });
}

async function network(world: ApiWorld, name: string, ...ranges: string[]): Promise<void> {
  await world.create(cidrs, { metadata: { name }, spec: { cidrs: ranges } });
}

describe('an IPAddress', () => {
  test('is made for each cluster IP and goes with its service', async () => {
    const world = await apiWorld();
    expect(addresses(world)).toEqual(['10.96.0.1']);
    const { clusterIP } = specOf(await world.create('services', aServiceBody('web')));
    expect(world.get('ipaddresses.networking.k8s.io', clusterIP)).toMatchObject({
      metadata: {
        labels: {
          'ipaddress.kubernetes.io/ip-family': 'IPv4',
          'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
        },
      },
      spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'web' } },
    });
    await world.ok('/api/v1/namespaces/default/services/web', { method: 'DELETE' });
    expect(addresses(world)).toEqual(['10.96.0.1']);
  });

  test('goes and comes with the type that needs it', async () => {
    const world = await apiWorld();
    await world.create('services', aServiceBody('web'));
    await patch(world, 'web', { type: 'ExternalName', externalName: 'x.y', clusterIP: '', clusterIPs: null });
    expect(addresses(world)).toEqual(['10.96.0.1']);
    expect(specOf(world.get('services', 'web'))).not.toHaveProperty('ipFamilies');
    const back = await patch(world, 'web', { type: 'ClusterIP', externalName: null });
    expect(addresses(world).sort()).toEqual(['10.96.0.1', specOf(back).clusterIP].sort());
  });

  test('is not made by a dry run, a headless service or one that is refused', async () => {
    const world = await apiWorld();
    await world.create('services', aServiceBody('a'), { dryRun: true });
    await world.create('services', aServiceBody('b', { clusterIP: 'None' }));
    await expect(world.create('services', aServiceBody('c', { sessionAffinity: 'x' }))).rejects.toMatchObject({
      code: 422,
    });
    expect(addresses(world)).toEqual(['10.96.0.1']);
  });

  test('that is there already keeps its address from others', async () => {
    const world = await apiWorld();
    await world.create('services', aServiceBody('a', { clusterIP: '10.96.0.7' }));
    await expect(world.create('services', aServiceBody('b', { clusterIP: '10.96.0.7' }))).rejects.toMatchObject({
      code: 422,
      message:
        'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.7"]: failed to allocate IP 10.96.0.7: provided IP is already allocated',
    });
  });

  test('is given once by two servers on one log', async () => {
    const world = await apiWorld();
    const other = await anotherServer(world);
    const create = (stack: ApiStack, name: string) => {
      const { kind, namespace } = target('services', name);
      const spec = aServiceBody(name, { clusterIP: '10.96.9.9' });
      const body = { apiVersion: 'v1', kind: 'Service', ...spec } as unknown as AnyObject;
      return stack.registry.create({ kind, namespace, body }, world.context());
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => create(i % 2 === 0 ? world.stack : other, `s${i}`)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(addresses(world)).toEqual(['10.96.0.1', '10.96.9.9']);
  });
});

test('an address whose service may have been recorded all the same is kept from others', async () => {
  let down = false;
  const world = await apiWorld({
    faults: {
      beforeAppend({ subject }) {
        if (down && subject.includes('services')) throw new LogUnavailable('down');
      },
    },
  });
  down = true;
  await expect(world.create('services', aServiceBody('a', { clusterIP: '10.96.0.7' }))).rejects.toMatchObject({
    code: 503,
  });
  down = false;
  // It is an orphan now; the controller takes it away once its service had time to turn up.
  expect(addresses(world)).toEqual(['10.96.0.1', '10.96.0.7']);
  await expect(world.create('services', aServiceBody('b', { clusterIP: '10.96.0.7' }))).rejects.toMatchObject({
    code: 422,
  });
});

async function anotherServer(world: ApiWorld): Promise<ApiStack> {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const stack = await startApiStack({ log: world.log, clock: world.clock, random: seededRandom('other'), logger });
  onTestFinished(() => stack.feed.stop());
  return stack;
}

describe('addresses come', () => {
  test('from the upper part of a network, and from the lower once that is full', async () => {
    const world = await apiWorld();
    await world.ok(`/apis/networking.k8s.io/v1/servicecidrs/kubernetes`, { method: 'DELETE' });
    await network(world, 'small', '192.168.7.0/27');
    const made: string[] = [];
    for (let i = 0; i < 30; i++) made.push(specOf(await world.create('services', aServiceBody(`s${i}`))).clusterIP);
    const last = made.map((ip) => Number(ip.split('.')[3]));
    expect(last.slice(0, 14).every((part) => part > 16)).toBe(true);
    expect([...last].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    await expect(world.create('services', aServiceBody('more'))).rejects.toMatchObject({
      code: 500,
      message: 'Internal error occurred: failed to allocate a serviceIP for Service "more": range is full',
    });
    await network(world, 'next', '192.168.8.0/24');
    expect(specOf(await world.create('services', aServiceBody('more'))).clusterIP).toMatch(/^192\.168\.8\./);
  });

  test.each([
    ['10.97.0.1', 'the provided network does not match the current range'],
    ['10.96.0.0', 'the provided IP (10.96.0.0) is not in the valid range. The range of valid IPs is 10.96.0.0/16'],
    [
      '10.96.255.255',
      'the provided IP (10.96.255.255) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    ],
  ])('and %s does not', async (clusterIP, why) => {
    const world = await apiWorld();
    await expect(world.create('services', aServiceBody('a', { clusterIP }))).rejects.toMatchObject({
      message: `Service "a" is invalid: spec.clusterIPs: Invalid value: ["${clusterIP}"]: failed to allocate IP ${clusterIP}: ${why}`,
    });
  });
});

describe('families', () => {
  test.each<[spec: Body, families: string[] | string]>([
    [{}, ['IPv4']],
    [{ ipFamilyPolicy: 'PreferDualStack' }, ['IPv4', 'IPv6']],
    [{ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] }, ['IPv6', 'IPv4']],
    [{ ipFamilies: ['IPv6'] }, ['IPv6']],
    [{ clusterIP: 'fd00:10::77' }, ['IPv6']],
    [
      { ipFamilies: ['IPv4', 'IPv6'] },
      "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    ],
  ])('of %j on both kinds of networks: %j', async (spec, families) => {
    const world = await apiWorld();
    await world.clock.advance(1_000);
    await network(world, 'six', 'fd00:10::/112');
    const made = world.create('services', aServiceBody('a', spec));
    if (typeof families === 'string') {
      await expect(made).rejects.toMatchObject({ code: 422, message: expect.stringContaining(families) });
      return;
    }
    const got = specOf(await made);
    expect([got.ipFamilies, got.clusterIPs.map((ip) => (ip.includes(':') ? 'IPv6' : 'IPv4'))]).toEqual([
      families,
      families,
    ]);
    expect(got.clusterIP).toBe(got.clusterIPs[0]);
    expect(addresses(world)).toEqual(expect.arrayContaining(got.clusterIPs));
  });

  test.each<[spec: Body, text: string]>([
    [
      { ipFamilyPolicy: 'RequireDualStack' },
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
    [{ ipFamilies: ['IPv6'] }, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    [
      { clusterIP: 'fd00::1' },
      'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
    ],
  ])('of %j need a network of their own', async (spec, text) => {
    const world = await apiWorld();
    await expect(world.create('services', aServiceBody('a', spec))).rejects.toMatchObject({
      message: `Service "a" is invalid: ${text}`,
    });
  });

  test('are both there for a headless service without a selector', async () => {
    const world = await apiWorld();
    const made = await world.create('services', {
      metadata: { name: 'a' },
      spec: { clusterIP: 'None', ports: [{ port: 80 }] },
    });
    expect(made.spec).toMatchObject({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] });
  });

  test('come and go with the policy, and the second address with them', async () => {
    const world = await apiWorld();
    await world.clock.advance(1_000);
    await network(world, 'six', 'fd00:10::/112');
    await world.create('services', aServiceBody('a'));
    const both = specOf(await patch(world, 'a', { ipFamilyPolicy: 'PreferDualStack' }));
    expect(both.clusterIPs).toHaveLength(2);
    expect(addresses(world)).toEqual(expect.arrayContaining(both.clusterIPs));
    const one = specOf(await patch(world, 'a', { ipFamilyPolicy: 'SingleStack' }));
    expect([one.clusterIPs, one.ipFamilies]).toEqual([[both.clusterIP], ['IPv4']]);
    expect(addresses(world)).not.toContain(both.clusterIPs[1]);
  });
});

describe('node ports', () => {
  const balancer = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };

  test('for health checks come and go with what needs them', async () => {
    const world = await apiWorld();
    const made = specOf(await world.create('services', aServiceBody('a', balancer)));
    expect(made.healthCheckNodePort).toBeGreaterThanOrEqual(30_000);
    expect(made.healthCheckNodePort).not.toBe(made.ports[0]?.nodePort);
    const shared = specOf(await patch(world, 'a', { externalTrafficPolicy: 'Cluster' }));
    expect(shared).not.toHaveProperty('healthCheckNodePort');
  });

  test('are not given to load balancers that need none', async () => {
    const world = await apiWorld();
    const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false };
    const made = specOf(await world.create('services', aServiceBody('a', spec)));
    expect(made.ports[0]).not.toHaveProperty('nodePort');
  });

  test('are one for a port served over two protocols', async () => {
    const world = await apiWorld();
    const ports = ['TCP', 'UDP'].map((protocol) => ({ name: protocol.toLowerCase(), port: 53, protocol }));
    const made = specOf(await world.create('services', aServiceBody('a', { type: 'NodePort', ports })));
    expect(made.ports[0]?.nodePort).toBe(made.ports[1]?.nodePort);
  });

  test('and what only a type needs goes with it', async () => {
    const world = await apiWorld();
    await world.create('services', aServiceBody('a', { type: 'LoadBalancer' }));
    const inside = specOf(await patch(world, 'a', { type: 'ClusterIP' }));
    expect(inside).not.toHaveProperty('externalTrafficPolicy');
    expect(inside).not.toHaveProperty('allocateLoadBalancerNodePorts');
    expect(inside.ports[0]).not.toHaveProperty('nodePort');
  });
});
