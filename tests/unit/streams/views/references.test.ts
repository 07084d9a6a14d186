// Who refers to whom is answered from an index that follows every change.

import { describe, expect, test } from 'vitest';
import type { KubeObject, ResourceName } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import { toClaim, toNode, toNothing, toVolume } from '../../../../streams/views/references.ts';
import { worldOf } from '../../../kit/given-world.ts';
import { aClaim, aClaimingPod, aVolume } from '../../../kit/storage.ts';

const { pods, persistentVolumeClaims, persistentVolumes, volumeAttachments } = resources;
const claim = aClaim('data');
const attachment: KubeObject = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'VolumeAttachment',
  metadata: { ...aVolume('a').metadata, name: 'a' },
  spec: { attacher: 'd', nodeName: 'n1', source: { persistentVolumeName: 'v' } },
} as KubeObject;
const ephemeral = { volumes: [{ name: 'own', ephemeral: {} }] };

describe.each<[string, { readonly of: ResourceName; readonly to: string; readonly are: readonly string[] }]>([
  [
    'pods refer to claims they name',
    { of: pods, to: toClaim({ namespace: 'default', name: 'data' }), are: ['p', 'q'] },
  ],
  ['and to those of their own volumes', { of: pods, to: toClaim({ namespace: 'default', name: 'e-own' }), are: ['e'] }],
  ['but not in other namespaces', { of: pods, to: toClaim({ namespace: 'other', name: 'data' }), are: [] }],
  ['claims refer to their volume', { of: persistentVolumeClaims, to: toVolume('v'), are: ['bound'] }],
  ['or to nothing yet', { of: persistentVolumeClaims, to: toNothing, are: ['data'] }],
  ['volumes refer to their claim', { of: persistentVolumes, to: toClaim(claim.metadata), are: ['taken'] }],
  ['or to nothing', { of: persistentVolumes, to: toNothing, are: ['v'] }],
  ['attachments refer to their node', { of: volumeAttachments, to: toNode('n1'), are: ['a'] }],
  ['and to their volume', { of: volumeAttachments, to: toVolume('v'), are: ['a'] }],
])('%s', (_, { of, to, are }) => {
  test('as the index has it', () => {
    const world = worldOf(
      aClaimingPod('q', ['more', 'data']),
      aClaimingPod('p', ['data']),
      aClaimingPod('e', [], { spec: ephemeral }),
      claim,
      aClaim('bound', { bound: 'v' }),
      aVolume('v'),
      aVolume('taken', { claim }),
      attachment,
    );
    expect(
      world
        .referringTo(of, to)
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(are);
  });
});
