// The volume binder as a table: given these claims, volumes and classes, when a claim or a volume is looked at, then this
// one step is taken.

import { describe, expect, test } from 'vitest';
import { volumeBinder } from '../../actors/controllers/volumes/binder.ts';
import { annotations } from '../../actors/volumes/claims.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { reconciled, type When, worldOf } from '../kit/given-world.ts';
import { aClaim, aClaimingPod, aClass, aVolume, refTo } from '../kit/storage.ts';
import { at } from '../kit/workloads.ts';

const binder = volumeBinder();
const again = 'again after 15000 ms';

function claimed(objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return reconciled(binder, worldOf(...objects), { key: 'claim/default/data', ...change });
}

function volumed(objects: readonly KubeObject[]): string[] {
  return reconciled(binder, worldOf(...objects), { key: 'volume/v' });
}

/** The volume that is bound to the claim, if any. */
function chosen(objects: readonly KubeObject[]): string | undefined {
  return claimed(objects).flatMap((line) => /^update persistentvolumes (\S+): .*claimRef/.exec(line)?.[1] ?? [])[0];
}

const data = aClaim('data');
const as = (bits: string) => ({ meta: { uid: `${bits}000000-0000-4000-8000-000000000000` } });
const wffc = aClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
const boundBy = { [annotations.boundByController]: 'yes' };

describe('the volume a claim gets', () => {
  test.each<
    [what: string, claim: ReturnType<typeof aClaim>, volumes: readonly KubeObject[], expected: string | undefined]
  >([
    ['one that suits', data, [aVolume('v')], 'v'],
    [
      'the smallest that is large enough',
      aClaim('data', { size: '2Gi' }),
      [aVolume('a', { size: '5Gi' }), aVolume('b', { size: '3Gi' }), aVolume('c')],
      'b',
    ],
    ['the first by name of equals', data, [aVolume('b'), aVolume('a')], 'a'],
    ['of equals its own favourite', aClaim('data', as('c1')), [aVolume('a', as('0f')), aVolume('b', as('c0'))], 'b'],
    ['which is not that of another', aClaim('data', as('0e')), [aVolume('b', as('c0')), aVolume('a', as('0f'))], 'a'],
    [
      'one with few modes before one with many',
      data,
      [aVolume('a', { modes: ['ReadWriteOnce', 'ReadWriteMany'] }), aVolume('b', { size: '9Gi' })],
      'b',
    ],
    [
      'one with all modes it asks for',
      aClaim('data', { modes: ['ReadWriteMany'] }),
      [aVolume('a'), aVolume('b', { modes: ['ReadWriteMany', 'ReadWriteOnce'] })],
      'b',
    ],
    ['one of its class', aClaim('data', { class: 'fast' }), [aVolume('a'), aVolume('b', { class: 'fast' })], 'b'],
    ['none of another class', data, [aVolume('a', { class: 'fast' })], undefined],
    [
      'one with the labels it asks for',
      aClaim('data', { selector: { matchLabels: { tier: 'hot' } } }),
      [aVolume('a'), aVolume('b', { meta: { labels: { tier: 'hot' } } })],
      'b',
    ],
    [
      'one of its volume mode',
      aClaim('data', { volumeMode: 'Block' }),
      [aVolume('a'), aVolume('b', { volumeMode: 'Block' })],
      'b',
    ],
    [
      'one of its attributes class',
      aClaim('data', { volumeAttributesClassName: 'gold' }),
      [aVolume('a'), aVolume('b', { volumeAttributesClassName: 'gold' })],
      'b',
    ],
    [
      'one that is kept for it, however large',
      data,
      [aVolume('a'), aVolume('b', { size: '9Gi', claimRef: { namespace: 'default', name: 'data' } })],
      'b',
    ],
    [
      'none that is kept for another',
      data,
      [aVolume('a', { claimRef: { namespace: 'default', name: 'other' } })],
      undefined,
    ],
    [
      'none that was kept for an earlier one of its name',
      data,
      [aVolume('a', { claimRef: { ...refTo(data), uid: 'old' } })],
      undefined,
    ],
    ['none that is not available yet', data, [aVolume('a', { phase: 'Pending' })], undefined],
    ['none that is going', data, [aVolume('a', { meta: { deletionTimestamp: at(0) } })], undefined],
  ])('%s', (_, claim, volumes, expected) => {
    expect(chosen([claim, ...volumes])).toBe(expected);
  });

  test('is for the scheduler to find where the class waits for a consumer, unless it is kept for the claim', () => {
    const claim = aClaim('data', { class: 'late' });
    expect(chosen([claim, wffc, aVolume('a', { class: 'late' })])).toBeUndefined();
    expect(chosen([claim, wffc, aVolume('a', { class: 'late', claimRef: refTo(claim) })])).toBeUndefined();
    expect(claimed([claim, wffc, aVolume('a', { class: 'late', claimRef: refTo(claim) })])[0]).toMatch(
      /^update persistentvolumeclaims data: .*spec.volumeName none → "a"/,
    );
  });
});

