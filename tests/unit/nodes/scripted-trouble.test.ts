// What annotations make of simulated pods: probes that turn, memory that grows, hooks that take their time, and what a pod
// refers to and does not find. All in virtual time, with upstream's texts.

import { describe, expect, test } from 'vitest';
import { resources } from '../../../streams/resources/names.ts';
import type { Node } from '../../../streams/resources/node.ts';
import type { Container, Pod } from '../../../streams/resources/pod.ts';
import { NodeCluster } from '../../kit/node-cluster.ts';
import { aContainer } from '../../kit/pods.ts';

const probe = { httpGet: { port: 80 }, periodSeconds: 2, failureThreshold: 2 };
const quick = { 'start-latency': '0', 'pull-latency': '0' };
const withContainer = (more: Partial<Container>) => ({ containers: [aContainer('c', more)] });

/** Since the pod was created, in seconds: when it was told to have become ready, unready, restarted … */
function timeline(cluster: NodeCluster, types: readonly string[]): string[] {
  const changes = cluster.changes.filter(({ ref }) => ref.name === 'web');
  const startMs = changes[0]?.event.timeMs ?? 0;
  return changes
    .filter(({ event }) => types.includes(event.type))
    .map(({ event }) => `${Math.round((event.timeMs - startMs) / 1_000)} ${event.type}`);
}

describe('probes', () => {
  test('make a pod ready and unready as scripted, and tell every failure', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({
      spec: withContainer({ readinessProbe: probe }),
      simulation: { ...quick, readiness: 'fail ..3s, fail 10s..20s' },
    });
    await cluster.clock.advance(30_000);
    expect(timeline(cluster, ['pod.ready', 'pod.unready'])).toEqual(['4 pod.ready', '12 pod.unready', '20 pod.ready']);
    const failed = cluster.told().filter((text) => text.startsWith('Unhealthy'));
    expect(failed).toHaveLength(2 + 5);
    expect(failed[0]).toBe('Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 503');
    expect(cluster.anomalies).toEqual([]);
  });

  test('of a healthy pod let its worker rest', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec: withContainer({ readinessProbe: probe, livenessProbe: probe }), simulation: quick });
    await cluster.clock.advance(3_600_000);
    expect(cluster.story().slice(2)).toEqual(['pod.starting', 'pod.started', 'pod.ready']);
  });

  test('wait for the startup probe, which ends a container that never starts', async () => {
    const cluster = await NodeCluster.start();
    const spec = withContainer({ startupProbe: probe, readinessProbe: probe });
    await cluster.run({ spec, simulation: { ...quick, startup: 'fail ..1s' } });
    await cluster.run({ name: 'never', spec, simulation: { ...quick, startup: 'fail', 'stop-duration': '100ms' } });
    await cluster.clock.advance(4_000);
    expect(timeline(cluster, ['pod.started', 'pod.ready'])).toEqual(['0 pod.started', '2 pod.ready']);
    expect(cluster.told('never')).toContain('Killing Container c failed startup probe, will be restarted');
    expect(cluster.pod('never').status?.containerStatuses?.[0]).toMatchObject({ started: false, restartCount: 1 });
  });

  test('that find a container dead have it restarted, with the back-off of any crash', async () => {
    const cluster = await NodeCluster.start();
    const livenessProbe = { ...probe, failureThreshold: 1, terminationGracePeriodSeconds: 3 };
    const simulation = { ...quick, liveness: 'fail 5s..', 'stop-duration': '1h' };
    await cluster.run({ spec: withContainer({ livenessProbe }), simulation });
    await cluster.clock.advance(40_000);
    // Found dead at 6 s, killed 3 s later; the next time 10 s of back-off follow.
    expect(timeline(cluster, ['pod.crashed', 'pod.recovered', 'pod.restarted'])).toEqual([
      '9 pod.crashed',
      '9 pod.recovered',
      '18 pod.crashed',
      '28 pod.recovered',
      '37 pod.crashed',
    ]);
    expect(cluster.pod().status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 137 });
  });

  test('follow the annotations of a pod that runs', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({
      spec: withContainer({ readinessProbe: { ...probe, failureThreshold: 1 } }),
      simulation: quick,
    });
    await cluster.clock.advance(10_000);
    await annotate(cluster, { readiness: 'fail' });
    await cluster.clock.advance(5_000);
    await annotate(cluster, { readiness: 'ok' });
    await cluster.clock.advance(5_000);
    expect(cluster.story().slice(2)).toEqual([
      'pod.starting',
      'pod.started',
      'pod.ready',
      'pod.updated',
      'pod.unready',
      'pod.updated',
      'pod.ready',
    ]);
  });
});

