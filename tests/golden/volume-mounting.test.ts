// What a kubelet says of a volume it is to mount, as a table: given this claim, volume and node, then this keeps the pod from
// starting.

import { expect, test } from 'vitest';
import { mountProblem } from '../../actors/volumes/mounting.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { worldOf } from '../kit/given-world.ts';
import { aClaim, aClaimingPod, aVolume } from '../kit/storage.ts';
import { aNode, at } from '../kit/workloads.ts';

const pod = aClaimingPod('web', ['data'], { node: 'n1' });
const node = aNode('n1', { labels: { 'kubernetes.io/hostname': 'n1' } });
const claim = aClaim('data', { bound: 'v' });
const csi = { driver: 'example.com', volumeHandle: 'h' };
const attached = {
  ...node,
  status: { ...node.status, volumesAttached: [{ name: 'kubernetes.io/csi/example.com^h', devicePath: '' }] },
};
const driver = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIDriver',
  metadata: { name: 'example.com', uid: 'd' },
  spec: { attachRequired: false },
};

const unprocessed = (why: string) =>
  `Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/data: ${why}`;
const unattached =
  'Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data], failed to process volumes=[]: context deadline exceeded';

test.each<[what: string, objects: KubeObject[], problem: string | undefined]>([
  ['a claim that has its volume', [claim, aVolume('v', { claim }), node], undefined],
  ['no claim', [node], unprocessed('failed to fetch PVC from API server: persistentvolumeclaims "data" not found')],
  ['a claim without a volume', [aClaim('data'), node], unprocessed('PVC is not bound')],
  [
    'a claim that is going and protected by nobody',
    [aClaim('data', { bound: 'v', meta: { deletionTimestamp: at(0) } }), node],
    unprocessed('PVC is being deleted'),
  ],
  [
    'a claim that is going and protected',
    [
      aClaim('data', { bound: 'v', meta: { deletionTimestamp: at(0), finalizers: ['kubernetes.io/pvc-protection'] } }),
      aVolume('v', { claim }),
      node,
    ],
    undefined,
  ],
  ['no volume', [claim, node], unprocessed('failed to fetch PV v from API server: persistentvolumes "v" not found')],
  [
    'a volume that knows nothing of it',
    [claim, aVolume('v'), node],
    unprocessed('found PV object v but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim'),
  ],
  [
    'a volume of another claim',
    [claim, aVolume('v', { claim: aClaim('other') }), node],
    unprocessed('found PV object v but its pv.Spec.ClaimRef.UID uid-of-other does not point to claim.UID uid-of-data'),
  ],
  [
    'a volume on another node',
    [claim, aVolume('v', { claim, node: 'n2' }), node],
    'MountVolume.NodeAffinity check failed for volume "v" : no matching NodeSelectorTerms',
  ],
  ['a volume that is not attached', [claim, aVolume('v', { claim, csi }), node], unattached],
  ['a volume that is attached', [claim, aVolume('v', { claim, csi }), attached], undefined],
  ['a volume that needs no attaching', [claim, aVolume('v', { claim, csi }), node, driver], undefined],
])('%s', (_, objects, problem) => {
  expect(mountProblem(worldOf(...objects), pod, { volume: 'data', claim: 'data' })).toBe(problem);
});
