// The stateful set controller as a table: given these objects, when the stateful set is looked at, then these writes.

import { describe, expect, test } from 'vitest';
import { statefulSetController } from '../../actors/controllers/statefulset/stateful-set.ts';
import type { FailedWrite } from '../../actors/kit/controller.ts';
import type { CreateWrite } from '../../actors/kit/write.ts';
import type { KubeObject, OwnerReference } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ControllerRevision, StatefulSet } from '../../streams/resources/workload.ts';
import { planOf, reconciled, type When, worldOf } from '../kit/given-world.ts';
import {
  aNamespace,
  aPod,
  aStatefulSet,
  at,
  atMs,
  controlledBy,
  meta,
  type PodTraits,
  template,
} from '../kit/workloads.ts';

const controller = statefulSetController();
const key = 'default/web';

/** The revision the controller makes of the set's template. */
function revisionOf(set: StatefulSet, number = 1): ControllerRevision {
  const { object } = planOf(controller, worldOf(set), { key }).writes[0] as CreateWrite;
  const name = object.metadata.name ?? '';
  return {
    ...object,
    revision: number,
    metadata: { ...object.metadata, ...meta(name) },
  } as unknown as ControllerRevision;
}

const fresh = aStatefulSet();
const one = revisionOf(fresh);
const newer = aStatefulSet({ template: template('nginx:2') });
const two = revisionOf(newer, 2);

function when(objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return reconciled(controller, worldOf(...objects), { key, ...change }).filter(
    (line) => !line.startsWith('update statefulsets/'),
  );
}

function reported(objects: readonly KubeObject[], change: Partial<When> = {}): string | undefined {
  return reconciled(controller, worldOf(...objects), { key, ...change }).find((line) =>
    line.startsWith('update statefulsets/'),
  );
}

function pod(set: StatefulSet, ordinal: number, traits: PodTraits & { revision?: ControllerRevision } = {}): Pod {
  const { revision = one, ...rest } = traits;
  const name = `${set.metadata.name}-${ordinal}`;
  const labels = {
    app: 'web',
    'controller-revision-hash': revision.metadata.name,
    'statefulset.kubernetes.io/pod-name': name,
    'apps.kubernetes.io/pod-index': String(ordinal),
  };
  return aPod(name, { owner: set, ...rest, meta: { labels, ...rest.meta } });
}

function pods(set: StatefulSet, count: number, traits: Parameters<typeof pod>[2] = {}): Pod[] {
  return Array.from({ length: count }, (_, i) => pod(set, i, traits));
}

const going = { meta: { deletionTimestamp: at(30) } };
const told = (verb: 'Create' | 'Delete' | 'Update', name: string) =>
  `note Normal Successful${verb}: ${verb} Pod ${name} in StatefulSet web successful`;

describe('revisions', () => {
  test('one is made of the template, named by its hash', () => {
    expect(when([fresh])).toEqual(['create controllerrevisions web-659c549565', 'again after 0 ms']);
    expect(one).toMatchObject({
      metadata: {
        labels: { app: 'web', 'controller.kubernetes.io/hash': '659c549565' },
        ownerReferences: [controlledBy(fresh)],
      },
      data: { spec: { template: { $patch: 'replace', ...template() } } },
      revision: 1,
    });
  });

  test('a template with all its defaults has the name Kubernetes itself gives it', () => {
    const container = {
      name: 'web',
      image: 'nginx:1',
      imagePullPolicy: 'IfNotPresent',
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    } as const;
    const spec = {
      containers: [container],
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    } as const;
    const defaulted = aStatefulSet({ template: { ...template(), spec } });
    expect(revisionOf(defaulted).metadata.name).toBe('web-7cbdf88b84');
  });

  test('an old template that is back is the same revision with the next number', () => {
    expect(when([fresh, one, two])).toEqual([
      `update controllerrevisions ${one.metadata.name}: revision 1 → 3`,
      'again after 0 ms',
    ]);
  });

  test('that match and belong to nobody are adopted', () => {
    const { ownerReferences: _, ...orphan } = one.metadata;
    const line = when([fresh, { ...one, metadata: orphan } as KubeObject])[0];
    expect(line).toMatch(`update controllerrevisions ${one.metadata.name}: metadata.ownerReferences none → `);
  });

  test('a name that another template has is counted, and another one found', () => {
    const taken = {
      ...two,
      metadata: { ...one.metadata, ownerReferences: [controlledBy(aStatefulSet({ meta: { uid: 'x' } }))] },
    };
    const lines = reconciled(controller, worldOf(fresh, taken), { key });
    expect(lines[0]).toMatch(/^create controllerrevisions web-(?!659c549565)/);
    expect(lines[1]).toBe('update statefulsets/status web: status.collisionCount none → 1');
  });

  test('beyond the limit that no pod has go, the oldest first', () => {
    const set = aStatefulSet({ replicas: 1, revisionHistoryLimit: 1, template: template('nginx:9') });
    const history = ['nginx:1', 'nginx:2', 'nginx:3', 'nginx:4'].map((image, i) =>
      revisionOf(aStatefulSet({ template: template(image) }), i + 1),
    );
    const last = revisionOf(set, 5);
    const [kept] = history;
    const held = pod(set, 0, { revision: kept ?? one });
    const old = aStatefulSet({ ...set.spec, updateStrategy: { type: 'OnDelete' } });
    const lines = when([old, ...history, last, held]);
    expect(lines).toEqual(history.slice(1, 3).map(({ metadata }) => `delete controllerrevisions ${metadata.name}`));
  });
});