describe('binding goes step by step', () => {
  test('the volume names the claim, which asked for none in particular', () => {
    expect(claimed([data, aVolume('v')])).toEqual([
      'update persistentvolumes v: metadata.annotations none → {"pv.kubernetes.io/bound-by-controller":"yes"}; spec.claimRef none → {"apiVersion":"v1","kind":"PersistentVolumeClaim","namespace":"default","name":"data","uid":"uid-of-data","resourceVersion":"1"}',
    ]);
  });

  test('the claim names the volume, and that binding is complete', () => {
    expect(claimed([data, aVolume('v', { claim: data, annotations: boundBy })])).toEqual([
      'update persistentvolumeclaims data: metadata.annotations none → {"pv.kubernetes.io/bound-by-controller":"yes","pv.kubernetes.io/bind-completed":"yes"}; spec.volumeName none → "v"',
    ]);
  });

  test('the claim says what it has', () => {
    const told = aClaim('data', { bound: 'v', status: { phase: 'Pending' } });
    expect(claimed([told, aVolume('v', { claim: told, size: '2Gi' })])).toEqual([
      'update persistentvolumeclaims/status data: status.phase "Pending" → "Bound"; status.accessModes none → ["ReadWriteOnce"]; status.capacity none → {"storage":"2Gi"}',
    ]);
  });

  test('nothing is left to do', () => {
    const bound = aClaim('data', { bound: 'v' });
    expect(claimed([bound, aVolume('v', { claim: bound })])).toEqual([]);
  });

  test('what expansion has reached is not set back', () => {
    const bound = aClaim('data', { bound: 'v' });
    expect(claimed([bound, aVolume('v', { claim: bound, size: '5Gi' })])).toEqual([]);
  });
});

describe('a volume that is asked for by name', () => {
  const named = aClaim('data', { volumeName: 'v' });

  test('is bound, marked as asked for', () => {
    expect(claimed([named, aVolume('v')])[0]).toMatch(/^update persistentvolumes v: .*spec.claimRef none/);
    expect(claimed([named, aVolume('v', { claim: named })])).toEqual([
      'update persistentvolumeclaims data: metadata.annotations none → {"pv.kubernetes.io/bind-completed":"yes"}',
    ]);
  });

  test('is waited for while it is not there', () => {
    expect(claimed([named])).toEqual([again]);
  });

  test('may belong to another claim', () => {
    expect(claimed([named, aVolume('v', { claim: aClaim('other') })])).toEqual([
      'note Warning FailedBinding: volume "v" already bound to a different claim.',
      again,
    ]);
  });

  test.each([
    ['requested PV is too small', aVolume('v', { size: '1Mi' })],
    ['storageClassName does not match', aVolume('v', { class: 'fast' })],
    ['volumeAttributesClassName does not match', aVolume('v', { volumeAttributesClassName: 'gold' })],
    ['incompatible volumeMode', aVolume('v', { volumeMode: 'Block' })],
    ['incompatible accessMode', aVolume('v', { modes: ['ReadOnlyMany'] })],
    ['the volume is marked for deletion "v"', aVolume('v', { meta: { deletionTimestamp: at(0) } })],
  ])('may not suit: %s', (reason, volume) => {
    expect(claimed([named, volume])).toEqual([
      `note Warning VolumeMismatch: Cannot bind to requested volume "v": ${reason}`,
      again,
    ]);
  });
});

