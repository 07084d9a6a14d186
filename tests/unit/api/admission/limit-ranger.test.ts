// LimitRanger as a table: limits of a namespace, a pod or claim, and what becomes of it.

import { describe, expect, test } from 'vitest';
import { aPodBody } from '../../../kit/api-objects.ts';
import { apiWorld, type Body } from '../../../kit/api-world.ts';

async function limited(...limits: readonly Body[]) {
  const world = await apiWorld();
  await world.create('limitranges', { metadata: { name: 'l' }, spec: { limits } });
  return world;
}

function asking(requests: Body, limits: Body = {}, more: Body = {}): Body {
  return aPodBody('p', { containers: [{ name: 'c', image: 'x', resources: { requests, limits } }], ...more });
}

const container = { type: 'Container' };

describe('a pod', () => {
  test('gets the requests and limits it left out, and an annotation that tells', async () => {
    const world = await limited({
      ...container,
      default: { cpu: '500m', memory: '1Gi' },
      defaultRequest: { cpu: '100m', memory: '512Mi' },
    });
    const initContainers = [{ name: 'i', image: 'x', resources: { requests: { cpu: '50m' }, limits: { cpu: '60m' } } }];
    const pod = await world.create('pods', aPodBody('p', { initContainers }));
    const { containers, initContainers: first } = pod.spec as Record<string, { resources: Body }[]>;
    expect(containers?.[0]?.resources).toEqual({
      limits: { cpu: '500m', memory: '1Gi' },
      requests: { cpu: '100m', memory: '512Mi' },
    });
    expect(first?.[0]?.resources).toEqual({
      limits: { cpu: '60m', memory: '1Gi' },
      requests: { cpu: '50m', memory: '512Mi' },
    });
    expect(pod.metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c; memory request for init container i; memory limit for init container i',
    });
  });

  test.each<[what: string, limit: Body, pod: Body, text: string | undefined]>([
    [
      'over the maximum',
      { max: { cpu: '500m' } },
      asking({ cpu: '100m' }, { cpu: '1' }),
      'maximum cpu usage per Container is 500m, but limit is 1',
    ],
    [
      'below the minimum',
      { min: { cpu: '500m' } },
      asking({ cpu: '100m' }, { cpu: '1' }),
      'minimum cpu usage per Container is 500m, but request is 100m',
    ],
    [
      'without a limit',
      { max: { memory: '1Gi' }, default: {}, defaultRequest: {} },
      asking({ memory: '1Mi' }),
      undefined,
    ],
    ['within both', { min: { cpu: '100m' }, max: { cpu: '1' } }, asking({ cpu: '200m' }, { cpu: '1' }), undefined],
    [
      'with too wide a span',
      { maxLimitRequestRatio: { cpu: '2' } },
      asking({ cpu: '200m' }, { cpu: '1' }),
      'cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000',
    ],
    [
      'wrong in two ways',
      { max: { cpu: '500m', memory: '1Gi' } },
      asking({}, { cpu: '1', memory: '2Gi' }),
      '[maximum cpu usage per Container is 500m, but limit is 1, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
    ],
  ])('%s', async (_, limit, pod, text) => {
    const world = await limited({ ...container, ...limit });
    if (text === undefined) await world.create('pods', pod);
    else
      await expect(world.create('pods', pod)).rejects.toMatchObject({
        code: 403,
        message: `pods "p" is forbidden: ${text}`,
      });
  });

  test('is measured as a whole, sidecars and init containers included', async () => {
    const world = await limited({ type: 'Pod', max: { cpu: '1' } });
    const part = (name: string, cpu: string, more: Body = {}) => ({
      name,
      image: 'x',
      resources: { requests: { cpu }, limits: { cpu } },
      ...more,
    });
    const containers = [part('a', '400m'), part('b', '400m')];
    await world.create('pods', aPodBody('fits', { containers, initContainers: [part('i', '900m')] }));
    const sidecar = part('s', '300m', { restartPolicy: 'Always' });
    await expect(world.create('pods', aPodBody('p', { containers, initContainers: [sidecar] }))).rejects.toMatchObject({
      message: 'pods "p" is forbidden: maximum cpu usage per Pod is 1, but limit is 1100m',
    });
  });
});

describe('a claim', () => {
  const claim = (storage: string): Body => ({
    metadata: { name: 'd' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  });

  test.each([
    ['1Gi', 'minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi'],
    ['9Gi', 'maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 9Gi'],
    ['3Gi', undefined],
  ])('of %s', async (storage, text) => {
    const world = await limited({ type: 'PersistentVolumeClaim', min: { storage: '2Gi' }, max: { storage: '5Gi' } });
    const made = world.create('persistentvolumeclaims', claim(storage));
    if (text === undefined) await made;
    else await expect(made).rejects.toMatchObject({ message: `persistentvolumeclaims "d" is forbidden: ${text}` });
  });
});