describe('ordered pods', () => {
  test('are made from the first one up, each with an identity', () => {
    expect(when([fresh, one])).toEqual(['create pods web-0', told('Create', 'web-0')]);
    const { object } = planOf(controller, worldOf(fresh, one), { key }).writes[0] as CreateWrite;
    expect(object).toMatchObject({
      metadata: {
        name: 'web-0',
        generateName: 'web-',
        labels: {
          app: 'web',
          'controller-revision-hash': one.metadata.name,
          'statefulset.kubernetes.io/pod-name': 'web-0',
          'apps.kubernetes.io/pod-index': '0',
        },
        ownerReferences: [controlledBy(fresh)],
      },
      spec: { hostname: 'web-0', subdomain: 'web' },
    });
  });

  test.each([
    ['is not ready', { unready: true }, {}],
    ['is pending', { phase: 'Pending' }, {}],
    ['is going', going, {}],
    ['is not available yet', { readyAt: 0 }, { minReadySeconds: 10 }],
  ] as const)('wait for one below that %s', (_, traits, spec) => {
    const set = aStatefulSet(spec);
    expect(
      when([set, one, pod(set, 0, traits)], { nowMs: atMs(4) }).filter((line) => !line.startsWith('again')),
    ).toEqual([]);
  });

  test('begin where they are told to', () => {
    const set = aStatefulSet({ ordinals: { start: 5 } });
    expect(when([set, one])[0]).toBe('create pods web-5');
  });

  test.each(['Failed', 'Succeeded'] as const)('that have %s are deleted, to be made anew', (phase) => {
    const lines = when([fresh, one, pod(fresh, 0), pod(fresh, 1, { phase }), pod(fresh, 2)]);
    expect(lines).toEqual(['delete pods web-1', told('Delete', 'web-1')]);
  });

  test('too many go from the last one down, one after the other', () => {
    const set = aStatefulSet({ replicas: 1 });
    expect(when([set, one, ...pods(set, 3)])).toEqual(['delete pods web-2', told('Delete', 'web-2')]);
    expect(when([set, one, ...pods(set, 2), pod(set, 2, going)])).toEqual([]);
  });

  test('too many that are not ready hold up those above them', () => {
    const set = aStatefulSet({ replicas: 1 });
    const [zero, , two] = pods(set, 3) as [Pod, Pod, Pod];
    const sick = pod(set, 1, { unready: true });
    expect(when([set, one, zero, sick, two])).toEqual(['delete pods web-2', told('Delete', 'web-2')]);
    expect(when([set, one, zero, sick, pod(set, 2, { unready: true })])).toEqual([]);
  });

  test('without their name on a label get it', () => {
    const bare = aPod('web-0', { owner: fresh, meta: { labels: { app: 'web' } } });
    const lines = when([fresh, one, bare, pod(fresh, 1), pod(fresh, 2)]);
    expect(lines[0]).toContain('metadata.labels.statefulset.kubernetes.io/pod-name none → "web-0"');
    expect(lines[1]).toBe(told('Update', 'web-0'));
  });

  test('of another name are none of its business, matching pods of nobody are', () => {
    const stranger = aPod('web-x', {});
    const orphan = aPod('web-1', {});
    expect(when([fresh, one, stranger, orphan]).map((line) => line.split(':')[0])).toEqual(['update pods web-1']);
  });
});

