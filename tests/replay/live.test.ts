// The replayed state against the API server's: each list at the revision it is of, whatever is written meanwhile.

import { describe, expect, test } from 'vitest';
import { ApiServerDown } from '../../infra/client/api-client.ts';
import { liveClusterBehind } from '../../infra/replay/live-cluster.ts';
import { isClean, verify } from '../../infra/replay/verify.ts';
import { type ApiWorld, apiWorld } from '../kit/api-world.ts';
import { streamsOf, withObject } from '../kit/tampered-log.ts';

function liveOf(world: ApiWorld, meanwhile: (path: string) => Promise<unknown> = async () => {}) {
  const asked: string[] = [];
  const live = liveClusterBehind({
    server: 'https://127.0.0.1:6443',
    async get(path) {
      asked.push(path);
      await meanwhile(path);
      return world.ask(path);
    },
    close() {},
  });
  return { live, asked };
}

async function aWorld(configMaps = 3): Promise<ApiWorld> {
  const world = await apiWorld();
  for (let i = 0; i < configMaps; i++) {
    await world.create('configmaps', { metadata: { name: `cm-${i}` }, data: { key: `value ${i}` } });
  }
  return world;
}

describe('the present', () => {
  test('is the same for every kind the API server lists', async () => {
    const world = await aWorld();
    const { live, asked } = liveOf(world);
    const verification = await verify({ streams: world.log.streams, live });
    expect(verification.findings.first).toEqual([]);
    expect(verification.comparison).toMatchObject({
      with: 'apiServer',
      server: 'https://127.0.0.1:6443',
      objects: verification.state.size,
      differences: { count: 0 },
      unlisted: [],
    });
    const paths = asked.map((path) => path.slice(0, path.indexOf('?')));
    expect(paths).toEqual(expect.arrayContaining(['/api/v1/configmaps', '/apis/apps/v1/deployments', '/api/v1/nodes']));
    for (const path of ['/api/v1/events', '/apis/coordination.k8s.io/v1/leases', '/apis/events.k8s.io/v1/events']) {
      expect(paths).not.toContain(path);
    }
  });

  test('may change while it is listed: the replay goes on to the revision of each list', async () => {
    const world = await aWorld();
    let written = 0;
    const { live } = liveOf(world, async (path) => {
      if (!path.includes('limit')) return;
      await world.create('secrets', { metadata: { name: `meanwhile-${written++}` } });
      await world.update('configmaps', 'cm-1', (object) => ({ ...object, data: { key: `changed ${written}` } }));
    });
    const verification = await verify({ streams: world.log.streams, live });
    expect(verification.comparison).toMatchObject({ with: 'apiServer', differences: { count: 0 } });
    expect(verification.state.events).toBe((await world.events()).length);
    expect(isClean(verification)).toBe(true);
  });

  test('is compared page by page at one revision', async () => {
    const world = await aWorld(1_203);
    let written = 0;
    const { live, asked } = liveOf(world, async (path) => {
      if (path.includes('continue='))
        await world.create('configmaps', { metadata: { name: `a-new-one-${written++}` } });
    });
    const { comparison } = await verify({ streams: world.log.streams, live });
    expect(comparison).toMatchObject({ with: 'apiServer', differences: { count: 0 } });
    expect(asked.filter((path) => path.startsWith('/api/v1/configmaps?'))).toHaveLength(3);
    expect(written).toBe(2);
  });

  test('is listed again when a page comes too late', async () => {
    const world = await aWorld(600);
    let refusals = 1;
    const live = liveClusterBehind({
      server: 'https://127.0.0.1:6443',
      async get(path) {
        if (path.includes('continue=') && refusals-- > 0) return { status: 410, text: '{"message":"too old"}' };
        return world.ask(path);
      },
      close() {},
    });
    const { comparison, state } = await verify({ streams: world.log.streams, live });
    expect(comparison).toMatchObject({ with: 'apiServer', objects: state.size, differences: { count: 0 } });
  });
});

