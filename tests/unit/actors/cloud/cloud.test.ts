// The cloud-controller-manager with the local cloud: golden tables of what it does about services and nodes.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cloudNodeController,
  cloudNodeLifecycleController,
  nodeRouteController,
} from '../../../../actors/cloud/cloud-nodes.ts';
import { instanceAnnotation, localCloud } from '../../../../actors/cloud/local-cloud.ts';
import type { BalancedService } from '../../../../actors/cloud/provider.ts';
import { serviceLoadBalancerController } from '../../../../actors/cloud/service-load-balancer.ts';
import type { Node } from '../../../../streams/resources/node.ts';
import { reconciled, worldOf } from '../../../kit/given-world.ts';
import { LiveCluster } from '../../../kit/live-cluster.ts';

const services = { group: '', resource: 'services' } as const;
const cloud = localCloud();
const balancer = serviceLoadBalancerController(cloud);
const finalizer = 'service.kubernetes.io/load-balancer-cleanup';

type Given = Partial<BalancedService['spec']> & {
  readonly name?: string;
  readonly ip?: string;
  readonly finalized?: boolean;
  readonly deleting?: boolean;
};

function aService({ name = 'web', ip, finalized = false, deleting = false, ...spec }: Given = {}): BalancedService {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-of-${name}`,
      ...(finalized && { finalizers: [finalizer] }),
      ...(deleting && { deletionTimestamp: '2026-01-31T12:00:00Z' }),
    },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
    ...(ip !== undefined && { status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' as const }] } } }),
  };
}

type NodeGiven = {
  readonly name?: string;
  readonly ready?: 'True' | 'False' | 'Unknown';
  readonly taints?: readonly string[];
  readonly instance?: string;
  readonly providerID?: string;
  readonly podCIDR?: string;
};

function aNode({ name = 'node-2', ready = 'True', taints = [], instance, providerID, podCIDR }: NodeGiven = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: `uid-of-${name}`,
      labels: { 'shiplog.dev/simulated': 'true' },
      ...(instance !== undefined && { annotations: { [instanceAnnotation]: instance } }),
    },
    spec: {
      ...(providerID !== undefined && { providerID }),
      ...(podCIDR !== undefined && { podCIDR, podCIDRs: [podCIDR] }),
      ...(taints.length > 0 && { taints: taints.map((key) => ({ key, effect: 'NoSchedule' as const })) }),
    },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  };
}

const address = (ip: string) => `{"loadBalancer":{"ingress":[{"ip":"${ip}","ipMode":"VIP"}]}}`;

describe('a service', () => {
  test.each([
    ['of another type', aService({ type: 'ClusterIP' }), []],
    ['of another class', aService({ loadBalancerClass: 'example.com/own' }), []],
    [
      'that is new',
      aService(),
      [
        `update services web: metadata.finalizers none → ["${finalizer}"]`,
        'note Normal EnsuringLoadBalancer: Ensuring load balancer',
      ],
    ],
    [
      'with its finalizer',
      aService({ finalized: true }),
      [
        `update services/status web: status none → ${address('172.30.0.1')}`,
        'note Normal EnsuredLoadBalancer: Ensured load balancer',
      ],
    ],
    ['that has its address', aService({ finalized: true, ip: '172.30.0.1' }), []],
    [
      'that wishes for an address',
      aService({ finalized: true, loadBalancerIP: '172.30.1.7' }),
      [
        `update services/status web: status none → ${address('172.30.1.7')}`,
        'note Normal EnsuredLoadBalancer: Ensured load balancer',
      ],
    ],
    [
      'that wishes for one the cloud has not',
      aService({ finalized: true, loadBalancerIP: '10.0.0.1' }),
      [
        'note Warning SyncLoadBalancerFailed: Error syncing load balancer: failed to ensure load balancer: spec.loadBalancerIP 10.0.0.1 is not in 172.30.0.0/16',
        'again after 30000 ms',
      ],
    ],
    [
      'that is being deleted',
      aService({ finalized: true, deleting: true, ip: '172.30.0.1' }),
      [
        'update services/status web: status.loadBalancer.ingress [{"ip":"172.30.0.1","ipMode":"VIP"}] → none',
        'note Normal DeletingLoadBalancer: Deleting load balancer',
      ],
    ],
    [
      'that wants none any more and has no address left',
      aService({ finalized: true, type: 'ClusterIP' }),
      [
        `update services web: metadata.finalizers ["${finalizer}"] → []`,
        'note Normal DeletedLoadBalancer: Deleted load balancer',
      ],
    ],
  ] as const)('%s', (_, service, expected) => {
    expect(reconciled(balancer, worldOf(service, aNode()), { key: 'default/web' })).toEqual(expected);
  });

  test('is told when no node takes its traffic', () => {
    const lines = reconciled(balancer, worldOf(aService({ finalized: true }), aNode({ ready: 'False' })), {
      key: 'default/web',
    });
    expect(lines).toContain('note Warning UnAvailableLoadBalancer: There are no available nodes for LoadBalancer');
  });

  test('never gets an address that another has', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 20 }), async (steps) => {
        const cluster = await LiveCluster.start({ seed: 1, nodes: 1, only: [balancer] });
        for (const number of steps) {
          const name = `s${number}`;
          const there = cluster.view.get(services, { namespace: 'default', name });
          if (there === undefined) await cluster.create(aService({ name }));
          else await cluster.write({ kind: 'delete', resource: services, namespace: 'default', name });
          await cluster.pass(0.1);
        }
        await cluster.pass(5);
        const left = cluster.view.list<BalancedService>({ group: '', resource: 'services' }, { namespace: 'default' });
        const addresses = left
          .filter(({ spec }) => spec.type === 'LoadBalancer')
          .map(({ status }) => status?.loadBalancer?.ingress?.[0]?.ip);
        expect(addresses).not.toContain(undefined);
        expect(new Set(addresses).size).toBe(addresses.length);
      }),
      { numRuns: 10 },
    );
  });
});

const place = (zone: string) =>
  [
    ['beta.kubernetes.io/instance-type', 'simulated'],
    ['failure-domain.beta.kubernetes.io/region', 'local'],
    ['failure-domain.beta.kubernetes.io/zone', zone],
    ['node.kubernetes.io/instance-type', 'simulated'],
    ['topology.kubernetes.io/region', 'local'],
    ['topology.kubernetes.io/zone', zone],
  ] as const;

describe('a node', () => {
  test.each([
    ['node-1', 'local-a'],
    ['node-2', 'local-b'],
    ['node-3', 'local-c'],
    ['node-4', 'local-a'],
  ])('%s is initialized as an instance in zone %s', (name, zone) => {
    const [line = '', ...rest] = reconciled(cloudNodeController(cloud), worldOf(aNode({ name })), { key: name });
    expect(rest).toEqual([]);
    expect(line).toContain(`spec.providerID none → "shiplog://${zone}/${name}"`);
    for (const [label, value] of place(zone)) expect(line).toContain(`metadata.labels.${label} none → "${value}"`);
  });

  test('that waits for its cloud loses the taint', () => {
    const taint = 'node.cloudprovider.kubernetes.io/uninitialized';
    const node = aNode({ taints: [taint, 'mine'], providerID: 'aws:///i-1' });
    const [line] = reconciled(cloudNodeController(cloud), worldOf(node), { key: 'node-2' });
    expect(line).toContain('"key":"mine"');
    expect(line).not.toContain('providerID');
  });

  test('that is initialized, or another cloud’s, is left alone', () => {
    const foreign = { ...aNode(), metadata: { name: 'node-2', uid: 'u' } };
    for (const node of [aNode({ providerID: 'shiplog://local-b/node-2' }), foreign]) {
      expect(reconciled(cloudNodeController(cloud), worldOf(node), { key: 'node-2' })).toEqual([]);
    }
  });

  const shutdown = 'node.cloudprovider.kubernetes.io/shutdown';

  test.each([
    ['that is ready', aNode(), []],
    ['that is ready again', aNode({ taints: [shutdown] }), [/^update nodes node-2: spec\.taints .* → \[\]$/]],
    ['whose instance runs', aNode({ ready: 'Unknown' }), ['again after 5000 ms']],
    [
      'whose instance was shut down',
      aNode({ ready: 'Unknown', instance: 'shutdown' }),
      [/^update nodes node-2: spec\.taints none → \[\{"key":"node\.cloudprovider\.kubernetes\.io\/shutdown"/],
    ],
    [
      'whose instance is gone',
      aNode({ ready: 'Unknown', instance: 'gone' }),
      [
        'delete nodes node-2',
        'note Normal DeletingNode: Deleting node node-2 because it does not exist in the cloud provider',
      ],
    ],
    ['that is ready although its instance is said to be gone', aNode({ instance: 'gone' }), []],
  ] as const)('%s', (_, node, expected) => {
    const lines = reconciled(cloudNodeLifecycleController(cloud), worldOf(node), { key: 'node-2' });
    expect(lines).toEqual(expected.map((line) => (line instanceof RegExp ? expect.stringMatching(line) : line)));
  });

  test('gets a route once it has a network for its pods', () => {
    const controller = nodeRouteController(cloud);
    expect(reconciled(controller, worldOf(aNode()), { key: 'node-2' })).toEqual([]);
    const [line] = reconciled(controller, worldOf(aNode({ podCIDR: '10.244.1.0/24' })), { key: 'node-2' });
    expect(line).toBe('update nodes/status node-2: NetworkUnavailable=False(RouteCreated)');
  });
});
