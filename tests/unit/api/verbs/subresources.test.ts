import { describe, expect, test } from 'vitest';
import { aDeploymentBody, aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld } from '../../../kit/api-world.ts';

const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

describe('scale', () => {
  test('shows and sets the replicas', async () => {
    const world = await apiWorld();
    const { metadata } = await world.create('deployments.apps', aDeploymentBody('a'));
    expect(await world.ok(`${deployments}/a/scale`)).toEqual({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: {
        name: 'a',
        namespace: 'default',
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
        creationTimestamp: metadata.creationTimestamp,
      },
      spec: { replicas: 3 },
      status: { replicas: 0, selector: 'app=a' },
    });
    const headers = { 'content-type': 'application/merge-patch+json' };
    const scaled = await world.ok(`${deployments}/a/scale`, {
      method: 'PATCH',
      headers,
      body: { spec: { replicas: 0 } },
    });
    expect(scaled).toMatchObject({ spec: {}, status: { replicas: 0 } });
    expect(world.get('deployments.apps', 'a')?.spec).toMatchObject({ replicas: 0 });
  });

  test('takes the Scale that was read, at its version', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    const read = await world.ok(`${deployments}/a/scale`);
    const put = (replicas: number) =>
      world.ask(`${deployments}/a/scale`, { method: 'PUT', body: { ...read, spec: { replicas } } });
    expect((await put(5)).status).toBe(200);
    expect((await put(6)).json).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  test.each([
    [{ spec: { replicas: -1 } }, 422],
    [{ spec: { replicas: 'many' } }, 400],
    [{ spec: { replicas: 1.5 } }, 400],
    [{ kind: 'Deployment', apiVersion: 'apps/v1', spec: { replicas: 1 } }, 400],
    [{ metadata: { name: 'b' }, spec: { replicas: 1 } }, 400],
  ])('refuses %j', async (body, code) => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    const scale = { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'a' }, ...body };
    expect(await world.refused(`${deployments}/a/scale`, { method: 'PUT', body: scale })).toMatchObject({ code });
    expect(world.get('deployments.apps', 'a')?.spec).toMatchObject({ replicas: 3 });
  });
});

test('a replication controller’s scale shows what it selects', async () => {
  const world = await apiWorld();
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
  await world.create('replicationcontrollers', { metadata: { name: 'a' }, spec: { template } });
  expect(await world.ok('/api/v1/namespaces/default/replicationcontrollers/a/scale')).toMatchObject({
    spec: { replicas: 1 },
    status: { replicas: 0, selector: 'a=b' },
  });
});