describe('parallel pods', () => {
  const set = aStatefulSet({ podManagementPolicy: 'Parallel' });

  test('are made all at once', () => {
    expect(when([set, one]).filter((line) => line.startsWith('create'))).toEqual(
      [0, 1, 2].map((i) => `create pods web-${i}`),
    );
  });

  test('go all at once', () => {
    const small = aStatefulSet({ podManagementPolicy: 'Parallel', replicas: 1 });
    expect(when([small, one, ...pods(small, 3)]).filter((line) => line.startsWith('delete'))).toEqual([
      'delete pods web-2',
      'delete pods web-1',
    ]);
  });

  test('after a refusal are tried one by one', () => {
    const refused: FailedWrite = {
      write: { kind: 'create', resource: { group: '', resource: 'pods' }, object: pod(set, 0) },
      reason: 'Forbidden',
      message: 'pods "web-0" is forbidden: exceeded quota: few',
    };
    expect(when([set, one], { failures: [refused] })).toEqual([
      'create pods web-0',
      told('Create', 'web-0'),
      'note Warning FailedCreate: Create Pod web-0 in StatefulSet web failed error: pods "web-0" is forbidden: exceeded quota: few',
    ]);
  });
});

describe('a roll-out', () => {
  const status = { currentRevision: one.metadata.name };
  const rolling = (rollingUpdate: object) =>
    aStatefulSet({ template: template('nginx:2'), status, updateStrategy: { type: 'RollingUpdate', rollingUpdate } });

  test('replaces the last pod that is old, when all above it are available', () => {
    const set = rolling({ partition: 0 });
    expect(when([set, one, two, ...pods(set, 3)])[0]).toBe('delete pods web-2');
    expect(when([set, one, two, ...pods(set, 2), pod(set, 2, { revision: two })])[0]).toBe('delete pods web-1');
    expect(when([set, one, two, ...pods(set, 2)])[0]).toBe('create pods web-2');
  });

  test('leaves pods below the partition alone, and makes them of the old template', () => {
    const set = rolling({ partition: 2 });
    const updated = pod(set, 2, { revision: two });
    expect(when([set, one, two, ...pods(set, 2), updated])).toEqual([]);
    const { object } = planOf(controller, worldOf(set, one, two, pod(set, 0), updated), { key })
      .writes[0] as CreateWrite;
    expect(object).toMatchObject({
      metadata: { name: 'web-1', labels: { 'controller-revision-hash': one.metadata.name } },
      spec: { containers: [{ image: 'nginx:1' }] },
    });
  });

  test.each([
    [2, ['web-2', 'web-1']],
    ['100%', ['web-2', 'web-1', 'web-0']],
    ['10%', ['web-2']],
  ])('takes as many as maxUnavailable %s lets it', (maxUnavailable, names) => {
    const set = rolling({ maxUnavailable });
    const lines = when([set, one, two, ...pods(set, 3)]).filter((line) => line.startsWith('delete'));
    expect(lines).toEqual(names.map((name) => `delete pods ${name}`));
  });

  test('by hand waits for whoever deletes the pods', () => {
    const set = aStatefulSet({ template: template('nginx:2'), status, updateStrategy: { type: 'OnDelete' } });
    expect(when([set, one, two, ...pods(set, 3)])).toEqual([]);
  });
});

