// The resource claim controller as a table: given these objects, when a pod or a claim is looked at, then this is done.

import { describe, expect, test } from 'vitest';
import { resourceClaimController } from '../../actors/controllers/resourceclaim/resource-claim.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod, PodResourceClaim } from '../../streams/resources/pod.ts';
import {
  allocatedFinalizer,
  podClaimAnnotation,
  type ResourceClaim,
  type ResourceClaimStatus,
  type ResourceClaimTemplate,
} from '../../streams/resources/resource-claim.ts';
import { planOf, reconciled, type When, worldOf } from '../kit/given-world.ts';
import { aPod, at, controlledBy, type Meta, meta } from '../kit/workloads.ts';

const controller = resourceClaimController();

function asked(key: string, objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return reconciled(controller, worldOf(...objects), { key, ...change });
}

const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } };
const fromTemplate: PodResourceClaim = { name: 'gpu', resourceClaimTemplateName: 'gpus' };

const aTemplate: ResourceClaimTemplate = {
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaimTemplate',
  metadata: meta('gpus'),
  spec: { metadata: { labels: { tier: 'fast' }, annotations: { note: 'a' } }, spec },
};

function aPodWith(change: Partial<Pod['status']> & { readonly nodeName?: string; readonly meta?: Meta } = {}): Pod {
  const { nodeName, meta: changed, ...status } = change;
  const pod = aPod('p');
  return {
    ...pod,
    metadata: { ...pod.metadata, ...changed },
    spec: {
      containers: pod.spec.containers,
      resourceClaims: [fromTemplate],
      ...(nodeName !== undefined && { nodeName }),
    },
    status: { phase: 'Pending', ...status },
  };
}

const noted = { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'p-gpu-x' }] };
const allocation = { devices: { results: [] } };
const byPod = { resource: 'pods', name: 'p', uid: 'uid-of-p' };

function aClaim(status: ResourceClaimStatus = {}, change: Meta = {}): ResourceClaim {
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: meta('p-gpu-x', {
      annotations: { [podClaimAnnotation]: 'gpu' },
      ownerReferences: [controlledBy(aPodWith())],
      ...change,
    }),
    spec,
    status,
  };
}

const byHand = { annotations: {}, ownerReferences: [] };
const held = { finalizers: [allocatedFinalizer] };

