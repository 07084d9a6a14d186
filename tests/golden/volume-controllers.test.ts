// Provisioner, expander, ephemeral volumes, attaching and protection as tables: given these objects, when one is looked at,
// then this one step is taken.

import { describe, expect, test } from 'vitest';
import {
  pvcProtectionController,
  pvProtectionController,
  vacProtectionController,
} from '../../actors/controllers/storage-protection.ts';
import { attachDetachController } from '../../actors/controllers/volumes/attach-detach.ts';
import { ephemeralVolumeController } from '../../actors/controllers/volumes/ephemeral-volumes.ts';
import { volumeExpander } from '../../actors/controllers/volumes/expander.ts';
import { localProvisioner, localProvisionerName } from '../../actors/controllers/volumes/local-provisioner.ts';
import type { Controller } from '../../actors/kit/controller.ts';
import { sha256 } from '../../actors/kit/sha256.ts';
import { annotations } from '../../actors/volumes/claims.ts';
import { defined } from '../../streams/base/assert.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { PersistentVolume, PodVolume } from '../../streams/resources/storage.ts';
import { planOf, reconciled, type When, worldOf } from '../kit/given-world.ts';
import { aClaim, aClaimingPod, aClass, aVolume, type ClaimTraits } from '../kit/storage.ts';
import { aNode, aPod, at, atMs, controlledBy, meta, startMs } from '../kit/workloads.ts';

function asks(controller: Controller, key: string) {
  return (objects: readonly KubeObject[], change: Partial<When> = {}): string[] =>
    reconciled(controller, worldOf(...objects), { key, ...change });
}

const made = { [annotations.provisionedBy]: localProvisionerName };

describe('the local provisioner', () => {
  const provisioner = localProvisioner({ directory: '/disks' });
  const claimed = asks(provisioner, 'claim/default/data');
  const asked = { [annotations.provisioner]: localProvisionerName, [annotations.selectedNode]: 'n1' };
  const local = aClass('local', { provisioner: localProvisionerName, volumeBindingMode: 'WaitForFirstConsumer' });
  const node = aNode('n1', { labels: { 'kubernetes.io/hostname': 'host-1' } });
  const claim = (traits: ClaimTraits = {}) => aClaim('data', { class: 'local', annotations: asked, ...traits });

  test('makes a volume on the node that was chosen, and says so', () => {
    expect(claimed([claim(), local, node])).toEqual([
      'create persistentvolumes pvc-uid-of-data',
      'note Normal Provisioning: External provisioner is provisioning volume for claim "default/data"',
      'note Normal ProvisioningSucceeded: Successfully provisioned volume pvc-uid-of-data',
    ]);
  });

  test('makes it as the claim and its class want it', () => {
    const [write] = planOf(provisioner, worldOf(claim({ size: '3Gi' }), local, node), {
      key: 'claim/default/data',
    }).writes;
    expect(write?.kind === 'create' && (write.object as unknown as PersistentVolume).spec).toEqual({
      capacity: { storage: '3Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'local',
      claimRef: expect.objectContaining({ kind: 'PersistentVolumeClaim', name: 'data', uid: 'uid-of-data' }),
      hostPath: { path: '/disks/pvc-uid-of-data_default_data', type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['host-1'] }] },
          ],
        },
      },
    });
  });

  const only = { [annotations.provisioner]: localProvisionerName };

  test.each<[what: string, objects: KubeObject[]]>([
    ['nobody asked it', [claim({ annotations: { [annotations.selectedNode]: 'n1' } }), local, node]],
    ['another was asked', [claim({ annotations: { ...asked, [annotations.provisioner]: 'x' } }), local, node]],
    ["the class is another's", [claim(), { ...local, provisioner: 'x' } as KubeObject, node]],
    ['no node was chosen yet', [claim({ annotations: only }), local, node]],
    ['the claim asks for a volume by name', [claim({ volumeName: 'v' }), local, node]],
    ['the volume was made', [claim(), local, node, aVolume('pvc-uid-of-data')]],
  ])('does nothing where %s', (_, objects) => {
    expect(claimed(objects)).toEqual([]);
  });

  test('makes one anywhere where the class does not wait', () => {
    const immediate = aClass('local', { provisioner: localProvisionerName });
    expect(claimed([claim({ annotations: only }), immediate])[0]).toBe('create persistentvolumes pvc-uid-of-data');
  });

  test('gives the choice back where the node is gone', () => {
    expect(claimed([claim(), local])).toEqual([
      'update persistentvolumeclaims data: metadata.annotations.volume.kubernetes.io/selected-node "n1" → none',
      'note Warning ProvisioningFailed: failed to get target node: node "n1" not found',
    ]);
  });

  test.each<[ClaimTraits, string]>([
    [
      { modes: ['ReadWriteMany'] },
      'local volumes only support the access modes ReadWriteOnce and ReadWriteOncePod, not ReadWriteMany',
    ],
    [{ selector: { matchLabels: { a: 'b' } } }, 'claim.Spec.Selector is not supported'],
    [{ volumeMode: 'Block' }, 'local volumes have a file system, volumeMode Block is not supported'],
  ])('says why it cannot: %j', (traits, why) => {
    expect(claimed([claim(traits), local, node])).toEqual([
      `note Warning ProvisioningFailed: failed to provision volume with StorageClass "local": ${why}`,
    ]);
  });

  test('deletes its own volumes once they are released', () => {
    const released = (traits: Parameters<typeof aVolume>[1]) =>
      asks(
        provisioner,
        'volume/v',
      )([aVolume('v', { annotations: made, phase: 'Released', persistentVolumeReclaimPolicy: 'Delete', ...traits })]);
    expect(released({})).toEqual(['delete persistentvolumes v']);
    expect(released({ annotations: {} })).toEqual([]);
    expect(released({ phase: 'Bound' })).toEqual([]);
    expect(released({ persistentVolumeReclaimPolicy: 'Retain' })).toEqual([]);
    expect(released({ meta: { deletionTimestamp: at(0) } })).toEqual([]);
  });
});

