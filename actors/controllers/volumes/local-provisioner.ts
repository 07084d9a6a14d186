// A provisioner of volumes on the nodes' own disks, so that claims just work: for a claim of one of its classes it makes a
// volume under a directory of the node the scheduler chose, and deletes it once the claim is gone. It talks to the binder
// as every external provisioner does, by annotations and phases. Source: sig-storage-lib-external-provisioner.

import type { KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Node } from '../../../streams/resources/node.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../streams/resources/storage.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import {
  type Controller,
  type FailedWrite,
  nothingToDo,
  type Plan,
  type PlannedNote,
  type ReconcileInput,
} from '../../kit/controller.ts';
import { keyOfObject, parseKey } from '../../kit/object-key.ts';
import type { CreateWrite } from '../../kit/write.ts';
import { referenceTo } from '../../volumes/binding.ts';
import {
  annotationOf,
  annotations,
  claimClass,
  classOf,
  waitsForConsumer,
  withoutAnnotation,
} from '../../volumes/claims.ts';

export const localProvisionerName = 'shiplog.dev/local';

export type LocalProvisionerOptions = {
  /** Where volumes are on their nodes; a class says otherwise with the parameter `path`. */
  readonly directory: string;
};

export const localProvisionerDefaults: LocalProvisionerOptions = { directory: '/var/lib/shiplog/volumes' };

/** A volume on one node's disk has one user at a time. */
const offered: ReadonlySet<string> = new Set(['ReadWriteOnce', 'ReadWriteOncePod']);
const hostname = 'kubernetes.io/hostname';

export function localProvisioner(options: LocalProvisionerOptions = localProvisionerDefaults): Controller {
  return {
    name: 'local-provisioner',
    user: 'system:serviceaccount:kube-system:local-provisioner',
    workers: 10,
    watches: [
      {
        resource: resources.persistentVolumeClaims,
        keys: ({ type, current: { object } }) =>
          type === 'DELETED' || !isAskedFor(object as PersistentVolumeClaim) ? [] : [`claim/${keyOfObject(object)}`],
      },
      {
        resource: resources.persistentVolumes,
        keys: ({ type, current: { object } }) =>
          type === 'DELETED' || !isToGo(object as PersistentVolume) ? [] : [`volume/${object.metadata.name}`],
      },
    ],
    reconcile: (input) => reconcile(input, options),
  };
}

function reconcile({ world, key, failures }: ReconcileInput, options: LocalProvisionerOptions): Plan {
  const name = key.slice(key.indexOf('/') + 1);
  if (key.startsWith('volume/')) return remove(world, name, failures);
  const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, parseKey(name));
  return claim === undefined ? nothingToDo : provision(world, claim, options);
}

/** The binder left the making of a volume for this claim to this provisioner. */
function isAskedFor(claim: PersistentVolumeClaim): boolean {
  const asked = annotationOf(claim, annotations.provisioner) ?? annotationOf(claim, annotations.betaProvisioner);
  return asked === localProvisionerName && (claim.spec.volumeName ?? '') === '';
}

function isToGo({ metadata, spec, status }: PersistentVolume): boolean {
  const own = metadata.annotations?.[annotations.provisionedBy] === localProvisionerName;
  return own && spec.persistentVolumeReclaimPolicy === 'Delete' && status?.phase === 'Released';
}

function provision(world: ObjectReader, claim: PersistentVolumeClaim, options: LocalProvisionerOptions): Plan {
  const storageClass = classOf(world, claim);
  if (storageClass?.provisioner !== localProvisionerName || !isAskedFor(claim)) return nothingToDo;
  const selected = annotationOf(claim, annotations.selectedNode) ?? '';
  if (selected === '' && waitsForConsumer(storageClass)) return nothingToDo;
  const name = `pvc-${claim.metadata.uid}`;
  if (world.stored(resources.persistentVolumes, { name }) !== undefined) return nothingToDo;
  const refusal = refusalOf(claim);
  if (refusal !== undefined) return { writes: [], notes: [failed(claim, refusal)] };
  const node = selected === '' ? undefined : world.get<Node>(resources.nodes, { name: selected });
  if (selected !== '' && node === undefined) return reschedule(claim, selected);
  const object = newVolume(claim, { name, storageClass, node, options });
  const write: CreateWrite = { kind: 'create', resource: resources.persistentVolumes, object };
  const began = `External provisioner is provisioning volume for claim "${keyOfObject(claim)}"`;
  const done = `Successfully provisioned volume ${name}`;
  return {
    writes: [write],
    notes: [
      note(claim, 'Normal', 'Provisioning', began),
      { ...note(claim, 'Normal', 'ProvisioningSucceeded', done), after: write },
    ],
  };
}

