// Pods on simulated nodes, through the real API server: what they go through, what is written, what people are told.

import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../streams/resources/pod.ts';
import { NodeCluster } from '../../kit/node-cluster.ts';
import { aContainer } from '../../kit/pods.ts';

describe('a plain pod', () => {
  test('needs two writes after it was bound, and is ready in well under a second', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run();
    await cluster.clock.advance(200);
    expect(cluster.story()).toEqual(['pod.created', 'pod.scheduled', 'pod.starting', 'pod.ready']);
    const { status } = cluster.pod();
    expect(status).toMatchObject({
      phase: 'Running',
      hostIP: '172.18.0.2',
      podIP: '10.244.0.1',
      podIPs: [{ ip: '10.244.0.1' }],
      observedGeneration: 1,
      qosClass: 'BestEffort',
      containerStatuses: [
        {
          name: 'c',
          ready: true,
          started: true,
          restartCount: 0,
          image: 'docker.io/library/nginx:1.27',
          lastState: {},
          state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        },
      ],
    });
    expect(status?.containerStatuses?.[0]?.containerID).toMatch(/^simulated:\/\/[0-9a-f]{64}$/);
    expect(status?.containerStatuses?.[0]?.imageID).toMatch(/^docker\.io\/library\/nginx@sha256:[0-9a-f]{64}$/);
    expect(status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
  });

  test('tells what happens to it, and pulls an image only once', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run();
    await cluster.clock.advance(500);
    await cluster.run({ name: 'second' });
    await cluster.clock.advance(500);
    const [pulling, pulled, ...rest] = cluster.told();
    expect(pulling).toBe('Pulling Pulling image "nginx:1.27"');
    expect(pulled).toMatch(
      /^Pulled Successfully pulled image "nginx:1\.27" in \d+ms \(\d+ms including waiting\)\. Image size: \d+ bytes\.$/,
    );
    expect(rest).toEqual(['Created Container created', 'Started Container started']);
    expect(cluster.told('second')[0]).toBe(
      'Pulled Container image "nginx:1.27" already present on machine and can be accessed by the pod',
    );
    expect(cluster.notes[0]).toMatchObject({
      component: 'kubelet',
      host: 'node-1',
      fieldPath: 'spec.containers{c}',
      type: 'Normal',
    });
  });

  test('records its kubelet as the author, and the event it acted on as the cause', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run();
    await cluster.clock.advance(200);
    const events = cluster.changes.filter(({ ref }) => ref.name === 'web').map(({ event }) => event);
    expect(events[2]?.author).toEqual({ user: 'system:node:node-1', agent: 'kubelet' });
    expect(events[2]?.cause).toEqual({ stream: 'LOG', revision: events[1]?.revision });
    expect(events[3]?.cause).toEqual({ stream: 'LOG', revision: events[2]?.revision });
  });

  test('starts all its containers side by side', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec: { containers: [aContainer('a'), aContainer('b')] } });
    await cluster.clock.advance(500);
    expect(cluster.pod().status?.phase).toBe('Running');
    expect(cluster.story().at(-1)).toBe('pod.ready');
    expect(cluster.anomalies).toEqual([]);
  });
});

describe('a pod that ends by itself', () => {
  test('succeeds where its containers complete', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec: { restartPolicy: 'Never' }, simulation: { run: 'complete', duration: '3s' } });
    await cluster.clock.advance(2_900);
    expect(cluster.pod().status?.phase).toBe('Running');
    await cluster.clock.advance(500);
    expect(cluster.story().slice(2)).toEqual(['pod.starting', 'pod.ready', 'pod.succeeded']);
    expect(cluster.pod().status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:00:03Z',
    });
    const conditions = cluster
      .pod()
      .status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
    expect(conditions).toContain('Ready=False PodCompleted');
    expect(conditions).toContain('Initialized=True PodCompleted');
  });

  test('completes on its own where a Job owns it', async () => {
    const cluster = await NodeCluster.start();
    const pod = await cluster.run({ spec: { restartPolicy: 'OnFailure' }, simulation: { 'start-latency': '100ms' } });
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'j', controller: true };
    await cluster.change('web', (now) => ({ ...now, metadata: { ...now.metadata, ownerReferences: [owner] } }));
    await cluster.clock.advance(3_000);
    expect(pod.metadata.ownerReferences).toBeUndefined();
    expect(cluster.pod().status?.phase).toBe('Succeeded');
  });

  test('fails with its exit code where nothing restarts it', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec: { restartPolicy: 'Never' }, simulation: { run: 'fail', 'exit-code': '3' } });
    await cluster.clock.advance(3_000);
    expect(cluster.story().at(-1)).toBe('pod.failed');
    expect(cluster.pod().status).toMatchObject({
      phase: 'Failed',
      containerStatuses: [{ state: { terminated: { exitCode: 3, reason: 'Error' } } }],
    });
  });

  test('is restarted on failure until it succeeds', async () => {
    const cluster = await NodeCluster.start();
    const simulation = { run: 'fail', failures: '2', duration: '100ms' };
    await cluster.run({ spec: { restartPolicy: 'OnFailure' }, simulation });
    await cluster.clock.advance(30_000);
    expect(cluster.pod().status?.containerStatuses?.[0]).toMatchObject({ restartCount: 2, ready: true });
    expect(cluster.story().at(-1)).toBe('pod.recovered');
  });

  test('fails when its deadline passes, whatever its containers do', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec: { activeDeadlineSeconds: 5 } });
    await cluster.clock.advance(6_000);
    expect(cluster.pod().status).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
    expect(cluster.anomalies).toEqual([]);
  });
});

