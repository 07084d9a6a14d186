// What classes mean for what names them: priority, runtime, storage and ingress classes, and growing claims.

import { describe, expect, test } from 'vitest';
import { aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, type Body } from '../../../kit/api-world.ts';

const priorityClasses = 'priorityclasses.scheduling.k8s.io';
const runtimeClasses = 'runtimeclasses.node.k8s.io';
const storageClasses = 'storageclasses.storage.k8s.io';
const ingressClasses = 'ingressclasses.networking.k8s.io';

describe('priority classes', () => {
  const high = { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' };

  test('of the system are there from the start', async () => {
    const world = await apiWorld();
    expect(world.get(priorityClasses, 'system-cluster-critical')).toMatchObject({ value: 2_000_000_000 });
    expect(world.get(priorityClasses, 'system-node-critical')).toMatchObject({ value: 2_000_001_000 });
  });

  test('give pods their priority and preemption policy', async () => {
    const world = await apiWorld();
    await world.create(priorityClasses, high);
    const pod = await world.create('pods', aPodBody('a', { priorityClassName: 'high' }));
    expect(pod.spec).toMatchObject({ priority: 1000, preemptionPolicy: 'Never' });
    await expect(
      world.create('pods', aPodBody('b', { priorityClassName: 'high', preemptionPolicy: 'PreemptLowerPriority' })),
    ).rejects.toMatchObject({
      message:
        'pods "b" is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission controller computed Never from the given PriorityClass name',
    });
  });

  test('have one default at most, which pods without a class get', async () => {
    const world = await apiWorld();
    await world.create(priorityClasses, { ...high, globalDefault: true });
    const pod = await world.create('pods', aPodBody('a'));
    expect(pod.spec).toMatchObject({ priorityClassName: 'high', priority: 1000 });
    await expect(
      world.create(priorityClasses, { metadata: { name: 'other' }, value: 5, globalDefault: true }),
    ).rejects.toMatchObject({
      message:
        'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass high is already marked as default. Only one default can exist',
    });
    await world.update(priorityClasses, 'high', (object) => ({ ...object, description: 'still' }));
  });
});

describe('runtime classes', () => {
  const gvisor = {
    metadata: { name: 'gvisor' },
    handler: 'runsc',
    overhead: { podFixed: { cpu: '250m' } },
    scheduling: { nodeSelector: { runtime: 'gvisor' }, tolerations: [{ key: 'gvisor', operator: 'Exists' }] },
  };

  test('give pods their overhead and lead them to their nodes', async () => {
    const world = await apiWorld();
    await world.create(runtimeClasses, gvisor);
    const pod = await world.create('pods', aPodBody('a', { runtimeClassName: 'gvisor', nodeSelector: { zone: 'a' } }));
    expect(pod.spec).toMatchObject({
      overhead: { cpu: '250m' },
      nodeSelector: { zone: 'a', runtime: 'gvisor' },
      tolerations: expect.arrayContaining([{ key: 'gvisor', operator: 'Exists' }]),
    });
  });

  test.each<[spec: Body, text: string]>([
    [{ runtimeClassName: 'x' }, 'pod rejected: RuntimeClass "x" not found'],
    [{ overhead: { cpu: '1' } }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
    [
      { runtimeClassName: 'gvisor', overhead: { cpu: '1' } },
      "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    ],
    [
      { runtimeClassName: 'gvisor', nodeSelector: { runtime: 'runc' } },
      'conflict: runtimeClass.scheduling.nodeSelector[runtime] = gvisor; pod.spec.nodeSelector[runtime] = runc',
    ],
  ])('refuse pods with %j', async (spec, text) => {
    const world = await apiWorld();
    await world.create(runtimeClasses, gvisor);
    await expect(world.create('pods', aPodBody('a', spec))).rejects.toMatchObject({
      code: 403,
      message: `pods "a" is forbidden: ${text}`,
    });
  });
});

const claim = (spec: Body = {}): Body => ({
  metadata: { name: 'd' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});

async function withStorage(world: ApiWorld, name: string, change: Body = {}, mark = true): Promise<void> {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': String(mark) };
  await world.create(storageClasses, { metadata: { name, annotations }, provisioner: 'example.com/disk', ...change });
}

describe('storage classes', () => {
  test.each<[spec: Body, storageClass: string | undefined]>([
    [{}, 'newer'],
    [{ storageClassName: 'other' }, 'other'],
    [{ storageClassName: '' }, ''],
  ])('claims with %j are of class %s', async (spec, storageClass) => {
    const world = await apiWorld();
    await withStorage(world, 'older');
    await world.clock.advance(5_000);
    await withStorage(world, 'newer');
    await withStorage(world, 'last', {}, false);
    const made = await world.create('persistentvolumeclaims', claim(spec));
    expect((made.spec as Body).storageClassName).toBe(storageClass);
    expect(made.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
  });

  test.each<[what: string, allowVolumeExpansion: boolean, phase: string, text: string | undefined]>([
    ['that can grow volumes let bound claims ask for more', true, 'Bound', undefined],
    [
      'that cannot let none',
      false,
      'Bound',
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    ],
  ])('%s', async (_, allowVolumeExpansion, phase, text) => {
    const world = await apiWorld();
    await withStorage(world, 's', { allowVolumeExpansion });
    await world.create('persistentvolumeclaims', claim({ volumeName: 'v' }));
    await world.update('persistentvolumeclaims', 'd', (object) => ({ ...object, status: { phase } }), {
      subresource: 'status',
    });
    const grown = world.update('persistentvolumeclaims', 'd', (object) => ({
      ...object,
      spec: { ...(object.spec as object), resources: { requests: { storage: '2Gi' } } },
    }));
    if (text === undefined) await grown;
    else await expect(grown).rejects.toMatchObject({ message: expect.stringContaining(text) });
  });
});

test('an ingress without a class is of the default one, unless its annotation names one', async () => {
  const world = await apiWorld();
  const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
  await world.create(ingressClasses, {
    metadata: { name: 'nginx', annotations },
    spec: { controller: 'example.com/x' },
  });
  const spec = { defaultBackend: { service: { name: 's', port: { number: 80 } } } };
  const plain = await world.create('ingresses.networking.k8s.io', { metadata: { name: 'a' }, spec });
  expect(plain.spec).toMatchObject({ ingressClassName: 'nginx' });
  const old = await world.create('ingresses.networking.k8s.io', {
    metadata: { name: 'b', annotations: { 'kubernetes.io/ingress.class': 'x' } },
    spec,
  });
  expect(old.spec).not.toHaveProperty('ingressClassName');
});

test('a pod carries the zone of the node it is bound to', async () => {
  const world = await apiWorld();
  const labels = { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', other: 'o' };
  await world.create('nodes', { metadata: { name: 'n', labels } });
  await world.create('pods', aPodBody('a'));
  await world.ok('/api/v1/namespaces/default/pods/a/binding', {
    method: 'POST',
    body: { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'a' }, target: { kind: 'Node', name: 'n' } },
  });
  expect(world.get('pods', 'a')?.metadata.labels).toEqual({
    'topology.kubernetes.io/zone': 'z',
    'topology.kubernetes.io/region': 'r',
  });
});