describe('claims', () => {
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', uid: '' }, spec: {} };
  const withClaims = (policy: StatefulSet['spec']['persistentVolumeClaimRetentionPolicy'] = {}, replicas = 1) =>
    aStatefulSet({ replicas, volumeClaimTemplates: [claim], persistentVolumeClaimRetentionPolicy: policy });
  const claimOf = (ordinal: number, ownerReferences?: readonly OwnerReference[]): KubeObject => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: meta(`data-web-${ordinal}`, ownerReferences === undefined ? {} : { ownerReferences }),
  });
  const volumes = (ordinal: number) => [{ name: 'data', persistentVolumeClaim: { claimName: `data-web-${ordinal}` } }];
  const using = (set: StatefulSet, ordinal: number) => pod(set, ordinal, { spec: { volumes: volumes(ordinal) } });

  test('come before the pod, which then names them', () => {
    const set = withClaims();
    expect(when([set, one])).toEqual([
      'create persistentvolumeclaims data-web-0',
      'note Normal SuccessfulCreate: Create Claim data-web-0 Pod web-0 in StatefulSet web success',
      'again after 0 ms',
    ]);
    const { object } = planOf(controller, worldOf(set, one, claimOf(0)), { key }).writes[0] as CreateWrite;
    expect(object).toMatchObject({ metadata: { name: 'web-0' }, spec: { volumes: volumes(0) } });
  });

  test('that are going away are waited for', () => {
    const leaving = { ...claimOf(0), metadata: meta('data-web-0', { deletionTimestamp: at(0) }) };
    expect(when([withClaims(), one, leaving])).toEqual([
      'note Warning FailedCreate: Create Pod web-0 in StatefulSet web failed error: pvc data-web-0 is being deleted',
    ]);
  });

  test('of a pod that is gone are not built upon', () => {
    const set = withClaims({ whenScaled: 'Delete' });
    const former: OwnerReference = { apiVersion: 'v1', kind: 'Pod', name: 'web-0', uid: 'gone', controller: true };
    expect(when([set, one, claimOf(0, [former])])).toEqual([]);
  });

  const retained = (set: StatefulSet, ordinal: number, owners?: readonly OwnerReference[]) => {
    const all = Array.from({ length: ordinal + 1 }, (_, i) => [using(set, i), claimOf(i, i === ordinal ? owners : [])]);
    return when([set, one, ...all.flat()])[0];
  };
  const owned = (owner: KubeObject) =>
    `metadata.ownerReferences none → ${JSON.stringify([controlledBy({ ...owner, kind: owner.kind })])}`;

  test.each([
    ['stay with nobody', {}, 0, undefined],
    ['belong to the set that takes them along', { whenDeleted: 'Delete' }, 0, owned(withClaims())],
    [
      'of a pod that is wanted belong to nobody where only scaling deletes them',
      { whenScaled: 'Delete' },
      0,
      undefined,
    ],
    ['of a pod too many belong to the pod', { whenScaled: 'Delete' }, 1, owned(using(withClaims(), 1))],
  ] as const)('%s', (_, policy, ordinal, change) => {
    const line = retained(withClaims(policy), ordinal);
    if (change === undefined) expect(line?.includes('persistentvolumeclaims') ?? false).toBe(false);
    else expect(line).toBe(`update persistentvolumeclaims data-web-${ordinal}: ${change}`);
  });

  test('that somebody else manages are left to them', () => {
    const other: OwnerReference = { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'x', controller: true };
    expect(retained(withClaims({ whenDeleted: 'Delete' }), 0, [other])).toBeUndefined();
  });
});

describe('the status', () => {
  test('counts pods by revision, and availability by minReadySeconds', () => {
    const set = aStatefulSet({
      template: template('nginx:2'),
      minReadySeconds: 10,
      status: { currentRevision: one.metadata.name },
    });
    const all = [pod(set, 0), pod(set, 1, { readyAt: 15 }), pod(set, 2, { revision: two, unready: true })];
    const line = reported([set, one, two, ...all], { nowMs: atMs(20) });
    for (const change of [
      'replicas 0 → 3',
      'readyReplicas none → 2',
      'currentReplicas none → 2',
      'updatedReplicas none → 1',
      'availableReplicas 0 → 1',
      `updateRevision none → "${two.metadata.name}"`,
      'observedGeneration none → 1',
      'collisionCount none → 0',
    ])
      expect(line).toContain(`status.${change}`);
  });

  test('says that a roll-out is through once all pods are ready', () => {
    const set = aStatefulSet({ template: template('nginx:2'), status: { currentRevision: one.metadata.name } });
    const line = reported([set, one, two, ...pods(set, 3, { revision: two })]);
    expect(line).toContain(`status.currentRevision "${one.metadata.name}" → "${two.metadata.name}"`);
    expect(line).toContain('status.currentReplicas none → 3');
  });

  test('is looked at again when the next pod becomes available', () => {
    const set = aStatefulSet({ replicas: 1, minReadySeconds: 10 });
    expect(when([set, one, pod(set, 0, { readyAt: 5 })], { nowMs: atMs(6) })).toEqual(['again after 9000 ms']);
  });
});

test('a stateful set that is going away, or in a namespace that is, is only counted', () => {
  const leaving = aStatefulSet({ meta: { deletionTimestamp: at(0) } });
  expect(when([leaving, one])).toEqual([]);
  const namespace = aNamespace('default', { meta: { deletionTimestamp: at(0) }, status: { phase: 'Terminating' } });
  expect(when([fresh, one, namespace])).toEqual([]);
});
