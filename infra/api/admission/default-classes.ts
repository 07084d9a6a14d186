// DefaultStorageClass and DefaultIngressClass: a claim or an ingress that names no class gets the one marked as the
// cluster's default; of several, the newest.

import type { AnyObject, KubeObject, ResourceName } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { type AdmissionPlugin, concerns } from './admission.ts';

type Defaulting = {
  readonly plugin: string;
  readonly of: ResourceName;
  readonly classes: ResourceName;
  /** Annotations that mark a class as default with `true`. */
  readonly marks: readonly string[];
  /** Where the object names its class. */
  readonly field: string;
  /** The annotation that named the class before there was a field. */
  readonly annotation: string;
};

const storage: Defaulting = {
  plugin: 'DefaultStorageClass',
  of: resources.persistentVolumeClaims,
  classes: resources.storageClasses,
  marks: ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'],
  field: 'storageClassName',
  annotation: 'volume.beta.kubernetes.io/storage-class',
};

const ingress: Defaulting = {
  plugin: 'DefaultIngressClass',
  of: { group: 'networking.k8s.io', resource: 'ingresses' },
  classes: resources.ingressClasses,
  marks: ['ingressclass.kubernetes.io/is-default-class'],
  field: 'ingressClassName',
  annotation: 'kubernetes.io/ingress.class',
};

export const defaultStorageClass = defaulting(storage);
export const defaultIngressClass = defaulting(ingress);

function defaulting({ plugin, of, classes, marks, field, annotation }: Defaulting): AdmissionPlugin {
  return {
    name: plugin,
    admit(request) {
      const { operation, object, world } = request;
      if (operation !== 'create' || !concerns(request, of)) return object;
      const spec = (object.spec ?? {}) as Readonly<Record<string, unknown>>;
      // An empty name is a choice as well: no class at all.
      if (spec[field] !== undefined && spec[field] !== null) return object;
      if (object.metadata.annotations?.[annotation] !== undefined) return object;
      const chosen = newestDefault(world, { classes, marks });
      if (chosen === undefined) return object;
      return { ...object, spec: { ...spec, [field]: chosen.metadata.name } } as AnyObject;
    },
  };
}

function newestDefault(
  world: ObjectReader,
  { classes, marks }: Pick<Defaulting, 'classes' | 'marks'>,
): KubeObject | undefined {
  let newest: KubeObject | undefined;
  for (const candidate of world.list(classes)) {
    if (!marks.some((mark) => candidate.metadata.annotations?.[mark] === 'true')) continue;
    // Listed by name: of equally old ones the first stays.
    if (newest === undefined || created(candidate) > created(newest)) newest = candidate;
  }
  return newest;
}

function created({ metadata }: KubeObject): string {
  return metadata.creationTimestamp ?? '';
}