describe('a claim that grows', () => {
  const grow = asks(volumeExpander(), 'default/data');
  const had = aClaim('data', { bound: 'v' });
  const more = { ...had, spec: aClaim('data', { bound: 'v', size: '2Gi' }).spec };
  const resizing = {
    ...more,
    status: {
      ...had.status,
      conditions: [{ type: 'Resizing', status: 'True' as const, lastTransitionTime: at(0) }],
      allocatedResources: { storage: '2Gi' },
      allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' },
    },
  };
  const volume = (size: string, told: Record<string, string> = made) =>
    aVolume('v', { claim: had, annotations: told, size });

  test('is told that it grows, then its volume does, then it has grown', () => {
    expect(grow([more, volume('1Gi')])).toEqual([
      'update persistentvolumeclaims/status data: status.allocatedResources none → {"storage":"2Gi"}; status.allocatedResourceStatuses none → {"storage":"ControllerResizeInProgress"}; Resizing=True',
      'note Normal Resizing: External resizer is resizing volume v',
    ]);
    expect(grow([resizing, volume('1Gi')])).toEqual([
      'update persistentvolumes v: spec.capacity.storage "1Gi" → "2Gi"',
    ]);
    expect(grow([resizing, volume('2Gi')])).toEqual([
      'update persistentvolumeclaims/status data: status.capacity.storage "1Gi" → "2Gi"; no Resizing; status.allocatedResourceStatuses {"storage":"ControllerResizeInProgress"} → none',
      'note Normal VolumeResizeSuccessful: Resize volume succeeded',
    ]);
  });

  test('has nothing to do where it has what it asks for, or is not bound', () => {
    expect(grow([had, volume('1Gi')])).toEqual([]);
    expect(grow([aClaim('data', { size: '9Gi' })])).toEqual([]);
  });

  test('waits for somebody else where somebody else made the volume', () => {
    expect(grow([more, volume('1Gi', {})])).toEqual([
      'note Warning ExternalExpanding: waiting for an external controller to expand this PVC',
    ]);
  });
});

describe('an ephemeral volume', () => {
  const look = asks(ephemeralVolumeController(), 'default/web');
  const template = { metadata: { labels: { tier: 'hot' } }, spec: aClaim('x', { class: 'fast' }).spec };
  const volumes: PodVolume[] = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: template } }];
  const pod = aPod('web', { spec: { volumes } });

  test('gets a claim that goes with its pod', () => {
    expect(look([pod])).toEqual(['create persistentvolumeclaims web-scratch']);
    const [write] = planOf(ephemeralVolumeController(), worldOf(pod), { key: 'default/web' }).writes;
    expect(write?.kind === 'create' && write.object).toMatchObject({
      metadata: { name: 'web-scratch', labels: { tier: 'hot' }, ownerReferences: [controlledBy(pod)] },
      spec: template.spec,
    });
  });

  test('has it once', () => {
    const own = aClaim('web-scratch', { meta: { ownerReferences: [controlledBy(pod)] } });
    expect(look([pod, own])).toEqual([]);
    expect(look([aPod('web', { spec: { volumes }, meta: { deletionTimestamp: at(0) } })])).toEqual([]);
  });

  test('takes no claim that belongs to another', () => {
    expect(look([pod, aClaim('web-scratch')])).toEqual([
      'note Warning FailedBinding: ephemeral volume scratch: PVC default/web-scratch was not created for pod default/web (pod is not owner)',
    ]);
  });
});

