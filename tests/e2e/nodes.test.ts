// Pods on simulated nodes as a developer meets them, with the real kubectl: probes, crashes, memory, sidecars, debugging,
// resizing, and nodes that are added, go down and run short.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../streams/resources/pod.ts';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

const script = (name: string, value: string) => ({ [`simulation.shiplog.dev/${name}`]: value });

describe.skipIf(kubectlPath === undefined)('simulated nodes', () => {
  const cluster = new RunningCluster(['--nodes', '2']);
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const apply = async (name: string, spec: object, annotations: object = {}) => {
    const metadata = { name, annotations: { ...script('start-latency', '10ms'), ...annotations } };
    const file = join(cluster.directory, `${name}.json`);
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }));
    await cluster.ok(['apply', '-f', file]);
  };
  const pod = (name: string) => cluster.json<Pod>(['get', 'pod', name]);
  const statusOf = async (name: string) => (await pod(name)).status?.containerStatuses?.[0];
  const container = (more: object = {}) => ({ name: 'c', image: 'nginx:1.27', ...more });
  const shiplog = async (...args: string[]) => {
    const { code, stdout, stderr } = await cluster.shiplog([...args, '--kubeconfig', cluster.kubeconfig]);
    return { code, text: `${stdout}${stderr}`.trim() };
  };

  test('a pod becomes unready and ready again as kubectl annotate says', async () => {
    const readinessProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 1 };
    await apply('probed', { containers: [container({ readinessProbe })] });
    await cluster.ok(['wait', 'pod/probed', '--for=condition=Ready', '--timeout=20s']);
    const annotation = 'simulation.shiplog.dev/readiness';
    await cluster.ok(['annotate', 'pod/probed', `${annotation}=fail`]);
    await cluster.ok(['wait', 'pod/probed', '--for=condition=Ready=False', '--timeout=20s']);
    await eventually(async () =>
      expect(await cluster.ok(['describe', 'pod', 'probed'])).toContain(
        'Readiness probe failed: HTTP probe failed with statuscode: 503',
      ),
    );
    await cluster.ok(['annotate', 'pod/probed', `${annotation}-`]);
    await cluster.ok(['wait', 'pod/probed', '--for=condition=Ready', '--timeout=20s']);
  });

  test('a failing liveness probe restarts its container', async () => {
    const livenessProbe = { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 1 };
    await apply('ill', { containers: [container({ livenessProbe })] }, script('liveness', 'fail 1s..'));
    await eventually(async () => expect((await statusOf('ill'))?.restartCount).toBeGreaterThan(0));
    const told = await cluster.ok(['describe', 'pod', 'ill']);
    expect(told).toContain('Container c failed liveness probe, will be restarted');
    expect(told).toMatch(/Liveness probe failed: dial tcp 10\.244\.\d+\.\d+:80: connect: connection refused/);
  });

  test('a pod that crashes shows CrashLoopBackOff, one that outgrows its limit OOMKilled', async () => {
    await apply('crashing', { containers: [container()] }, script('run', 'crash-loop'));
    const limits = { memory: '64Mi' };
    await apply('greedy', { containers: [container({ resources: { limits } })] }, script('memory', '1Mi..128Mi/1s'));
    await eventually(async () => {
      const lines = await cluster.ok(['get', 'pods', 'crashing', 'greedy', '--no-headers']);
      expect(lines).toMatch(/crashing\s+0\/1\s+CrashLoopBackOff/);
      expect((await statusOf('greedy'))?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    });
    expect(await cluster.ok(['describe', 'pod', 'greedy'])).toMatch(/Last State: +Terminated\n +Reason: +OOMKilled/);
  });

  test('a pod waits for its ConfigMap and starts once it is there', async () => {
    await apply('mounting', {
      containers: [container()],
      volumes: [{ name: 'settings', configMap: { name: 'settings' } }],
    });
    await eventually(async () =>
      expect(await cluster.ok(['describe', 'pod', 'mounting'])).toContain(
        'MountVolume.SetUp failed for volume "settings" : configmap "settings" not found',
      ),
    );
    await cluster.ok(['create', 'configmap', 'settings', '--from-literal=a=b']);
    await cluster.ok(['wait', 'pod/mounting', '--for=condition=Ready', '--timeout=20s']);
  });

  test('a sidecar starts before the main container and ends after it', async () => {
    const initContainers = [container({ name: 'proxy', restartPolicy: 'Always' }), container({ name: 'setup' })];
    const scripts = { ...script('run', 'complete'), ...script('duration', '1s') };
    await apply('with-sidecar', { restartPolicy: 'Never', initContainers, containers: [container()] }, scripts);
    await cluster.ok(['wait', 'pod/with-sidecar', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=20s']);
    const { status } = await pod('with-sidecar');
    const [proxy] = status?.initContainerStatuses ?? [];
    const [main] = status?.containerStatuses ?? [];
    const ended = (at: string | undefined) => Date.parse(at ?? '');
    expect(ended(proxy?.state?.terminated?.finishedAt)).toBeGreaterThanOrEqual(
      ended(main?.state?.terminated?.finishedAt),
    );
    expect(ended(proxy?.state?.terminated?.startedAt)).toBeLessThanOrEqual(ended(main?.state?.terminated?.startedAt));
  });

  test('kubectl debug adds a container to a pod that runs', async () => {
    await cluster.ok(['debug', 'probed', '--image=busybox', '--container=debugger', '--attach=false']);
    await eventually(async () =>
      expect((await pod('probed')).status?.ephemeralContainerStatuses).toMatchObject([
        { name: 'debugger', state: { running: {} } },
      ]),
    );
    expect(await cluster.ok(['describe', 'pod', 'probed'])).toMatch(/Ephemeral Containers:\n +debugger:/);
  });

  test('a pod is resized in place, or waits for room', async () => {
    const requests = { cpu: '100m', memory: '64Mi' };
    await apply('sized', { containers: [container({ resources: { requests } })] });
    await cluster.ok(['wait', 'pod/sized', '--for=condition=Ready', '--timeout=20s']);
    const resize = (cpu: string) =>
      cluster.ok([
        ...['patch', 'pod', 'sized', '--subresource=resize', '--type=strategic', '-p'],
        JSON.stringify({ spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] } }),
      ]);
    await resize('500m');
    await eventually(async () =>
      expect(await statusOf('sized')).toMatchObject({
        restartCount: 0,
        allocatedResources: { cpu: '500m', memory: '64Mi' },
        resources: { requests: { cpu: '500m', memory: '64Mi' } },
      }),
    );
    await apply('neighbour', {
      nodeName: (await pod('sized')).spec.nodeName,
      containers: [container({ resources: { requests: { cpu: '5' } } })],
    });
    await cluster.ok(['wait', 'pod/neighbour', '--for=condition=Ready', '--timeout=20s']);
    await resize('4');
    const pending = async () =>
      (await pod('sized')).status?.conditions?.find(({ type }) => type === 'PodResizePending');
    await eventually(async () => expect(await pending()).toMatchObject({ status: 'True', reason: 'Deferred' }));
    await cluster.ok(['delete', 'pod', 'neighbour', '--grace-period=1']);
    await eventually(async () => {
      expect((await statusOf('sized'))?.allocatedResources?.cpu).toBe('4');
      expect(await pending()).toBeUndefined();
    });
    expect(await cluster.ok(['events', '--for', 'pod/sized'])).toContain('Pod resize completed: {"containers":[{');
  });

  test('nodes are added after a profile, listed, kept over a restart, and removed', async () => {
    const file = join(cluster.directory, 'tiny.yaml');
    writeFileSync(file, 'name: tiny\ncapacity: { cpu: 1, memory: 1Gi }\nzones: [a, b]\nlabels: { size: tiny }\n');
    expect(await shiplog('nodes', 'add', '3', '--profile', file)).toEqual({
      code: 0,
      text: 'added 3 nodes: tiny-1 … tiny-3',
    });
    expect(await cluster.ok(['get', 'nodes', '-l', 'size=tiny', '--no-headers'])).toMatch(/^(tiny-\d +Ready.*\n?){3}$/);
    const zones = await cluster.ok([
      'get',
      'nodes',
      '-l',
      'size=tiny',
      '-o',
      'name',
      '-L',
      'topology.kubernetes.io/zone',
    ]);
    expect(zones.split('\n')).toHaveLength(3);
    const { text } = await shiplog('nodes');
    expect(text).toMatch(/^NAME +STATE +PROFILE +ZONE +PODS +CPU +MEMORY +SHORT OF\n/);
    expect(text).toMatch(/tiny-2 +Ready +tiny +b +\d+\/110 +\d+m\/1 \(\d+%\) +\d+Mi\/1024Mi \(\d+%\)/);
    await cluster.stop();
    await cluster.start();
    await eventually(async () => expect((await shiplog('nodes')).text).toMatch(/tiny-3 +Ready +tiny +a/));
    expect((await shiplog('nodes', 'remove', 'tiny-1', 'tiny-2', 'tiny-3')).text).toBe(
      'tiny-1 removed\ntiny-2 removed\ntiny-3 removed',
    );
    expect(await cluster.ok(['get', 'nodes', '-o', 'name'])).toBe('node/node-1\nnode/node-2');
  });

  test('a profile that is wrong is refused with everything that is wrong', async () => {
    const file = join(cluster.directory, 'wrong.yaml');
    writeFileSync(file, 'name: Wrong One\ncapacity: { cpu: many }\nlatency: { pull: soon }\nzone: a\n');
    const { code, text } = await shiplog('nodes', 'add', '1', '--profile', file);
    expect(code).toBe(1);
    expect(text).toContain('zone: there is no such field; there are name, capacity, zones,');
    expect(text).toContain('name: must be a short name of lower-case letters, digits and dashes, and is "Wrong One"');
    expect(text).toContain('capacity.cpu: must be a quantity such as 4, 500m or 16Gi, and is "many"');
    expect(text).toContain('latency.pull: must be a duration such as 300ms, or one of constant: 300ms');
  });

  test('a node that is short of memory says so, is tainted and evicts', async () => {
    await apply('victim', { nodeName: 'node-2', containers: [container()] });
    await cluster.ok(['wait', 'pod/victim', '--for=condition=Ready', '--timeout=20s']);
    expect((await shiplog('nodes', 'pressure', 'memory', 'on', 'node-2')).text).toBe('node-2 is short of memory');
    await cluster.ok(['wait', 'node/node-2', '--for=condition=MemoryPressure', '--timeout=20s']);
    await eventually(async () =>
      expect(await cluster.ok(['get', 'node', 'node-2', '-o', 'jsonpath={.spec.taints[*].key}'])).toContain(
        'node.kubernetes.io/memory-pressure',
      ),
    );
    await eventually(async () => {
      const pods = await cluster.json<{ items: Pod[] }>(['get', 'pods', '--field-selector=spec.nodeName=node-2']);
      const evicted = pods.items.filter(({ status }) => status?.reason === 'Evicted');
      expect(evicted.length).toBeGreaterThan(0);
      expect(evicted[0]?.status?.message).toMatch(/^The node was low on resource: memory\. /);
    });
    await shiplog('nodes', 'pressure', 'memory', 'off', 'node-2');
    await cluster.ok(['wait', 'node/node-2', '--for=condition=MemoryPressure=False', '--timeout=20s']);
    const told = await cluster.ok(['describe', 'node', 'node-2']);
    expect(told).toContain('Node node-2 status is now: NodeHasInsufficientMemory');
    expect(told).toContain('Attempting to reclaim memory');
  });

  test('a machine that reboots comes back with another boot id, and one that crashed when it is restarted', async () => {
    const bootId = () => cluster.ok(['get', 'node', 'node-1', '-o', 'jsonpath={.status.nodeInfo.bootID}']);
    const before = await bootId();
    expect((await shiplog('nodes', 'reboot', 'node-1')).text).toBe('node-1 rebooted');
    await eventually(async () => expect(await bootId()).not.toBe(before));
    expect(await cluster.ok(['describe', 'node', 'node-1'])).toContain('Node node-1 has been rebooted, boot id: ');
    await shiplog('nodes', 'crash', 'node-1');
    expect((await shiplog('nodes', 'list', 'node-1')).text).toMatch(/node-1 +Ready \(down\) +default/);
    await shiplog('nodes', 'restart', 'node-1');
    expect((await shiplog('nodes', 'list', 'node-1')).text).toMatch(/node-1 +Ready +default/);
    expect((await shiplog('nodes', 'crash', 'node-9')).text).toBe(
      'error: there is no simulated node "node-9"; there are: node-1, node-2',
    );
  });
});
