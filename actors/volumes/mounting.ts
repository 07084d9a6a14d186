// Whether a pod's volume can be mounted on its node: its claim is bound both ways, within the node's reach, and attached
// there where its driver wants that. The words are kubelet's (volumemanager/populator, operation_generator.go).

import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { CsiDriver, PersistentVolume, PersistentVolumeClaim } from '../../streams/resources/storage.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { pvcProtection } from '../controllers/storage-protection.ts';
import { suitsNode } from './matching.ts';

/** Why the claim's volume cannot be mounted for the pod, as its FailedMount event says it; undefined where it can. */
export function mountProblem(
  world: ObjectReader,
  pod: Pod,
  { volume: name, claim: claimName }: { readonly volume: string; readonly claim: string },
): string | undefined {
  const { namespace = '' } = pod.metadata;
  const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, { namespace, name: claimName });
  const unusable = claimProblem(claim, claimName) ?? volumeProblem(world, claim);
  if (unusable !== undefined)
    return unmounted(name, { why: `error processing PVC ${namespace}/${claimName}: ${unusable}`, failed: name });
  const { volumeName = '' } = claim?.spec ?? {};
  const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name: volumeName });
  const node = world.get<Node>(resources.nodes, { name: pod.spec.nodeName ?? '' });
  if (volume === undefined || node === undefined) return undefined;
  if (!suitsNode(volume, { name: node.metadata.name, labels: node.metadata.labels ?? {} })) {
    return `MountVolume.NodeAffinity check failed for volume "${volumeName}" : no matching NodeSelectorTerms`;
  }
  return isAttached(world, volume, node)
    ? undefined
    : unmounted(name, { why: 'context deadline exceeded', unattached: name });
}

function claimProblem(claim: PersistentVolumeClaim | undefined, name: string): string | undefined {
  if (claim === undefined) return `failed to fetch PVC from API server: persistentvolumeclaims "${name}" not found`;
  const { deletionTimestamp, finalizers = [] } = claim.metadata;
  if (deletionTimestamp !== undefined && !finalizers.includes(pvcProtection)) return 'PVC is being deleted';
  if (claim.status?.phase !== 'Bound') return 'PVC is not bound';
  return (claim.spec.volumeName ?? '') === '' ? 'PVC has empty pvc.Spec.VolumeName' : undefined;
}

function volumeProblem(world: ObjectReader, claim: PersistentVolumeClaim | undefined): string | undefined {
  const { volumeName: name = '' } = claim?.spec ?? {};
  const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name });
  if (volume === undefined) return `failed to fetch PV ${name} from API server: persistentvolumes "${name}" not found`;
  const { claimRef } = volume.spec;
  if (claimRef === undefined) {
    return `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`;
  }
  const uid = claim?.metadata.uid ?? '';
  if (claimRef.uid === uid) return undefined;
  return `found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid ?? ''} does not point to claim.UID ${uid}`;
}

/** Volumes of drivers are attached by the controller, which says so in the node's status. */
function isAttached(world: ObjectReader, { spec: { csi } }: PersistentVolume, { status }: Node): boolean {
  if (csi === undefined) return true;
  if (world.get<CsiDriver>(resources.csiDrivers, { name: csi.driver })?.spec.attachRequired === false) return true;
  const wanted = `kubernetes.io/csi/${csi.driver}^${csi.volumeHandle}`;
  return status?.volumesAttached?.some(({ name }) => name === wanted) === true;
}

function unmounted(
  volume: string,
  {
    why,
    failed = '',
    unattached = '',
  }: { readonly why: string; readonly failed?: string; readonly unattached?: string },
): string {
  return `Unable to attach or mount volumes: unmounted volumes=[${volume}], unattached volumes=[${unattached}], failed to process volumes=[${failed}]: ${why}`;
}