describe('attaching', () => {
  const look = asks(attachDetachController(), 'n1');
  const claim = aClaim('data', { bound: 'v' });
  const volume = aVolume('v', { claim, csi: { driver: 'example.com', volumeHandle: 'h' } });
  const pod = aClaimingPod('web', ['data'], { node: 'n1' });
  const name = `csi-${sha256('hexample.comn1')}`;
  const unique = 'kubernetes.io/csi/example.com^h';
  const attachment = (change: object = {}, nodeName = 'n1') => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name: nodeName === 'n1' ? name : `on-${nodeName}`, uid: nodeName },
    spec: { attacher: 'example.com', nodeName, source: { persistentVolumeName: 'v' } },
    status: { attached: true },
    ...change,
  });
  const node = (status: object = {}) => {
    const plain = aNode('n1');
    return { ...plain, status: { ...plain.status, ...status } };
  };
  const reported = node({ volumesAttached: [{ name: unique, devicePath: '' }] });
  const inUse = { volumesInUse: [unique], volumesAttached: [{ name: unique, devicePath: '' }] };

  test('a volume a pod needs is asked for, under the name kubelets look for', () => {
    expect(look([node(), claim, volume, pod])).toEqual([`create volumeattachments ${name}`]);
    expect(name).toMatch(/^csi-[0-9a-f]{64}$/);
  });

  test("a volume that is attached is told in the node's status", () => {
    expect(look([node(), claim, volume, pod, attachment()])).toEqual([
      `update nodes/status n1: status.volumesAttached none → [{"name":"${unique}","devicePath":""}]`,
      'note Normal SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "v" ',
    ]);
    expect(look([reported, claim, volume, pod, attachment()])).toEqual([]);
  });

  test('what a driver could not attach is told to the pod', () => {
    const failed = attachment({ status: { attached: false, attachError: { message: 'no room' } } });
    expect(look([node(), claim, volume, pod, failed])).toEqual([
      'note Warning FailedAttachVolume: AttachVolume.Attach failed for volume "v" : no room',
    ]);
  });

  test('a volume nobody needs is told to go, then goes', () => {
    expect(look([reported, claim, volume, attachment()])[0]).toMatch(/^update nodes\/status n1: .*→ none$/);
    expect(look([node(), claim, volume, attachment()])).toEqual([`delete volumeattachments ${name}`]);
  });

  test('a volume that is still held is waited for, six minutes long where the node is unwell', () => {
    const held = (traits: Parameters<typeof aNode>[1]) => {
      const plain = aNode('n1', traits);
      return [{ ...plain, status: { ...plain.status, ...inUse } }, claim, volume, attachment()];
    };
    expect(look(held({}))).toEqual(['again after 360000 ms']);
    const late = { sinceMs: startMs, nowMs: atMs(360) };
    expect(look(held({}), late)).toEqual(['again after 360000 ms']);
    expect(look(held({ ready: 'Unknown' }), late)[0]).toMatch(/^update nodes\/status n1: .*→ none$/);
    // One that falls ill meanwhile is not waited for longer than from the first look.
    const soon = { sinceMs: startMs, nowMs: atMs(100) };
    expect(look(held({ ready: 'Unknown' }), soon)).toEqual(['again after 260000 ms']);
    const gone = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' as const }];
    expect(look(held({ taints: gone }))[0]).toMatch(/^update nodes\/status n1: .*→ none$/);
  });

  test('a node that falls ill, or is well again, is looked at', () => {
    const stored = (object: KubeObject) =>
      defined(worldOf(object).stored(resources.nodes, { name: 'n1' }), 'it is there');
    const keys = (before: KubeObject, after: KubeObject) => {
      const [previous, current] = [stored(before), stored(after)];
      const change = { type: 'MODIFIED', ref: current.ref, current, previous } as const;
      const watch = attachDetachController().watches.find(({ resource }) => resource === resources.nodes);
      return watch?.keys(change, worldOf());
    };
    const [well, ill] = [aNode('n1'), aNode('n1', { ready: 'Unknown' })];
    expect(keys(well, ill)).toEqual(['n1']);
    expect(keys(ill, well)).toEqual(['n1']);
    expect(keys(well, aNode('n1', { heardAt: 10 }))).toEqual([]);
  });

  test('a volume for one node is not asked for on a second', () => {
    const elsewhere = aClaimingPod('other', ['data'], { node: 'n2' });
    expect(look([node(), claim, volume, pod, attachment({}, 'n2'), elsewhere])).toEqual([
      'note Warning FailedAttachVolume: Multi-Attach error for volume "v" Volume is already used by pod(s) other',
    ]);
    expect(look([node(), claim, volume, pod, attachment({}, 'n2')])).toEqual([
      'note Warning FailedAttachVolume: Multi-Attach error for volume "v" Volume is already exclusively attached to one node and can\'t be attached to another',
    ]);
    const shared = { ...volume, spec: { ...volume.spec, accessModes: ['ReadWriteMany' as const] } };
    expect(look([node(), claim, shared, pod, attachment({}, 'n2')])).toEqual([`create volumeattachments ${name}`]);
  });

  test('drivers that attach nothing are left out of it', () => {
    const driver = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: 'example.com', uid: 'd' },
      spec: { attachRequired: false },
    };
    expect(look([node(), claim, volume, pod, driver])).toEqual([]);
    expect(look([node(), claim, aVolume('v', { claim }), pod])).toEqual([]);
  });
});

