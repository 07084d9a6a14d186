// Volumes, claims and the kinds of storage.k8s.io.

import { type AnyObject, timestamp } from '../../../streams/resources/meta.ts';
import { equal } from '../registry/equal.ts';
import type { Strategy } from '../registry/strategy.ts';
import { problemsOf, type Rule } from '../validation/check.ts';
import { claimProblems, claimStatus } from '../validation/persistent-volume-claims.ts';
import { persistentVolumeProblems } from '../validation/persistent-volumes.ts';
import {
  csiDriver,
  csiNode,
  csiStorageCapacity,
  storageClass,
  volumeAttachment,
  volumeAttachmentStatus,
  volumeAttributesClass,
} from '../validation/storage.ts';
import { checked, filled, inTurn, type Particulars, withStatus } from './checked.ts';
import { fill } from './fill.ts';
import {
  claimWarnings,
  storageClassWarnings,
  tokenWarnings,
  topologyWarnings,
  volumeWarnings,
} from './storage-warnings.ts';

type Status = { readonly phase?: string; readonly lastPhaseTransitionTime?: string };

/** When a volume entered its phase is told by the server, unless the writer knows better. */
function withTransitionTime(next: AnyObject, before: AnyObject, nowMs: number): AnyObject {
  const [is, was] = [(next.status ?? {}) as Status, (before.status ?? {}) as Status];
  const told = is.lastPhaseTransitionTime;
  const same = is.phase === was.phase;
  if (told !== undefined && (same || told !== was.lastPhaseTransitionTime)) return next;
  const time = same ? was.lastPhaseTransitionTime : timestamp(nowMs);
  if (time === undefined) return next;
  return { ...next, status: { ...is, lastPhaseTransitionTime: time } } as AnyObject;
}

const persistentVolumes: Particulars = {
  status: true,
  deleteReturnsObject: true,
  defaults: inTurn(
    filled('spec', { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' }),
    (object) => emptyType(object),
    filled('spec.iscsi', { iscsiInterface: 'default' }),
    filled('spec.rbd', { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }),
    filled('spec.scaleIO', { storageMode: 'ThinProvisioned', fsType: 'xfs' }),
    filled('spec.azureDisk', { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }),
  ),
  prepareCreate: (object, { nowMs }) =>
    ({ ...object, status: { phase: 'Pending', lastPhaseTransitionTime: timestamp(nowMs) } }) as AnyObject,
  validate: persistentVolumeProblems,
  warnings: volumeWarnings,
  subresources: {
    status: { prepareUpdate: (next, before, { nowMs }) => withTransitionTime(next, before, nowMs) },
  },
};

/** An empty type is one: look at nothing before mounting. */
function emptyType(object: AnyObject): AnyObject {
  const spec = object.spec as { readonly hostPath?: { readonly type?: string } } | undefined;
  if (spec?.hostPath === undefined || spec.hostPath.type !== undefined) return object;
  return { ...object, spec: { ...spec, hostPath: { ...spec.hostPath, type: '' } } } as AnyObject;
}

type Source = {
  readonly kind?: string;
  readonly apiGroup?: string;
  readonly name?: string;
  readonly namespace?: string;
};
type ClaimSpec = { readonly dataSource?: Source; readonly dataSourceRef?: Source };

/** The older field of where data comes from takes claims and snapshots only, and says the same as the newer one. */
function sameSources(next: AnyObject, before?: AnyObject): AnyObject {
  const spec = next.spec as ClaimSpec | undefined;
  if (spec === undefined) return next;
  const old = before?.spec as ClaimSpec | undefined;
  const inUse = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  let { dataSource, dataSourceRef } = spec;
  if (!inUse && dataSourceRef === undefined && !isClaimOrSnapshot(dataSource)) dataSource = undefined;
  if (dataSource !== undefined) dataSourceRef ??= dataSource;
  else if (dataSourceRef !== undefined && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef;
    dataSource = local;
  }
  const { dataSource: _s, dataSourceRef: _r, ...rest } = spec;
  const sources = { ...(dataSource && { dataSource }), ...(dataSourceRef && { dataSourceRef }) };
  const joined = { ...rest, ...sources };
  return equal(joined, spec) ? next : ({ ...next, spec: joined } as AnyObject);
}

function isClaimOrSnapshot(source: Source | undefined): boolean {
  if (source === undefined) return false;
  if (source.kind === 'PersistentVolumeClaim' && !source.apiGroup) return true;
  return source.kind === 'VolumeSnapshot' && source.apiGroup === 'snapshot.storage.k8s.io';
}

const persistentVolumeClaims: Particulars = {
  status: true,
  deleteReturnsObject: true,
  defaults: filled('spec', { volumeMode: 'Filesystem' }),
  prepareCreate: (object) => ({ ...sameSources(object), status: { phase: 'Pending' } }) as AnyObject,
  prepareUpdate: sameSources,
  validate: claimProblems,
  warnings: claimWarnings,
  subresources: { status: { validate: (next) => problemsOf(claimStatus, next as unknown) } },
};

const csiDrivers: Particulars = {
  generation: true,
  unconditionalUpdate: false,
  deleteReturnsObject: true,
  defaults: inTurn(
    filled('spec', {
      attachRequired: true,
      podInfoOnMount: false,
      storageCapacity: false,
      fsGroupPolicy: 'ReadWriteOnceWithFSType',
      requiresRepublish: false,
      seLinuxMount: false,
    }),
    (object) => {
      const spec = object.spec as { readonly volumeLifecycleModes?: readonly string[] } | undefined;
      if (spec === undefined || (spec.volumeLifecycleModes ?? []).length > 0) return object;
      return { ...object, spec: { ...spec, volumeLifecycleModes: ['Persistent'] } } as AnyObject;
    },
  ),
  warnings: tokenWarnings,
  ...checked(csiDriver),
};

export const storageStrategies: Readonly<Record<string, Particulars>> = {
  'persistentvolumes.': persistentVolumes,
  'persistentvolumeclaims.': persistentVolumeClaims,
  'storageclasses.storage.k8s.io': {
    deleteReturnsObject: true,
    defaults: (object) => fill(object, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
    warnings: storageClassWarnings,
    ...checked(storageClass),
  },
  'volumeattributesclasses.storage.k8s.io': { deleteReturnsObject: true, ...checked(volumeAttributesClass) },
  'csidrivers.storage.k8s.io': csiDrivers,
  'csinodes.storage.k8s.io': { unconditionalUpdate: false, deleteReturnsObject: true, ...checked(csiNode) },
  'csistoragecapacities.storage.k8s.io': {
    unconditionalUpdate: false,
    warnings: topologyWarnings,
    ...checked(csiStorageCapacity),
  },
  'volumeattachments.storage.k8s.io': {
    unconditionalUpdate: false,
    deleteReturnsObject: true,
    statusKeepsMetadata: true,
    ...withStatus({ attached: false }, volumeAttachmentStatus),
    ...checked(volumeAttachment as Rule),
  },
} satisfies Readonly<Record<string, Omit<Strategy, 'lifecycle'>>>;