describe('memory', () => {
  const limited = withContainer({ resources: { limits: { memory: '256Mi' } } });

  test('above its limit ends the container, as the kernel does', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({
      spec: { ...limited, restartPolicy: 'Never' },
      simulation: { ...quick, memory: '64Mi..512Mi/70s' },
    });
    await cluster.clock.advance(29_000);
    expect(cluster.pod().status?.phase).toBe('Running');
    await cluster.clock.advance(2_000);
    expect(cluster.pod().status).toMatchObject({
      phase: 'Failed',
      containerStatuses: [{ state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }],
    });
  });

  test('may be made to grow while the container runs', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec: limited, simulation: quick });
    await cluster.clock.advance(10_000);
    await annotate(cluster, { memory: '1Gi' });
    await cluster.clock.advance(100);
    expect(cluster.pod().status?.containerStatuses?.[0]).toMatchObject({ restartCount: 1 });
  });

  test('of the node evicts the pod that exceeds its request most', async () => {
    const cluster = await NodeCluster.start({ nodes: { capacity: { cpu: '4', memory: '1Gi', pods: '10' } } });
    const requests = { memory: '500Mi' };
    await cluster.run({
      name: 'modest',
      spec: withContainer({ resources: { requests } }),
      simulation: { memory: '300Mi' },
    });
    await cluster.run({ name: 'greedy', spec: withContainer({}), simulation: { memory: '100Mi..700Mi/60s' } });
    await cluster.clock.advance(80_000);
    expect(cluster.pod('modest').status?.phase).toBe('Running');
    expect(cluster.pod('greedy').status).toMatchObject({ phase: 'Failed', reason: 'Evicted' });
    expect(cluster.pod('greedy').status?.message).toMatch(
      /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: \d+Ki\. Container c was using \d+[KM]i, request is 0, has larger consumption of memory\. $/,
    );
    expect(cluster.pod('greedy').status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
    );
    const pressure = () =>
      cluster.view
        .get<Node>(resources.nodes, { name: 'node-1' })
        ?.status?.conditions?.find(({ type }) => type === 'MemoryPressure')?.status;
    expect(pressure()).toBe('True');
    await cluster.clock.advance(310_000);
    expect(pressure()).toBe('False');
    expect(cluster.anomalies).toEqual([]);
  });
});

describe('a preStop hook', () => {
  const ending = async (lifecycle: Container['lifecycle'], simulation: object, grace = 30) => {
    const cluster = await NodeCluster.start();
    const spec = { ...withContainer({ ...(lifecycle && { lifecycle }) }), terminationGracePeriodSeconds: grace };
    await cluster.run({ spec, simulation: { ...quick, ...simulation }, finalizers: ['example.com/kept'] });
    await cluster.clock.advance(1_000);
    await cluster.delete();
    const deletedMs = cluster.clock.now();
    await cluster.clock.advance(60_000);
    const { terminated } = cluster.pod().status?.containerStatuses?.[0]?.state ?? {};
    const seconds = Math.round((Date.parse(terminated?.finishedAt ?? '') - deletedMs) / 1_000);
    return { seconds, code: terminated?.exitCode, told: cluster.told() };
  };
  const exec = { preStop: { exec: { command: ['drain'] } } };

  test('takes its time out of the grace', async () => {
    expect(await ending(exec, { 'pre-stop': '10s', 'stop-duration': '1s' })).toMatchObject({ seconds: 11, code: 0 });
    expect(await ending(exec, { 'pre-stop': '10s', 'stop-duration': '1h' })).toMatchObject({ seconds: 30, code: 137 });
  });

  test('that takes all of it leaves two seconds', async () => {
    expect(await ending(exec, { 'pre-stop': '1h', 'stop-duration': '1h' })).toMatchObject({ seconds: 32, code: 137 });
  });

  test('may sleep', async () => {
    const sleeping = { preStop: { sleep: { seconds: 5 } } };
    expect(await ending(sleeping, { 'stop-duration': '0' })).toMatchObject({ seconds: 5, code: 0 });
  });

  test('that fails is told, and holds nothing up', async () => {
    const { seconds, told } = await ending(exec, { 'pre-stop': 'fail', 'stop-duration': '1s' });
    expect(seconds).toBe(1);
    expect(told).toContain('FailedPreStopHook PreStopHook failed');
  });
});