describe('a claim without a volume', () => {
  test('and without a class is told so', () => {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    expect(claimed([data])).toEqual([`note Normal FailedBinding: ${message}`, again]);
  });

  test('that names no class gets the newest default class, as soon as there is one', () => {
    const { storageClassName: _, ...spec } = data.spec;
    const classes = [
      aClass('old', { isDefault: true }),
      aClass('new', { isDefault: true, meta: { creationTimestamp: at(5) } }),
    ];
    expect(claimed([{ ...data, spec } as KubeObject, ...classes])).toEqual([
      'update persistentvolumeclaims data: spec.storageClassName none → "new"',
    ]);
    expect(claimed([data, ...classes])[0]).toContain('FailedBinding');
  });

  const late = aClaim('data', { class: 'late' });

  test.each<[string, KubeObject[], string]>([
    ['nobody wants it', [], 'WaitForFirstConsumer: waiting for first consumer to be created before binding'],
    ['a pod wants it', [aClaimingPod('web', ['data'])], 'WaitForPodScheduled: waiting for pod web to be scheduled'],
    [
      'pods want it',
      [aClaimingPod('a', ['data']), aClaimingPod('b', ['data']), aClaimingPod('c', ['other'])],
      'WaitForPodScheduled: waiting for pods a,b to be scheduled',
    ],
  ])('whose class waits for a consumer says what it waits for: %s', (_, pods, expected) => {
    expect(claimed([late, wffc, ...pods])).toEqual([`note Normal ${expected}`, again]);
  });

  test('is left to the provisioner of its class, which is told by annotation', () => {
    const waiting =
      "note Normal ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'example.com/disk' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.";
    const told = {
      'volume.beta.kubernetes.io/storage-provisioner': 'example.com/disk',
      'volume.kubernetes.io/storage-provisioner': 'example.com/disk',
    };
    const write = `update persistentvolumeclaims data: metadata.annotations none → ${JSON.stringify(told)}`;
    expect(claimed([aClaim('data', { class: 'fast' }), aClass('fast')])).toEqual([write, waiting]);
    expect(claimed([aClaim('data', { class: 'fast', annotations: told }), aClass('fast')])).toEqual([waiting, again]);
    const placed = aClaim('data', { class: 'late', annotations: { ...told, [annotations.selectedNode]: 'node-1' } });
    expect(claimed([placed, wffc])).toEqual([waiting, again]);
  });

  test.each([
    [[], 'storageclass.storage.k8s.io "fast" not found'],
    [
      [aClass('fast', { provisioner: 'kubernetes.io/no-provisioner' })],
      'no volume plugin matched name: kubernetes.io/no-provisioner',
    ],
  ])('of which nobody can make one says why', (classes, message) => {
    expect(claimed([aClaim('data', { class: 'fast' }), ...classes])).toEqual([
      `note Warning ProvisioningFailed: ${message}`,
      again,
    ]);
  });
});

