// Claims, volumes and classes for tests in few words.

import { annotations } from '../../actors/volumes/claims.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type {
  AccessMode,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimStatus,
  PersistentVolumeSpec,
  PodVolume,
  StorageClass,
  VolumePhase,
} from '../../streams/resources/storage.ts';
import { aPod, type Meta, meta, type PodTraits } from './workloads.ts';

export type ClaimTraits = Partial<PersistentVolumeClaimSpec> & {
  readonly meta?: Meta;
  readonly size?: string;
  readonly modes?: readonly AccessMode[];
  readonly class?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Bound to this volume, in every respect. */
  readonly bound?: string;
  readonly status?: PersistentVolumeClaimStatus;
};

/** A claim that asks for 1Gi of any volume without a class. */
export function aClaim(name: string, traits: ClaimTraits = {}): PersistentVolumeClaim {
  const { meta: change, size = '1Gi', modes = ['ReadWriteOnce'], annotations: told, bound, status, ...rest } = traits;
  const { class: storageClassName = '', ...spec } = rest;
  const marks = { ...(bound === undefined ? undefined : { [annotations.bindCompleted]: 'yes' }), ...told };
  const capacity = { storage: size };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: meta(name, { ...(Object.keys(marks).length > 0 && { annotations: marks }), ...change }),
    spec: {
      accessModes: modes,
      resources: { requests: { storage: size } },
      storageClassName,
      ...(bound !== undefined && { volumeName: bound }),
      ...spec,
    },
    status: status ?? (bound === undefined ? { phase: 'Pending' } : { phase: 'Bound', accessModes: modes, capacity }),
  };
}

export type VolumeTraits = Partial<PersistentVolumeSpec> & {
  readonly meta?: Meta;
  readonly size?: string;
  readonly modes?: readonly AccessMode[];
  readonly class?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The claim it belongs to. */
  readonly claim?: PersistentVolumeClaim;
  /** Only pods on this node reach it. */
  readonly node?: string;
  readonly phase?: VolumePhase;
};

/** A volume of 1Gi without a class that nobody claims. */
export function aVolume(name: string, traits: VolumeTraits = {}): PersistentVolume {
  const {
    meta: change,
    size = '1Gi',
    modes = ['ReadWriteOnce'],
    annotations: told,
    claim,
    node,
    phase,
    ...rest
  } = traits;
  const { class: storageClassName, ...spec } = rest;
  const { namespace: _, ...metadata } = meta(name, { ...(told && { annotations: told }), ...change });
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata,
    spec: {
      capacity: { storage: size },
      accessModes: modes,
      persistentVolumeReclaimPolicy: 'Retain',
      ...(storageClassName !== undefined && { storageClassName }),
      ...(claim && { claimRef: refTo(claim) }),
      ...(node !== undefined && { nodeAffinity: onNode(node) }),
      ...spec,
    },
    status: { phase: phase ?? (claim === undefined ? 'Available' : 'Bound') },
  };
}

export function refTo({ metadata: { name, namespace = '', uid } }: PersistentVolumeClaim) {
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid } as const;
}

export function onNode(...values: string[]): NonNullable<PersistentVolumeSpec['nodeAffinity']> {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In' as const, values }];
  return { required: { nodeSelectorTerms: [{ matchExpressions }] } };
}

export function aClass(
  name: string,
  { meta: change, isDefault, ...rest }: Partial<StorageClass> & { meta?: Meta; isDefault?: boolean } = {},
): StorageClass {
  const marks = isDefault === true ? { annotations: { [annotations.defaultClass]: 'true' } } : undefined;
  const { namespace: _, ...metadata } = meta(name, { ...marks, ...change });
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata,
    provisioner: 'example.com/disk',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
    ...rest,
  };
}

/** A pod with these claims; without a node unless told. */
export function aClaimingPod(name: string, claims: readonly string[], traits: PodTraits = {}): Pod {
  const volumes: PodVolume[] = claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  return aPod(name, { node: '', phase: 'Pending', ...traits, spec: { volumes, ...traits.spec } });
}