describe('a postStart hook', () => {
  const started = async (lifecycle: Container['lifecycle'], simulation: object, spec: Partial<Pod['spec']> = {}) => {
    const cluster = await NodeCluster.start();
    await cluster.run({
      spec: { ...withContainer({ ...(lifecycle && { lifecycle }) }), ...spec },
      simulation: { ...quick, ...simulation },
    });
    return cluster;
  };
  const exec = { postStart: { exec: { command: ['warm-up'] } } };
  const stateOf = (cluster: NodeCluster) => cluster.pod().status?.containerStatuses?.[0];

  test('that takes its time keeps the container from counting as running', async () => {
    for (const [lifecycle, simulation] of [
      [exec, { 'post-start': '10s' }],
      [{ postStart: { sleep: { seconds: 10 } } }, {}],
    ] as const) {
      const cluster = await started(lifecycle, simulation);
      await cluster.clock.advance(9_000);
      expect(stateOf(cluster)?.state?.waiting?.reason).toBe('ContainerCreating');
      await cluster.clock.advance(2_000);
      expect(stateOf(cluster)).toMatchObject({ ready: true, restartCount: 0 });
      expect(cluster.pod().status?.phase).toBe('Running');
    }
  });

  test('succeeds at once where nothing is said', async () => {
    const cluster = await started(exec, {});
    await cluster.clock.advance(1_000);
    expect(stateOf(cluster)).toMatchObject({ ready: true, restartCount: 0 });
    expect(cluster.anomalies).toEqual([]);
  });

  test('that fails has the container killed and started again, later and later', async () => {
    const cluster = await started(exec, { 'post-start': 'fail' });
    await cluster.clock.advance(5_000);
    expect(cluster.told().slice(-5)).toEqual([
      'Created Container created',
      'Started Container started',
      'FailedPostStartHook PostStartHook failed',
      'Killing FailedPostStartHook',
      expect.stringMatching(/^(Pulled|BackOff) /),
    ]);
    await cluster.clock.advance(60_000);
    expect(stateOf(cluster)).toMatchObject({ ready: false, restartCount: 3 });
    expect(stateOf(cluster)?.state?.waiting?.reason).toBe('CrashLoopBackOff');
    expect(cluster.anomalies).toEqual([]);
  });

  test('may fail so many times only, and means one container where that is named', async () => {
    const cluster = await started(exec, { 'post-start.c': 'fail', failures: '2', run: 'run' });
    await cluster.clock.advance(60_000);
    expect(stateOf(cluster)).toMatchObject({ ready: true, restartCount: 2 });
  });

  test('that fails ends a pod that is not to be restarted', async () => {
    const cluster = await started(exec, { 'post-start': 'fail' }, { restartPolicy: 'Never' });
    await cluster.clock.advance(60_000);
    expect(stateOf(cluster)).toMatchObject({ restartCount: 0, state: { terminated: {} } });
  });

  test('holds up no pod that is to go', async () => {
    const cluster = await started(exec, { 'post-start': '1h' });
    await cluster.clock.advance(5_000);
    await cluster.delete();
    await cluster.clock.advance(5_000);
    expect(cluster.find()).toBeUndefined();
    expect(cluster.anomalies).toEqual([]);
  });

  test('that is written badly is said to be', async () => {
    const cluster = await started(exec, { 'post-start': 'later' });
    await cluster.clock.advance(1_000);
    expect(stateOf(cluster)?.state?.waiting).toEqual({
      reason: 'CreateContainerConfigError',
      message:
        'annotation simulation.shiplog.dev/post-start is "later", which is not a duration such as 500ms, 3s or 1m30s',
    });
  });
});

describe('what a pod refers to', () => {
  const claim = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
  const rows: readonly { readonly what: string; readonly spec: Partial<Pod['spec']>; readonly told: string }[] = [
    {
      what: 'a ConfigMap for its variables',
      spec: withContainer({ envFrom: [{ configMapRef: { name: 'settings' } }] }),
      told: 'Failed Error: configmap "settings" not found',
    },
    {
      what: 'a Secret for one variable',
      spec: withContainer({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'a' } } }] }),
      told: 'Failed Error: secret "keys" not found',
    },
    {
      what: 'a Secret to mount',
      spec: { ...withContainer({}), volumes: [{ name: 'v', secret: { secretName: 'keys' } }] },
      told: 'FailedMount MountVolume.SetUp failed for volume "v" : secret "keys" not found',
    },
    {
      what: 'a claim that nobody made',
      spec: { ...withContainer({}), volumes: [claim] },
      told: 'FailedMount Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found',
    },
  ];

  test.each(rows)('and is not there is waited for: $what', async ({ spec, told }) => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec });
    await cluster.clock.advance(1_000);
    expect(cluster.told().find((text) => text.startsWith('Failed'))).toBe(told);
    expect(cluster.pod().status?.phase).toBe('Pending');
  });

  test('lets it start once it is there', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({
      spec: withContainer({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 's', key: 'a' } } }] }),
    });
    await cluster.clock.advance(1_000);
    const metadata = { name: 's', namespace: 'default' };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { b: '1' } };
    await cluster.write({ kind: 'create', resource: resources.configMaps, object } as never);
    await cluster.clock.advance(12_000);
    expect(cluster.told()).toContain("Failed Error: couldn't find key a in ConfigMap default/s");
    const known = cluster.view.get(resources.configMaps, metadata);
    await cluster.write({
      kind: 'update',
      resource: resources.configMaps,
      object: { ...known, data: { a: '1' } },
    } as never);
    await cluster.clock.advance(12_000);
    expect(cluster.pod().status?.phase).toBe('Running');
  });

  test('and may be absent is not waited for', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec: withContainer({ envFrom: [{ secretRef: { name: 'keys', optional: true } }] }) });
    await cluster.clock.advance(1_000);
    expect(cluster.pod().status?.phase).toBe('Running');
  });
});

async function annotate(cluster: NodeCluster, values: Readonly<Record<string, string>>): Promise<void> {
  const added = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`simulation.shiplog.dev/${key}`, value]),
  );
  await cluster.change('web', (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, ...added } },
  }));
}
