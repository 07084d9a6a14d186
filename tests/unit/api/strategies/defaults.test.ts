// What clients find filled in (facts §3.11), and that filling in twice is filling in once.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conform } from '../../../../infra/api/codec/conform.ts';
import { allKinds } from '../../../../infra/api/kinds/kinds.ts';
import { qosClass } from '../../../../infra/api/strategies/qos.ts';
import { strategyOf } from '../../../../infra/api/strategies/strategies.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { aDeploymentBody, aPodBody, aServiceBody } from '../../../kit/api-objects.ts';
import { apiWorld, type Body } from '../../../kit/api-world.ts';
import { objectsOf } from '../codec/schema-objects.ts';

describe('a pod', () => {
  test('has every default', async () => {
    const world = await apiWorld();
    const { spec } = await world.create('pods', aPodBody('a', { containers: [{ name: 'c', image: 'nginx' }] }));
    const mount = {
      name: expect.stringMatching(/^kube-api-access-.{5}$/),
      readOnly: true,
      mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
    };
    expect(spec).toEqual({
      containers: [
        {
          name: 'c',
          image: 'nginx',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'Always',
          volumeMounts: [mount],
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      securityContext: {},
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
      volumes: [
        {
          name: mount.name,
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
              {
                downwardAPI: {
                  items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
                },
              },
            ],
          },
        },
      ],
    });
  });

  test.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['registry:5000/nginx', 'Always'],
    ['registry:5000/nginx:1.27', 'IfNotPresent'],
    ['nginx@sha256:0000', 'IfNotPresent'],
    ['nginx:latest@sha256:0000', 'IfNotPresent'],
  ])('pulls %s %s', async (image, policy) => {
    const world = await apiWorld();
    const { spec } = await world.create('pods', aPodBody('a', { containers: [{ name: 'c', image }] }));
    expect((spec as { containers: Body[] }).containers[0]?.imagePullPolicy).toBe(policy);
  });

  test('has the defaults of its parts', async () => {
    const world = await apiWorld();
    const container = {
      name: 'c',
      image: 'x:1',
      ports: [{ containerPort: 80 }],
      resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
      livenessProbe: { httpGet: { port: 80 } },
      readinessProbe: { exec: { command: ['x'] }, periodSeconds: 3 },
    };
    const volumes = [
      { name: 'none' },
      { name: 'config', configMap: { name: 'x' } },
      { name: 'host', hostPath: { path: '/x' } },
      { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'x' } }] } },
    ];
    const { spec } = await world.create('pods', aPodBody('a', { containers: [container], hostNetwork: true, volumes }));
    const made = spec as { containers: Body[]; volumes: Body[] };
    const probe = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
    expect(made.containers[0]).toMatchObject({
      ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
      resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
      livenessProbe: { httpGet: { port: 80, path: '/', scheme: 'HTTP' }, ...probe },
      readinessProbe: { ...probe, periodSeconds: 3 },
    });
    expect(made.volumes.slice(0, 4)).toEqual([
      { name: 'none', emptyDir: {} },
      { name: 'config', configMap: { name: 'x', defaultMode: 420 } },
      { name: 'host', hostPath: { path: '/x', type: '' } },
      {
        name: 'token',
        projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: 'x', expirationSeconds: 3600 } }] },
      },
    ]);
  });

  test.each([
    [[{}], 'BestEffort'],
    [[{ limits: { cpu: '1', memory: '1Gi' } }], 'Guaranteed'],
    [[{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } }], 'Guaranteed'],
    [[{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } }], 'Burstable'],
    [[{ limits: { cpu: '1' } }], 'Burstable'],
    [[{ requests: { memory: '1' } }], 'Burstable'],
    [[{ limits: { cpu: '1', memory: '1Gi' } }, {}], 'Burstable'],
    [[{ requests: { cpu: '0' } }], 'BestEffort'],
    [[{ requests: { 'example.com/gpu': '1' } }], 'BestEffort'],
  ])('with resources %j is %s', (resources, qos) => {
    const containers = resources.map((one, i) => ({
      name: `c${i}`,
      image: 'x',
      resources: one as Record<string, Record<string, string>>,
    }));
    expect(qosClass({ containers })).toBe(qos);
  });

  test.each([
    [{ limits: { cpu: '1', memory: '1Gi' } }, 'Guaranteed'],
    [{ requests: { cpu: '1' } }, 'Burstable'],
    [{}, 'BestEffort'],
  ])('given %j as a whole is %s, whatever its containers are', (resources, qos) => {
    const containers = [{ name: 'c', image: 'x', resources: { requests: { cpu: '500m' } } }];
    expect(qosClass({ containers, resources })).toBe(qos);
  });
});