/** Why no volume can be made for the claim as it is. */
function refusalOf(claim: PersistentVolumeClaim): string | undefined {
  const { selector, accessModes = [], volumeMode } = claim.spec;
  const because = `failed to provision volume with StorageClass "${claimClass(claim)}":`;
  if (selector !== undefined) return `${because} claim.Spec.Selector is not supported`;
  if (volumeMode === 'Block') return `${because} local volumes have a file system, volumeMode Block is not supported`;
  const other = accessModes.find((mode) => !offered.has(mode));
  if (other === undefined) return undefined;
  return `${because} local volumes only support the access modes ReadWriteOnce and ReadWriteOncePod, not ${other}`;
}

/** The node is gone: the scheduler is to choose another one. */
function reschedule(claim: PersistentVolumeClaim, node: string): Plan {
  const object = withoutAnnotation(claim, annotations.selectedNode);
  const message = `failed to get target node: node "${node}" not found`;
  return {
    writes: [{ kind: 'update', resource: resources.persistentVolumeClaims, object }],
    notes: [failed(claim, message)],
  };
}

function newVolume(
  claim: PersistentVolumeClaim,
  {
    name,
    storageClass,
    node,
    options,
  }: {
    readonly name: string;
    readonly storageClass: StorageClass;
    readonly node: Node | undefined;
    readonly options: LocalProvisionerOptions;
  },
): CreateWrite['object'] & Pick<PersistentVolume, 'spec'> {
  const { accessModes, resources: asked, volumeMode } = claim.spec;
  const { parameters, reclaimPolicy, mountOptions = [] } = storageClass;
  const { namespace = '' } = claim.metadata;
  const directory = parameters?.path ?? options.directory;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { [annotations.provisionedBy]: localProvisionerName } },
    spec: {
      capacity: { storage: asked?.requests?.storage ?? '0' },
      ...(accessModes && { accessModes }),
      ...(volumeMode && { volumeMode }),
      ...(mountOptions.length > 0 && { mountOptions }),
      persistentVolumeReclaimPolicy: reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      claimRef: referenceTo(claim),
      hostPath: { path: `${directory}/${name}_${namespace}_${claim.metadata.name}`, type: 'DirectoryOrCreate' },
      ...(node && { nodeAffinity: onlyOn(node) }),
    },
  };
}

function onlyOn({ metadata }: Node): NonNullable<PersistentVolume['spec']['nodeAffinity']> {
  const values = [metadata.labels?.[hostname] ?? metadata.name];
  return { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: hostname, operator: 'In', values }] }] } };
}

function remove(world: ObjectReader, name: string, failures: readonly FailedWrite[]): Plan {
  const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name });
  if (volume === undefined || !isToGo(volume) || volume.metadata.deletionTimestamp !== undefined) return nothingToDo;
  const { uid } = volume.metadata;
  return {
    writes: [{ kind: 'delete', resource: resources.persistentVolumes, namespace: '', name, uid }],
    notes: failures.map(({ message }) => note(volume, 'Warning', 'VolumeFailedDelete', message)),
  };
}

function failed(claim: PersistentVolumeClaim, message: string): PlannedNote {
  return note(claim, 'Warning', 'ProvisioningFailed', message);
}

function note(regarding: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): PlannedNote {
  return { regarding, type, reason, message, component: localProvisionerName };
}