describe('a pod that crashes', () => {
  test('is restarted at once, then after 10 s, doubling up to 5 minutes', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ simulation: { run: 'crash-loop', duration: '100ms', 'start-latency': '10ms' } });
    await cluster.clock.advance(1_500_000);
    const crashes = cluster.times('pod.crashed');
    const gaps = crashes.slice(1).map((at, index) => Math.round((at - (crashes[index] ?? 0)) / 1_000));
    expect(gaps.slice(0, 9)).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
    expect(cluster.anomalies).toEqual([]);
  });

  test('shows its exit first and its back-off then, in the words of Kubernetes', async () => {
    const cluster = await NodeCluster.start();
    const { metadata } = await cluster.run({ simulation: { run: 'crash-loop' } });
    await cluster.clock.advance(60_000);
    expect(cluster.story().slice(2, 8)).toEqual([
      'pod.starting',
      'pod.ready',
      'pod.crashed',
      'pod.recovered',
      'pod.crashed',
      'pod.backedOff',
    ]);
    const full = `web_default(${metadata.uid})`;
    expect(cluster.pod().status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 3,
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: `back-off 40s restarting failed container=c pod=${full}`,
        },
      },
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    });
    expect(cluster.told()).toContain(`BackOff Back-off restarting failed container c in pod ${full}`);
    expect(cluster.notes.find(({ reason }) => reason === 'BackOff')?.type).toBe('Warning');
  });

  test('is forgiven after ten minutes of a clean run', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ simulation: { run: 'fail', duration: '11m' } });
    await cluster.clock.advance(3 * 11 * 60_000 + 10_000);
    expect(cluster.times('pod.crashed')).toHaveLength(3);
    expect(cluster.story()).not.toContain('pod.backedOff');
  });
});

describe('a pod whose image cannot be had', () => {
  test('backs off pulling it, 10 s doubling up to 5 minutes', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ simulation: { run: 'never-pull' } });
    await cluster.clock.advance(1_000_000);
    expect(cluster.pod().status?.containerStatuses?.[0]?.state?.waiting).toMatchObject({ reason: 'ImagePullBackOff' });
    const fails = cluster.times('pod.imagePullFailed');
    const gaps = fails.slice(1).map((at, index) => Math.round((at - (fails[index] ?? 0)) / 1_000));
    expect(gaps.slice(0, 7)).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(
      cluster
        .told()
        .slice(0, 5)
        .map((text) => text.slice(0, 40)),
    ).toEqual([
      'Pulling Pulling image "nginx:1.27"',
      'Failed Failed to pull image "nginx:1.27"',
      'Failed Error: ErrImagePull',
      'BackOff Back-off pulling image "nginx:1.',
      'Failed Error: ImagePullBackOff',
    ]);
    expect(cluster.anomalies).toEqual([]);
  });

  test('says so where the image has no name, or may not be pulled', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ name: 'odd', spec: { containers: [aContainer('c', { image: 'NGINX:1' })] } });
    await cluster.run({ name: 'never', spec: { containers: [aContainer('c', { imagePullPolicy: 'Never' })] } });
    await cluster.clock.advance(1_000);
    const reason = (name: string) => cluster.pod(name).status?.containerStatuses?.[0]?.state?.waiting?.reason;
    expect([reason('odd'), reason('never')]).toEqual(['InvalidImageName', 'ErrImageNeverPull']);
  });
});

describe('a pod with a malformed annotation', () => {
  test('does not start, and says what is wrong with it', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ simulation: { duration: 'soon', run: 'complete' } });
    await cluster.clock.advance(1_000);
    expect(cluster.pod().status?.containerStatuses?.[0]?.state?.waiting).toEqual({
      reason: 'CreateContainerConfigError',
      message:
        'annotation simulation.shiplog.dev/duration is "soon", which is not a duration such as 500ms, 3s or 1m30s',
    });
    await cluster.change('web', ({ metadata, ...pod }) => ({ ...pod, metadata: { ...metadata, annotations: {} } }));
    await cluster.clock.advance(11_000);
    expect(cluster.pod().status?.phase).toBe('Running');
  });
});