test('a deployment has every default', async () => {
  const world = await apiWorld();
  const body = aDeploymentBody('a');
  const { replicas: _, ...spec } = body.spec as Body;
  const created = await world.create('deployments.apps', { ...body, spec });
  expect(created.spec).toMatchObject({
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    template: { spec: { restartPolicy: 'Always', schedulerName: 'default-scheduler' } },
  });
  expect((created.spec as { template: { spec: Body } }).template.spec).not.toHaveProperty('enableServiceLinks');
  const recreate = await world.create('deployments.apps', aDeploymentBody('b', { strategy: { type: 'Recreate' } }));
  expect((recreate.spec as Body).strategy).toEqual({ type: 'Recreate' });
});

test('a service has every default of its type', async () => {
  const world = await apiWorld();
  const create = async (name: string, spec: Body) => (await world.create('services', aServiceBody(name, spec))).spec;
  const clusterIP = expect.stringMatching(/^10\.96\.\d+\.\d+$/);
  const base = {
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    sessionAffinity: 'None',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: 'Cluster',
    clusterIP,
    clusterIPs: [clusterIP],
  };
  expect(await create('a', {})).toEqual({ ...base, type: 'ClusterIP', selector: { app: 'a' } });
  expect(await create('b', { clusterIP: 'None' })).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
  const nodePort = expect.any(Number);
  expect(await create('c', { type: 'NodePort' })).toEqual({
    ...base,
    type: 'NodePort',
    selector: { app: 'c' },
    externalTrafficPolicy: 'Cluster',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80, nodePort }],
  });
  expect(await create('d', { type: 'LoadBalancer' })).toMatchObject({ allocateLoadBalancerNodePorts: true });
  expect(await create('e', { type: 'ExternalName', externalName: 'x.y', ports: undefined })).toEqual({
    type: 'ExternalName',
    externalName: 'x.y',
    selector: { app: 'e' },
    sessionAffinity: 'None',
  });
  expect(await create('f', { sessionAffinity: 'ClientIP' })).toMatchObject({
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
  });
});

test('other kinds have theirs', async () => {
  const world = await apiWorld();
  expect(await world.create('secrets', { metadata: { name: 'a' } })).toMatchObject({ type: 'Opaque' });
  expect(await world.create('namespaces', { metadata: { name: 'a' } })).toMatchObject({
    metadata: { labels: { 'kubernetes.io/metadata.name': 'a' } },
  });
  expect(
    await world.create('endpoints', {
      metadata: { name: 'a' },
      subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 1 }] }],
    }),
  ).toMatchObject({
    subsets: [{ ports: [{ port: 1, protocol: 'TCP' }] }],
  });
});

// Strategies are of stored kinds: a kind's other face is turned into the stored one first.
const defaulted = allKinds().filter((kind) => strategyOf(kind).defaults !== undefined && kind.storedAs === undefined);

test.each(defaulted.map((kind) => [kind.resource, kind] as const))(
  'defaulting %s twice is defaulting once',
  (_, kind) => {
    const strategy = strategyOf(kind);
    fc.assert(
      fc.property(objectsOf(kind.schema, 6), (random) => {
        const object = { ...random, metadata: { name: 'a', uid: '' } } as unknown as AnyObject;
        const once = strategy.defaults?.(object) ?? object;
        expect(strategy.defaults?.(once)).toEqual(once);
        // Also as it comes back from a client.
        const back = conform(structuredClone(once) as unknown as Record<string, unknown>, kind.schema);
        if (back.type === 'conforms') expect(strategy.defaults?.(back.object as AnyObject)).toEqual(back.object);
      }),
      { numRuns: 200 },
    );
  },
);
