// PersistentVolumeClaimResize: a claim may ask for more only while it is bound and where its storage class can grow
// volumes.

import type { KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import { compareQuantity, quantityOf } from '../../../streams/resources/quantity.ts';
import { forbidden } from '../errors.ts';
import { type AdmissionPlugin, type AdmissionRequest, concerns } from './admission.ts';

type Claim = KubeObject & {
  readonly spec?: {
    readonly storageClassName?: string;
    readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
  };
  readonly status?: { readonly phase?: string };
};

type StorageClass = KubeObject & { readonly allowVolumeExpansion?: boolean };

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  validate(request) {
    if (request.operation !== 'update' || !concerns(request, resources.persistentVolumeClaims)) return;
    const { kind, name } = request;
    const [claim, before] = [request.object as Claim, request.before as Claim];
    if (compareQuantity(size(claim), size(before)) <= 0) return;
    if (before.status?.phase !== 'Bound') {
      throw forbidden(kind, name, 'Only bound persistent volume claims can be expanded');
    }
    if (mayGrow(request, claim, before)) return;
    const why =
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    throw forbidden(kind, name, why);
  },
};

function mayGrow({ world }: AdmissionRequest, claim: Claim, before: Claim): boolean {
  const name = className(claim);
  if (name === '' || name !== className(before)) return false;
  return world.get<StorageClass>(resources.storageClasses, { name })?.allowVolumeExpansion === true;
}

function className({ metadata, spec }: Claim): string {
  return metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '';
}

function size({ spec }: Claim) {
  return quantityOf(spec?.resources?.requests?.storage ?? '0');
}