describe('readiness', () => {
  test('comes at once without a probe, after its initial delay with one, never where told', async () => {
    const cluster = await NodeCluster.start();
    const probed = {
      spec: { containers: [aContainer('c', { readinessProbe: { httpGet: { port: 80 }, initialDelaySeconds: 20 } })] },
    };
    await cluster.run({ name: 'probed', ...probed });
    await cluster.run({ name: 'never', simulation: { 'ready-after': 'never' } });
    await cluster.clock.advance(19_000);
    expect(cluster.story('probed').at(-1)).toBe('pod.started');
    expect(cluster.pod('probed').status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [c]',
    });
    await cluster.clock.advance(2_000);
    expect(cluster.story('probed').at(-1)).toBe('pod.ready');
    expect(cluster.story('never').at(-1)).toBe('pod.started');
  });

  test('waits for the readiness gates, and follows them', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec: { readinessGates: [{ conditionType: 'example.com/gate' }] } });
    await cluster.clock.advance(1_000);
    const ready = () => cluster.pod().status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready()).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' });
    const gate = (status: 'True' | 'False') => (pod: Pod) => {
      const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'example.com/gate');
      return { ...pod, status: { ...pod.status, conditions: [...others, { type: 'example.com/gate', status }] } };
    };
    await cluster.change('web', gate('True'), 'status');
    await cluster.clock.advance(10);
    expect(ready()).toMatchObject({ status: 'True' });
    await cluster.change('web', gate('False'), 'status');
    await cluster.clock.advance(10);
    expect(ready()?.message).toBe('the status of pod readiness gate "example.com/gate" is not "True", but False');
  });
});

describe('init containers', () => {
  const init = (name: string) => aContainer(name);

  test('run one after the other before the main ones', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec: { initContainers: [init('one'), init('two')] } });
    await cluster.clock.advance(2_000);
    const started = cluster.notes.filter(({ reason }) => reason === 'Started').map(({ fieldPath }) => fieldPath);
    expect(started).toEqual(['spec.initContainers{one}', 'spec.initContainers{two}', 'spec.containers{c}']);
    expect(cluster.pod().status?.initContainerStatuses).toMatchObject([
      { name: 'one', state: { terminated: { exitCode: 0 } } },
      { name: 'two', state: { terminated: { exitCode: 0 } } },
    ]);
    expect(cluster.story().at(-1)).toBe('pod.ready');
    expect(cluster.anomalies).toEqual([]);
  });

  test('that fail are tried again, or fail the pod where nothing is restarted', async () => {
    const cluster = await NodeCluster.start();
    const simulation = { 'run.one': 'fail', 'duration.one': '100ms', 'failures.one': '1' };
    await cluster.run({
      name: 'again',
      spec: { initContainers: [init('one')] },
      simulation: { ...simulation, run: 'run' },
    });
    await cluster.run({
      name: 'never',
      spec: { initContainers: [init('one')], restartPolicy: 'Never' },
      simulation: { 'run.one': 'fail' },
    });
    await cluster.clock.advance(3_000);
    expect(cluster.pod('never').status).toMatchObject({ phase: 'Failed' });
    expect(cluster.pod('never').status?.containerStatuses?.[0]?.state).toEqual({
      waiting: { reason: 'PodInitializing' },
    });
    expect(cluster.pod('again').status?.initContainerStatuses?.[0]?.restartCount).toBeGreaterThan(0);
    expect(cluster.anomalies).toEqual([]);
  });

  test('that restart always are sidecars: they start first, go on running, and stop last', async () => {
    const cluster = await NodeCluster.start();
    const initContainers = [aContainer('proxy', { restartPolicy: 'Always' }), init('setup')];
    await cluster.run({
      spec: { initContainers, restartPolicy: 'Never' },
      simulation: { 'run.proxy': 'run', run: 'complete', duration: '2s' },
    });
    await cluster.clock.advance(1_000);
    expect(cluster.pod().status).toMatchObject({
      phase: 'Running',
      initContainerStatuses: [
        { name: 'proxy', ready: true, started: true, state: { running: {} } },
        { name: 'setup', state: { terminated: { exitCode: 0 } } },
      ],
    });
    await cluster.clock.advance(3_000);
    expect(cluster.pod().status).toMatchObject({
      phase: 'Succeeded',
      initContainerStatuses: [{ state: { terminated: { exitCode: 0 } } }, {}],
    });
    expect(cluster.anomalies).toEqual([]);
  });
});

describe('a change of the image', () => {
  test('replaces the container in place', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run();
    await cluster.clock.advance(500);
    await cluster.change('web', (pod) => {
      const containers = pod.spec.containers.map((container) => ({ ...container, image: 'nginx:1.28' }));
      return { ...pod, spec: { ...pod.spec, containers } };
    });
    await cluster.clock.advance(1_000);
    expect(cluster.told()).toContain('Killing Container c definition changed, will be restarted');
    expect(cluster.pod().status).toMatchObject({
      observedGeneration: 2,
      containerStatuses: [{ image: 'docker.io/library/nginx:1.28', restartCount: 1, ready: true }],
    });
  });
});