describe('protection', () => {
  const going = (finalizer: string) => ({ deletionTimestamp: at(0), finalizers: [finalizer] });
  const claim = asks(pvcProtectionController(), 'default/data');
  const data = aClaim('data', { meta: going('kubernetes.io/pvc-protection') });
  const gone = (finalizer: string) => [expect.stringContaining(`metadata.finalizers ["${finalizer}"] → none`)];

  test('a claim stays while a pod that has a node is there, even one that is over', () => {
    expect(claim([data])).toEqual(gone('kubernetes.io/pvc-protection'));
    expect(claim([data, aClaimingPod('web', ['data'], { node: 'n1' })])).toEqual([]);
    expect(claim([data, aClaimingPod('web', ['data'], { node: 'n1', phase: 'Succeeded' })])).toEqual([]);
    expect(claim([data, aClaimingPod('web', ['data'])])).toEqual(gone('kubernetes.io/pvc-protection'));
    expect(claim([data, aClaimingPod('web', ['other'], { node: 'n1' })])).toEqual(gone('kubernetes.io/pvc-protection'));
  });

  test('the claim of an ephemeral volume stays until its kubelet is done with its pod', () => {
    const volumes: PodVolume[] = [{ name: 'scratch', ephemeral: {} }];
    const pod = aPod('web', { spec: { volumes } });
    const own = aClaim('web-scratch', {
      meta: { ...going('kubernetes.io/pvc-protection'), ownerReferences: [controlledBy(pod)] },
    });
    const scratch = asks(pvcProtectionController(), 'default/web-scratch');
    const shutDown = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: at(0), deletionGracePeriodSeconds: 0 } };
    expect(scratch([own, pod])).toEqual([]);
    expect(scratch([own, shutDown])).toEqual(gone('kubernetes.io/pvc-protection'));
  });

  test('a volume stays while it is bound', () => {
    const volume = asks(pvProtectionController(), 'v');
    const protectedVolume = (phase: 'Bound' | 'Released') => [
      aVolume('v', { phase, meta: going('kubernetes.io/pv-protection') }),
    ];
    expect(volume(protectedVolume('Bound'))).toEqual([]);
    expect(volume(protectedVolume('Released'))).toEqual(gone('kubernetes.io/pv-protection'));
  });

  test('an attributes class stays while a volume has it or a claim wants it', () => {
    const { namespace: _, ...own } = meta('gold', going('kubernetes.io/vac-protection'));
    const gold = { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttributesClass', metadata: own };
    const look = asks(vacProtectionController(), 'gold');
    expect(look([gold, aVolume('v', { volumeAttributesClassName: 'gold' })])).toEqual([]);
    expect(
      look([
        gold,
        aClaim('c', { status: { modifyVolumeStatus: { targetVolumeAttributesClassName: 'gold', status: 'Pending' } } }),
      ]),
    ).toEqual([]);
    expect(look([gold, aVolume('v')])).toEqual(gone('kubernetes.io/vac-protection'));
    const { deletionTimestamp: _t, finalizers: _f, ...living } = own;
    expect(look([{ ...gold, metadata: living }])).toEqual([
      expect.stringContaining('metadata.finalizers none → ["kubernetes.io/vac-protection"]'),
    ]);
  });
});