describe('a scale that is applied', () => {
  const apply = (
    world: ApiWorld,
    manager: string,
    { replicas, force = false }: { replicas: number; force?: boolean },
  ) =>
    world.ask(`${deployments}/a/scale?fieldManager=${manager}${force ? '&force=true' : ''}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'a' }, spec: { replicas } },
    });
  type Entry = Readonly<Record<'manager' | 'operation' | 'subresource' | 'apiVersion', string>> & { fieldsV1: object };
  const owners = (world: ApiWorld) =>
    ((world.get('deployments.apps', 'a')?.metadata.managedFields ?? []) as readonly Entry[]).map((entry) => ({
      who: [entry.manager, entry.operation, entry.subresource].join(' '),
      apiVersion: entry.apiVersion,
      replicas: JSON.stringify(entry.fieldsV1).includes('f:replicas'),
    }));

  test('collides with whoever owns the replicas, and takes them by force', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    const refused = await apply(world, 'scaler', { replicas: 2 });
    expect(refused.json).toMatchObject({
      code: 409,
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.spec.replicas' }] },
    });
    expect((await apply(world, 'scaler', { replicas: 2, force: true })).json).toMatchObject({ spec: { replicas: 2 } });
    expect(world.get('deployments.apps', 'a')?.spec).toMatchObject({ replicas: 2 });
    const [scaler, ...others] = owners(world);
    expect(scaler).toEqual({ who: 'scaler Apply scale', apiVersion: 'apps/v1', replicas: true });
    expect(others.map(({ replicas }) => replicas)).toEqual([false]);
  });

  test('changes nothing when it is applied again', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    await apply(world, 'scaler', { replicas: 2, force: true });
    const { resourceVersion } = world.get('deployments.apps', 'a')?.metadata ?? {};
    expect((await apply(world, 'scaler', { replicas: 2 })).status).toBe(200);
    expect(world.get('deployments.apps', 'a')?.metadata.resourceVersion).toBe(resourceVersion);
  });
});

test('a scale has a table of its own', async () => {
  const world = await apiWorld();
  await world.create('deployments.apps', aDeploymentBody('a'));
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const { json } = await world.ask(`${deployments}/a/scale`, { headers });
  expect(json).toMatchObject({
    kind: 'Table',
    columnDefinitions: [{ name: 'Name' }, { name: 'Desired' }, { name: 'Available' }, { name: 'Age' }],
    rows: [{ cells: ['a', 3, 0, expect.any(String)], object: { kind: 'PartialObjectMetadata' } }],
  });
});

describe('binding', () => {
  const binding = (name: string, more = {}) => ({
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name },
    target: { kind: 'Node', name: 'n' },
    ...more,
  });

  test.each([[`${pods}/a/binding`], ['/api/v1/namespaces/default/bindings']])(
    'through %s gives the pod its node, once',
    async (path) => {
      const world = await apiWorld();
      await world.create('pods', aPodBody('a'));
      const body = binding('a', { metadata: { name: 'a', annotations: { by: 'me' } } });
      const answer = await world.ask(path, { method: 'POST', body });
      expect(answer.status).toBe(201);
      expect(answer.json).toMatchObject({ kind: 'Status', status: 'Success', code: 201 });
      const pod = world.get('pods', 'a');
      expect(pod).toMatchObject({
        metadata: { annotations: { by: 'me' } },
        spec: { nodeName: 'n' },
        status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] },
      });
      expect(await world.refused(path, { method: 'POST', body })).toMatchObject({
        code: 409,
        message: 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n"',
      });
      expect((await world.events()).filter(({ subject }) => subject.includes('bindings'))).toEqual([]);
    },
  );

  test('is refused for a pod that goes, that is gated, that is another one or that is absent', async () => {
    const world = await apiWorld();
    const post = (name: string, more = {}) =>
      world.refused(`${pods}/${name}/binding`, { method: 'POST', body: binding(name, more) });
    await world.create('pods', { ...aPodBody('going'), metadata: { name: 'going', finalizers: ['example.com/a'] } });
    await world.ok(`${pods}/going`, { method: 'DELETE' });
    expect((await post('going')).message).toContain('pod going is being deleted, cannot be assigned to a host');
    await world.create('pods', aPodBody('gated', { schedulingGates: [{ name: 'example.com/g' }] }));
    expect((await post('gated')).message).toContain('pod gated has non-empty .spec.schedulingGates');
    await world.create('pods', aPodBody('a'));
    expect(await post('a', { metadata: { name: 'a', uid: 'other' } })).toMatchObject({ code: 409 });
    expect(await post('a', { target: {} })).toMatchObject({ code: 400 });
    expect(await post('absent')).toMatchObject({ code: 404, message: 'pods "absent" not found' });
  });

  test('ends the nomination that led to it', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    await world.update('pods', 'a', (o) => ({ ...o, status: { ...(o.status as object), nominatedNodeName: 'n' } }), {
      subresource: 'status',
    });
    await world.ok(`${pods}/a/binding`, { method: 'POST', body: binding('a') });
    expect(world.get('pods', 'a')?.status).not.toHaveProperty('nominatedNodeName');
  });

  test('of one pod by many at once succeeds once', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    const all = Array.from({ length: 10 }, (_, i) =>
      world.ask(`${pods}/a/binding`, { method: 'POST', body: binding('a', { target: { name: `n${i}` } }) }),
    );
    const statuses = (await Promise.all(all)).map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
  });
});

describe('eviction', () => {
  const eviction = (name: string, more = {}) => ({
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name },
    ...more,
  });

  test('deletes the pod with the grace asked for', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a', { nodeName: 'n' }));
    const body = eviction('a', { deleteOptions: { gracePeriodSeconds: 5 } });
    expect((await world.ask(`${pods}/a/eviction`, { method: 'POST', body })).status).toBe(201);
    expect(world.get('pods', 'a')?.metadata.deletionGracePeriodSeconds).toBe(5);
  });

  test('refuses another pod’s name and options that contradict each other', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    const post = (body: Record<string, unknown>) => world.refused(`${pods}/a/eviction`, { method: 'POST', body });
    expect(await post(eviction('b'))).toMatchObject({ code: 400 });
    const both = { orphanDependents: true, propagationPolicy: 'Orphan' };
    expect(await post(eviction('a', { deleteOptions: both }))).toMatchObject({ code: 422 });
    expect(world.get('pods', 'a')).toBeDefined();
  });
});

describe('delete options', () => {
  async function remove(world: ApiWorld, query: string, body?: Record<string, unknown>) {
    await world.create('pods', aPodBody('a', { nodeName: 'n' }));
    return world.ask(`${pods}/a${query}`, { method: 'DELETE', body });
  }

  test.each([
    ['in the query', '?gracePeriodSeconds=3', undefined, 3],
    ['in the body', '', { gracePeriodSeconds: 4 }, 4],
    ['in the body, whose word counts', '?gracePeriodSeconds=3', { gracePeriodSeconds: 4 }, 4],
    ['of any group’s version', '', { apiVersion: 'apps/v1', kind: 'DeleteOptions', gracePeriodSeconds: 6 }, 6],
  ])('are read %s', async (_, query, body, seconds) => {
    const world = await apiWorld();
    const answer = await remove(world, query, body);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ kind: 'Pod', metadata: { deletionGracePeriodSeconds: seconds } });
  });

  test('of a Background that is not asked for hold nothing; orphanDependents is the old word for Orphan', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    const held = await world.ok(`${deployments}/a?orphanDependents=true`, { method: 'DELETE' });
    expect(held.metadata.finalizers).toEqual(['orphan']);
    await world.ok(`${deployments}/a?orphanDependents=false`, { method: 'DELETE' });
    expect(world.get('deployments.apps', 'a')).toBeUndefined();
  });

  const prefix = 'DeleteOptions.meta.k8s.io "" is invalid: ';
  test.each([
    [
      '?propagationPolicy=Sideways',
      undefined,
      422,
      `${prefix}propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"`,
    ],
    [
      '',
      { orphanDependents: true, propagationPolicy: 'Orphan' },
      422,
      `${prefix}propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set`,
    ],
    ['', { dryRun: ['Some'] }, 422, `${prefix}dryRun: Unsupported value: "Some": supported values: "All"`],
    ['?gracePeriodSeconds=', undefined, 400, undefined],
    ['?gracePeriodSeconds=soon', undefined, 400, undefined],
    ['', { gracePeriodSeconds: 'soon' }, 400, undefined],
    ['', { gracePeriodSeconds: 1.5 }, 400, undefined],
    ['', { preconditions: { uid: 'other' } }, 409, undefined],
    ['', { kind: 'Pod', apiVersion: 'v1' }, 400, undefined],
  ])('%s %j are refused', async (query, body, code, message) => {
    const world = await apiWorld();
    const answer = await remove(world, query, body);
    expect(answer.status).toBe(code);
    if (message !== undefined) expect(answer.json).toMatchObject({ message });
    expect(world.get('pods', 'a')?.metadata).not.toHaveProperty('deletionTimestamp');
  });

  test('the answer is a Status once the object is gone, the object while something holds it', async () => {
    const world = await apiWorld();
    const path = '/api/v1/namespaces/default/configmaps';
    const { metadata } = await world.create('configmaps', { metadata: { name: 'a' } });
    expect(await world.ok(`${path}/a`, { method: 'DELETE' })).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid: metadata.uid },
    });
    await world.create('configmaps', { metadata: { name: 'b', finalizers: ['example.com/a'] } });
    expect(await world.ok(`${path}/b`, { method: 'DELETE' })).toMatchObject({ kind: 'ConfigMap' });
  });
});