describe('a claim that was bound', () => {
  const bound = aClaim('data', { bound: 'v' });
  const status =
    'update persistentvolumeclaims/status data: status.phase "Bound" → "Lost"; status.accessModes ["ReadWriteOnce"] → none; status.capacity {"storage":"1Gi"} → none';

  test.each<[string, KubeObject[], string]>([
    [
      'its volume is gone',
      [bound],
      'ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    ],
    [
      'its volume belongs to another',
      [bound, aVolume('v', { claim: aClaim('other') })],
      'ClaimMisbound: Two claims are bound to the same volume, this one is bound incorrectly',
    ],
    [
      'it no longer says which',
      [aClaim('data', { bound: '', status: bound.status ?? {} })],
      'ClaimLost: Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
    ],
  ])('is lost where %s', (_, objects, note) => {
    expect(claimed(objects)).toEqual([status, `note Warning ${note}`]);
  });

  test('is told once that it is lost', () => {
    expect(claimed([aClaim('data', { bound: 'v', status: { phase: 'Lost' } })])).toEqual([]);
  });

  test('gets its volume back where the volume forgot it', () => {
    expect(claimed([bound, aVolume('v')])[0]).toMatch(/^update persistentvolumes v: .*spec.claimRef none/);
  });
});

describe('a volume', () => {
  const bound = aClaim('data', { bound: 'v' });
  const elsewhere = aClaim('data', { bound: 'w' });
  const phase = (from: string, to: string) => [`update persistentvolumes/status v: status.phase "${from}" → "${to}"`];

  test.each<[string, KubeObject[], string[]]>([
    ['nobody claims is available', [aVolume('v', { phase: 'Pending' })], phase('Pending', 'Available')],
    [
      'kept for a claim by name is available',
      [aVolume('v', { phase: 'Pending', claimRef: { namespace: 'default', name: 'data' } })],
      phase('Pending', 'Available'),
    ],
    [
      'its claim names is bound',
      [bound, aVolume('v', { claim: bound, phase: 'Available' })],
      phase('Available', 'Bound'),
    ],
    ['its claim does not know of yet is left alone', [data, aVolume('v', { claim: data, phase: 'Pending' })], []],
    ['whose claim is gone is released', [aVolume('v', { claim: data })], phase('Bound', 'Released')],
    [
      'whose claim was made anew is released',
      [data, aVolume('v', { claim: aClaim('data', { meta: { uid: 'old' } }) })],
      phase('Bound', 'Released'),
    ],
    ['that is kept stays released', [aVolume('v', { claim: data, phase: 'Released' })], []],
    [
      'made for a claim that was bound elsewhere is released',
      [
        elsewhere,
        aVolume('v', {
          claim: elsewhere,
          annotations: { [annotations.provisionedBy]: 'x' },
          persistentVolumeReclaimPolicy: 'Delete',
        }),
      ],
      phase('Bound', 'Released'),
    ],
    [
      'whose claim was bound elsewhere is free again',
      [elsewhere, aVolume('v', { claim: elsewhere, annotations: boundBy })],
      [
        'update persistentvolumes v: metadata.annotations {"pv.kubernetes.io/bound-by-controller":"yes"} → none; spec.claimRef {"apiVersion":"v1","kind":"PersistentVolumeClaim","namespace":"default","name":"data","uid":"uid-of-data"} → none',
      ],
    ],
    [
      'kept for a claim that was bound elsewhere stays kept for its name',
      [elsewhere, aVolume('v', { claim: elsewhere })],
      ['update persistentvolumes v: spec.claimRef.uid "uid-of-data" → none'],
    ],
    [
      'of another mode than its claim is told of on both sides',
      [data, aVolume('v', { claim: data, volumeMode: 'Block' })],
      [
        'note Warning VolumeMismatch: Cannot bind PersistentVolume to requested PersistentVolumeClaim "data" due to incompatible volumeMode.',
        'note Warning VolumeMismatch: Cannot bind PersistentVolume "v" to requested PersistentVolumeClaim due to incompatible volumeMode.',
      ],
    ],
  ])('%s', (_, objects, expected) => {
    expect(volumed(objects)).toEqual(expected);
  });

  const released = (traits: Parameters<typeof aVolume>[1]) =>
    volumed([aVolume('v', { claim: data, phase: 'Released', persistentVolumeReclaimPolicy: 'Delete', ...traits })]);

  test('that is to be deleted is deleted by whoever made it, or here where nothing is lost by it', () => {
    expect(released({ annotations: { [annotations.provisionedBy]: 'example.com/disk' } })).toEqual([]);
    expect(released({ csi: { driver: 'example.com', volumeHandle: 'h' } })).toEqual([]);
    expect(released({ hostPath: { path: '/tmp/v' } })).toEqual(['delete persistentvolumes v']);
  });

  test.each([
    [
      { hostPath: { path: '/data' } },
      'VolumeFailedDelete',
      'host_path deleter only supports /tmp/.+ but received provided /data',
    ],
    [
      { local: { path: '/data' } },
      'VolumeFailedDelete',
      'error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
    ],
    [
      { persistentVolumeReclaimPolicy: 'Recycle' as const },
      'VolumeFailedRecycle',
      'No recycler plugin found for the volume!',
    ],
  ])('that cannot be reclaimed has failed and says why', (traits, reason, message) => {
    expect(released(traits)).toEqual([
      `update persistentvolumes/status v: status.phase "Released" → "Failed"; status.message none → ${JSON.stringify(message)}`,
      `note Warning ${reason}: ${message}`,
    ]);
  });
});

describe('who is looked at', () => {
  const keys = (resource: string, current: KubeObject, world: readonly KubeObject[] = [], previous?: KubeObject) => {
    const watch = binder.watches.find((each) => each.resource !== 'all' && each.resource.resource === resource);
    const type = previous === undefined ? 'ADDED' : 'MODIFIED';
    const stored = (object: KubeObject) => ({ object }) as never;
    const change = { type, ref: {}, current: stored(current), previous: previous && stored(previous) } as never;
    return watch?.keys(change, worldOf(...world));
  };

  test('a claim, and the volume it names', () => {
    expect(keys('persistentvolumeclaims', aClaim('data', { volumeName: 'v' }))).toEqual([
      'claim/default/data',
      'volume/v',
    ]);
  });

  test('a volume, its claim, and, where it is free, all claims that seek one', () => {
    const world = [data, aClaim('other', { bound: 'w' })];
    expect(keys('persistentvolumes', aVolume('v', { claim: aClaim('x') }), world)).toEqual([
      'volume/v',
      'claim/default/x',
    ]);
    expect(keys('persistentvolumes', aVolume('v'), world)).toEqual(['volume/v', 'claim/default/data']);
    expect(keys('persistentvolumes', aVolume('v'), world, aVolume('v'))).toEqual(['volume/v']);
    expect(keys('persistentvolumes', aVolume('v'), world, aVolume('v', { phase: 'Pending' }))).toContain(
      'claim/default/data',
    );
  });
});
