// A new cluster has a default storage class, so that claims just work: volumes on the disk of the node a pod is placed on.
// Made at the first start and never again: whoever deletes the class is rid of it.

import { localProvisionerName } from '../../actors/controllers/volumes/local-provisioner.ts';
import { annotations } from '../../actors/volumes/claims.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { Writer } from '../host/writer.ts';

const localClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local', annotations: { [annotations.defaultClass]: 'true' } },
  provisioner: localProvisionerName,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
};

/** To be called before anything is made that is there in every cluster: a start that was cut short is still the first. */
export async function ensureDefaultStorage({ world, writer }: { world: ObjectReader; writer: Writer }): Promise<void> {
  if (world.get(resources.namespaces, { name: 'kube-system' }) !== undefined) return;
  const outcome = await writer.write(
    { kind: 'create', resource: resources.storageClasses, object: localClass },
    { user: 'system:apiserver', agent: 'kube-apiserver', cause: null },
  );
  if (outcome.kind === 'failed' && outcome.reason !== 'AlreadyExists') {
    throw new Error(`cannot create storageclasses ${localClass.metadata.name}: ${outcome.message}`);
  }
}