describe('a difference', () => {
  test('in an object is told with its path and both values', async () => {
    const world = await aWorld();
    const events = (await world.events()).map((event) =>
      event.subject.endsWith('.cm-1')
        ? withObject(event, (object) => {
            Object.assign(object, { data: { key: 'forged', 'more.yaml': 'x' } });
          })
        : event,
    );
    const { comparison, findings } = await verify({ streams: streamsOf(events), live: liveOf(world).live });
    expect(findings.count).toBe(0);
    if (comparison.with !== 'apiServer') throw new Error('compared with the API server');
    expect(comparison.differences.first).toEqual([
      { object: 'default configmap/cm-1', path: '.data.key', replayed: 'forged', live: 'value 1' },
      { object: 'default configmap/cm-1', path: '.data["more.yaml"]', replayed: 'x', live: undefined },
    ]);
  });

  test('in what there is, is told for either side', async () => {
    const world = await aWorld();
    const events = await world.events();
    await world.create('configmaps', { metadata: { name: 'only-live' } });
    const [last] = (await world.events()).slice(-1);
    if (last === undefined) throw new Error('something was recorded');
    const forged = withObject(last, ({ metadata }) => {
      metadata.name = 'only-replayed';
    });
    const subject = last.subject.replace('only-live', 'only-replayed') as typeof last.subject;
    const { comparison } = await verify({
      streams: streamsOf([...events, { ...forged, subject }]),
      live: liveOf(world).live,
    });
    if (comparison.with !== 'apiServer') throw new Error('compared with the API server');
    expect(comparison.differences.first).toMatchObject([
      { object: 'default configmap/only-live', path: '', replayed: undefined, live: { kind: 'ConfigMap' } },
      { object: 'default configmap/only-replayed', path: '', replayed: { kind: 'ConfigMap' }, live: undefined },
    ]);
  });
});

describe('where the API server', () => {
  test('does not run, the last event of every subject stands for the present', async () => {
    const world = await aWorld();
    const live = liveClusterBehind({
      server: 'https://127.0.0.1:6443',
      get: () => Promise.reject(new ApiServerDown('nothing listens')),
      close() {},
    });
    const { comparison, state } = await verify({ streams: world.log.streams, live });
    expect(comparison).toMatchObject({ with: 'log', objects: state.size, differences: { count: 0 } });
  });

  test('refuses a list, verification fails with what it said', async () => {
    const world = await aWorld();
    const live = liveClusterBehind({
      server: 'https://127.0.0.1:6443',
      get: async () => ({ status: 403, text: JSON.stringify({ kind: 'Status', message: 'not you' }) }),
      close() {},
    });
    const verifying = verify({ streams: world.log.streams, live });
    await expect(verifying).rejects.toThrow(
      /^https:\/\/127\.0\.0\.1:6443\/api\/v1\/configmaps\?limit=500.* answered 403: not you$/,
    );
  });
});

describe('what a client wrote against the machine', () => {
  const pod = { metadata: { name: 'odd' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };

  async function report(world: ApiWorld, status: object): Promise<void> {
    await world.update('pods', 'odd', (object) => ({ ...object, status }), { subresource: 'status' });
  }

  test('was marked when it was recorded, is told, and fails nothing', async () => {
    const world = await aWorld();
    await world.create('pods', pod);
    await report(world, { phase: 'Succeeded' });
    await report(world, { phase: 'Running' });
    const verification = await verify({ streams: world.log.streams, live: liveOf(world).live });
    expect(isClean(verification)).toBe(true);
    expect(verification.anomalies.first).toEqual([
      expect.objectContaining({ object: 'default pod/odd', text: expect.stringMatching(/Pending\.Unscheduled/) }),
      expect.objectContaining({ object: 'default pod/odd', text: expect.stringMatching(/Succeeded/) }),
    ]);
  });

  test('inside a container is marked as well', async () => {
    const world = await aWorld();
    await world.create('pods', { ...pod, spec: { ...pod.spec, nodeName: 'somewhere' } });
    const statusOf = (state: object) => ({
      phase: 'Running',
      containerStatuses: [{ name: 'main', image: 'busybox', imageID: '', restartCount: 0, ready: false, state }],
    });
    await report(world, statusOf({ terminated: { exitCode: 1 } }));
    await report(world, statusOf({ running: { startedAt: '2026-01-01T00:00:00Z' } }));
    const verification = await verify({ streams: world.log.streams, live: liveOf(world).live });
    expect(isClean(verification)).toBe(true);
    expect(verification.anomalies.first.map(({ text }) => text)).toEqual([
      'container main: container.started is not allowed in Terminated',
    ]);
  });

  test('fails verification where the mark is gone', async () => {
    const world = await aWorld();
    await world.create('pods', pod);
    await report(world, { phase: 'Succeeded' });
    const events = (await world.events()).map(({ anomaly: _, ...event }) => event);
    const verification = await verify({ streams: streamsOf(events), live: liveOf(world).live });
    expect(verification.anomalies.count).toBe(0);
    expect(verification.findings.first).toEqual([
      expect.objectContaining({ kind: 'illegal', object: 'default pod/odd' }),
    ]);
  });
});