describe('deletecollection', () => {
  test('deletes what is selected and answers with it', async () => {
    const world = await apiWorld();
    for (const name of ['a', 'b', 'c']) {
      await world.create('configmaps', { metadata: { name, labels: { keep: name === 'b' ? 'yes' : 'no' } } });
    }
    const path = '/api/v1/namespaces/default/configmaps';
    const answer = await world.ok<{ items: { metadata: { name: string } }[] }>(`${path}?labelSelector=keep%3Dno`, {
      method: 'DELETE',
    });
    expect(answer.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
    expect(world.get('configmaps', 'a')).toBeUndefined();
    expect(world.get('configmaps', 'b')).toBeDefined();
  });

  test('is not for namespaces', async () => {
    const world = await apiWorld();
    expect(await world.refused('/api/v1/namespaces', { method: 'DELETE' })).toMatchObject({ code: 405 });
    expect(await world.refused('/api/v1/configmaps', { method: 'DELETE' })).toMatchObject({ code: 405 });
  });
});

describe('logs', () => {
  async function withPod(spec = {}) {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a', { nodeName: 'n', ...spec }));
    return world;
  }
  const two = {
    containers: [
      { name: 'c', image: 'x' },
      { name: 'd', image: 'x' },
    ],
    initContainers: [{ name: 'i', image: 'x' }],
  };

  test('are plain text', async () => {
    const world = await withPod();
    const answer = await world.ask(`${pods}/a/log`);
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(answer.text).toBe('first\nsecond\n');
  });

  test.each([
    ['', {}, 200],
    ['?container=c', {}, 200],
    ['?container=i', two, 200],
    ['?tailLines=0&limitBytes=1&sinceSeconds=1&timestamps=true&previous=true&follow=true', {}, 200],
    ['?sinceTime=2026-01-01T00:00:00Z', {}, 200],
    ['?container=x', {}, 400],
    ['', two, 400],
    ['?tailLines=-1', {}, 422],
    ['?tailLines=abc', {}, 400],
    ['?tailLines=', {}, 400],
    ['?limitBytes=0', {}, 422],
    ['?sinceSeconds=0', {}, 422],
    ['?sinceTime=yesterday', {}, 400],
    ['?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', {}, 422],
  ])('with %s of %j answer %i', async (query, spec, code) => {
    const world = await withPod(spec);
    const answer = await world.ask(`${pods}/a/log${query}`);
    expect(answer.status).toBe(code);
    if (code === 422)
      expect(answer.json).toMatchObject({ message: expect.stringMatching(/^PodLogOptions "a" is invalid: /) });
  });

  test('of a pod no node has are not there yet', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    expect(await world.refused(`${pods}/a/log`)).toMatchObject({
      code: 400,
      message: 'container "c" in pod "a" is not available: pod a does not have a host assigned',
    });
    expect(await world.refused(`${pods}/absent/log`)).toMatchObject({ code: 404 });
  });

  test('of several containers say which there are', async () => {
    const world = await withPod(two);
    expect((await world.refused(`${pods}/a/log`)).message).toBe(
      'a container name must be specified for pod a, choose one of: [c d] or one of the init containers: [i]',
    );
  });
});
