// `kubectl get` of volumes, claims, and what says where volumes come from.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { column, none } from './cells.ts';
import {
  aged,
  counted,
  defaultMarked,
  type Entry,
  field,
  list,
  named,
  tabled,
  text,
  value,
  wideField,
} from './entries.ts';

const unset = '<unset>';
const modeNames = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };

const phase: Entry = [
  column('Status'),
  (object) => (object.metadata.deletionTimestamp === undefined ? text(object, 'status.phase') : 'Terminating'),
];

/** The annotation is older than the field, and still comes first. */
const storageClass: Entry = [
  column('StorageClass'),
  (object) =>
    object.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? text(object, 'spec.storageClassName'),
];

const attributesClass = field('VolumeAttributesClass', 'spec.volumeAttributesClassName', unset);
const volumeMode = wideField('VolumeMode', 'spec.volumeMode', unset);

export const persistentVolumeTable = tabled(
  named,
  field('Capacity', 'spec.capacity.storage', '0'),
  [column('Access Modes'), (object) => accessModes(object, 'spec.accessModes')],
  field('Reclaim Policy', 'spec.persistentVolumeReclaimPolicy'),
  phase,
  [column('Claim'), claim],
  storageClass,
  attributesClass,
  field('Reason', 'status.reason'),
  aged,
  volumeMode,
);

export const persistentVolumeClaimTable = tabled(
  named,
  phase,
  field('Volume', 'spec.volumeName'),
  [column('Capacity'), (object) => (isBound(object) ? text(object, 'status.capacity.storage') || '0' : '')],
  [column('Access Modes'), (object) => (isBound(object) ? accessModes(object, 'status.accessModes') : '')],
  storageClass,
  attributesClass,
  aged,
  volumeMode,
);

export const storageClassTable = tabled(
  defaultMarked('storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'),
  field('Provisioner', 'provisioner'),
  field('ReclaimPolicy', 'reclaimPolicy', 'Delete'),
  field('VolumeBindingMode', 'volumeBindingMode', 'Immediate'),
  field('AllowVolumeExpansion', 'allowVolumeExpansion', false),
  aged,
);

export const volumeAttributesClassTable = tabled(named, field('DriverName', 'driverName'), aged);

export const csiNodeTable = tabled(named, counted('Drivers', 'spec.drivers'), aged);

export const csiDriverTable = tabled(
  named,
  field('AttachRequired', 'spec.attachRequired', true, 'boolean'),
  field('PodInfoOnMount', 'spec.podInfoOnMount', false, 'boolean'),
  field('StorageCapacity', 'spec.storageCapacity', false, 'boolean'),
  [column('TokenRequests'), audiences],
  field('RequiresRepublish', 'spec.requiresRepublish', false, 'boolean'),
  [column('Modes'), (object) => list<string>(object, 'spec.volumeLifecycleModes').join(',') || none],
  aged,
);

export const csiStorageCapacityTable = tabled(
  named,
  field('StorageClassName', 'storageClassName'),
  field('Capacity', 'capacity', unset),
);

export const volumeAttachmentTable = tabled(
  named,
  [column('Attacher', 'string', { format: 'name' }), (object) => text(object, 'spec.attacher')],
  field('PV', 'spec.source.persistentVolumeName'),
  field('Node', 'spec.nodeName'),
  field('Attached', 'status.attached', false, 'boolean'),
  aged,
);

function isBound(claim: AnyObject): boolean {
  return text(claim, 'spec.volumeName') !== '';
}

function accessModes(object: AnyObject, path: string): string {
  const modes = list<string>(object, path);
  const known = Object.entries(modeNames).filter(([mode]) => modes.includes(mode));
  return known.map(([, short]) => short).join(',');
}

function claim(object: AnyObject): string {
  const reference = value(object, 'spec.claimRef');
  return reference === undefined
    ? ''
    : `${text(object, 'spec.claimRef.namespace')}/${text(object, 'spec.claimRef.name')}`;
}

function audiences(object: AnyObject): string {
  if (value(object, 'spec.tokenRequests') === undefined) return unset;
  return list<{ readonly audience?: string }>(object, 'spec.tokenRequests')
    .map(({ audience }) => audience ?? '')
    .join(',');
}