describe('a pod', () => {
  const pod = 'pod:default/p';

  test('gets a claim made from its template, as the template wants it', () => {
    const [write] = planOf(controller, worldOf(aPodWith(), aTemplate), { key: pod }).writes;
    expect(write?.kind === 'create' && write.object).toEqual({
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      metadata: {
        name: expect.stringMatching(/^p-gpu-[a-z0-9]{5}$/),
        generateName: 'p-gpu-',
        namespace: 'default',
        labels: { tier: 'fast' },
        annotations: { note: 'a', 'resource.kubernetes.io/pod-claim-name': 'gpu' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-of-p', controller: true }],
      },
      spec,
    });
  });

  test('with a long name gives its claim a name that shows something of both', () => {
    const name = 'a'.repeat(60);
    const long = aPodWith({ meta: { name } });
    const [write] = planOf(controller, worldOf(long, aTemplate), { key: `pod:default/${name}` }).writes;
    const generateName = `${'a'.repeat(52)}-gp`;
    expect(write?.kind === 'create' && write.object.metadata).toMatchObject({ generateName });
  });

  const told = 'update pods/status p: status.resourceClaimStatuses';
  const note = '[{"name":"gpu","resourceClaimName":"p-gpu-x"}]';
  const missing =
    'note Warning FailedResourceClaimCreation: PodResourceClaim gpu: resource claim template "gpus": resourceclaimtemplate.resource.k8s.io "gpus" not found';
  test.each<[string, readonly KubeObject[], readonly string[]]>([
    ['finds the claim that was made before a crash', [aPodWith(), aClaim(), aTemplate], [`${told} none → ${note}`]],
    ['that knows its claim is left alone', [aPodWith(noted), aClaim(), aTemplate], []],
    [
      'whose claim is another’s is given one of its own',
      [aPodWith(noted), aClaim({}, byHand), aTemplate],
      [expect.stringMatching(/^create resourceclaims p-gpu-.{5}$/)],
    ],
    ['whose claim was deleted gets a new one', [aPodWith(noted), aTemplate], [expect.stringMatching(/^create res/)]],
    ['is told that its template is missing', [aPodWith()], [missing]],
    ['that needs no claim gets none', [aPodWith({ resourceClaimStatuses: [{ name: 'gpu' }] }), aTemplate], []],
    ['that is going gets none', [aPodWith({ meta: { deletionTimestamp: at(0) } }), aTemplate], []],
    ['that is over gets none', [aPodWith({ phase: 'Succeeded' }), aTemplate], []],
    [
      'that came to a node without the scheduler reserves its claim',
      [aPodWith({ ...noted, nodeName: 'n1' }), aClaim({ allocation })],
      [`update resourceclaims/status p-gpu-x: status.reservedFor none → ${JSON.stringify([byPod])}`],
    ],
    ['reserves nothing that is not allocated', [aPodWith({ ...noted, nodeName: 'n1' }), aClaim()], []],
    [
      'reserves its claim once',
      [aPodWith({ ...noted, nodeName: 'n1' }), aClaim({ allocation, reservedFor: [byPod] })],
      [],
    ],
  ])('%s', (_, objects, lines) => {
    expect(asked(pod, objects)).toEqual(lines);
  });

  test('is told why its claim is refused', () => {
    const world = worldOf(aPodWith(), aTemplate);
    const [write] = planOf(controller, world, { key: pod }).writes;
    if (write === undefined) throw new Error('nothing is made');
    const failures = [{ write, reason: 'Forbidden', message: 'exceeded quota: q' } as const];
    expect(asked(pod, [aPodWith(), aTemplate], { failures })).toContain(
      'note Warning FailedResourceClaimCreation: PodResourceClaim gpu: create ResourceClaim : exceeded quota: q',
    );
  });
});

describe('a claim', () => {
  const claim = 'claim:default/p-gpu-x';
  const users = [byPod, { resource: 'pods', name: 'q', uid: 'uid-of-q' }];
  const device = { apiGroup: 'example.com', resource: 'machines', name: 'm', uid: 'uid-of-m' };
  const running = aPodWith({ ...noted, phase: 'Running', nodeName: 'n1' });
  const done = aPodWith({ ...noted, phase: 'Succeeded', nodeName: 'n1' });
  const unbound = aPodWith({ ...noted, meta: { deletionTimestamp: at(0) } });
  const another = aPodWith({ meta: { uid: 'another' } });
  const update = 'update resourceclaims/status p-gpu-x';
  test.each<[string, readonly KubeObject[], readonly string[]]>([
    ['stays with those that use it', [running, aClaim({ allocation, reservedFor: [byPod] }, held)], []],
    [
      'forgets a pod that is gone and stays with the others',
      [running, aClaim({ allocation, reservedFor: users }, held)],
      [`${update}: status.reservedFor ${JSON.stringify(users)} → ${JSON.stringify([byPod])}`],
    ],
    [
      'leaves consumers alone that are no pods',
      [aClaim({ allocation, reservedFor: [device] }, { ...held, ...byHand })],
      [],
    ],
    [
      'whose last pod is over is deallocated',
      [done, aClaim({ allocation, reservedFor: [byPod] }, held)],
      [
        `${update}: status.allocation ${JSON.stringify(allocation)} → none; status.reservedFor ${JSON.stringify([byPod])} → none`,
      ],
    ],
    [
      'whose pod goes before it is scheduled is deallocated',
      [unbound, aClaim({ allocation, reservedFor: [byPod] }, held)],
      [expect.stringContaining('status.allocation')],
    ],
    [
      'that somebody else allocated is not deallocated',
      [done, aClaim({ allocation, reservedFor: [byPod] })],
      [`${update}: status.reservedFor ${JSON.stringify([byPod])} → none`],
    ],
    ['that was made for a pod that is over goes', [done, aClaim()], ['delete resourceclaims p-gpu-x']],
    ['that was made for a pod that was replaced goes', [another, aClaim()], ['delete resourceclaims p-gpu-x']],
    ['whose pod is gone is left to the garbage collector', [aClaim()], []],
    ['that was made by hand stays', [done, aClaim({}, byHand)], []],
    ['the scheduler is about to allocate is left alone', [running, aClaim({}, held)], []],
    [
      'that is going and unused is deallocated',
      [aClaim({ allocation }, { ...held, deletionTimestamp: at(0) })],
      [expect.stringContaining('status.allocation')],
    ],
    [
      'that is going and not allocated is let go',
      [aClaim({}, { ...held, deletionTimestamp: at(0) })],
      [`update resourceclaims p-gpu-x: metadata.finalizers ${JSON.stringify([allocatedFinalizer])} → none`],
    ],
  ])('%s', (_, objects, lines) => {
    expect(asked(claim, objects)).toEqual(lines);
  });

  test('that was deallocated loses its finalizer next', () => {
    const world = worldOf(running, aClaim({ allocation, reservedFor: [{ ...byPod, uid: 'gone' }] }, held));
    const { remember } = planOf(controller, world, { key: claim });
    expect(asked(claim, [running, aClaim({}, held)], { memory: remember?.memory })).toEqual([
      `update resourceclaims p-gpu-x: metadata.finalizers ${JSON.stringify([allocatedFinalizer])} → none`,
    ]);
  });
});

describe('what wakes it', () => {
  const keys = (resource: { readonly resource: string }, type: 'ADDED' | 'DELETED', object: KubeObject) => {
    const watch = controller.watches.find((one) => one.resource !== 'all' && one.resource === resource);
    const change = { type, current: { object }, ref: {} } as unknown as Parameters<
      NonNullable<typeof watch>['keys']
    >[0];
    return watch?.keys(change, worldOf(aPodWith(), aPod('other')));
  };
  test.each<[string, { readonly resource: string }, 'ADDED' | 'DELETED', KubeObject, readonly string[]]>([
    ['a pod that claims nothing', resources.pods, 'ADDED', aPod('other'), []],
    ['a pod that may run', resources.pods, 'ADDED', aPodWith(noted), ['pod:default/p']],
    ['a pod that is gone', resources.pods, 'DELETED', aPodWith(noted), ['claim:default/p-gpu-x']],
    ['a claim of a pod', resources.resourceClaims, 'ADDED', aClaim(), ['claim:default/p-gpu-x', 'pod:default/p']],
    ['a claim of a pod that is gone', resources.resourceClaims, 'DELETED', aClaim(), ['pod:default/p']],
    ['a template that pods wait for', resources.resourceClaimTemplates, 'ADDED', aTemplate, ['pod:default/p']],
  ])('%s', (_, resource, type, object, woken) => {
    expect(keys(resource, type, object)).toEqual(woken);
  });
});
