// StorageObjectInUseProtection: claims and volumes get a finalizer, so that one that is in use outlives its deletion
// until nobody uses it. The protection controllers (actors/controllers/storage-protection.ts) take the finalizers away.

import { pvcProtection, pvProtection } from '../../../actors/controllers/storage-protection.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import { type AdmissionPlugin, concerns } from './admission.ts';

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit(request) {
    const { object } = request;
    if (request.operation !== 'create') return object;
    if (concerns(request, resources.persistentVolumeClaims)) return withFinalizer(object, pvcProtection);
    if (concerns(request, resources.persistentVolumes)) return withFinalizer(object, pvProtection);
    return object;
  },
};

function withFinalizer(object: AnyObject, finalizer: string): AnyObject {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(finalizer)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
}
