// What a pod makes its node need: the secrets, config maps, claims and the service account it names. A mirror pod names
// nothing: a node writes those itself and must not give itself access that way.

import type { ObjectMeta } from '../../../../streams/resources/meta.ts';

type Ref = { readonly name?: string; readonly namespace?: string } | null | undefined;
type Source = Readonly<Record<string, unknown>>;

type Container = {
  readonly envFrom?: readonly { readonly secretRef?: Ref; readonly configMapRef?: Ref }[];
  readonly env?: readonly {
    readonly valueFrom?: { readonly secretKeyRef?: Ref; readonly configMapKeyRef?: Ref } | null;
  }[];
};

type Volume = Source & { readonly name: string };

/** As much of a pod as names other objects. */
export type NamingPod = {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly imagePullSecrets?: readonly Ref[];
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly ephemeralContainers?: readonly Container[];
    readonly volumes?: readonly Volume[];
    readonly resourceClaims?: readonly { readonly name: string; readonly resourceClaimName?: string }[];
  };
  readonly status?: {
    readonly resourceClaimStatuses?: readonly { readonly name: string; readonly resourceClaimName?: string }[];
    readonly extendedResourceClaimStatus?: { readonly resourceClaimName?: string } | null;
  };
};

export type PodReference = 'secrets' | 'configmaps' | 'persistentvolumeclaims' | 'resourceclaims' | 'serviceaccounts';

type References = Readonly<Record<PodReference, ReadonlySet<string>>>;

/** A version of a pod never changes, so what it names is looked up once. */
const known = new WeakMap<NamingPod, References>();

export function podNames(pod: NamingPod, kind: PodReference, name: string): boolean {
  return referencesOf(pod)[kind].has(name);
}

/** The volume claims of the pod. */
export function podClaims(pod: NamingPod): ReadonlySet<string> {
  return referencesOf(pod).persistentvolumeclaims;
}

function referencesOf(pod: NamingPod): References {
  let references = known.get(pod);
  if (references === undefined) {
    references = isMirror(pod) ? nothing : namesIn(pod);
    known.set(pod, references);
  }
  return references;
}

function isMirror({ metadata }: NamingPod): boolean {
  return metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}

function namesIn(pod: NamingPod): References {
  return {
    secrets: new Set(secretsOf(pod)),
    configmaps: new Set(configMapsOf(pod)),
    persistentvolumeclaims: new Set(claimsOf(pod)),
    resourceclaims: new Set(resourceClaimsOf(pod)),
    serviceaccounts: new Set(texts([pod.spec.serviceAccountName])),
  };
}

const none: ReadonlySet<string> = new Set();
const nothing: References = {
  secrets: none,
  configmaps: none,
  persistentvolumeclaims: none,
  resourceclaims: none,
  serviceaccounts: none,
};

/** Volume claims, those included that are made for an ephemeral volume. */
function claimsOf({ metadata, spec }: NamingPod): readonly string[] {
  return (spec.volumes ?? []).flatMap((volume) => {
    const named = (volume.persistentVolumeClaim as { readonly claimName?: string } | undefined)?.claimName;
    if (named !== undefined) return [named];
    return volume.ephemeral === undefined ? [] : [`${metadata.name}-${volume.name}`];
  });
}

/** Volume types whose secret is in a `secretRef`. */
const withSecretRef = ['cephfs', 'cinder', 'flexVolume', 'rbd', 'scaleIO', 'iscsi', 'storageos'] as const;

function secretsOf(pod: NamingPod): readonly string[] {
  const { imagePullSecrets = [], volumes = [] } = pod.spec;
  return [
    ...names(imagePullSecrets),
    ...containersOf(pod).flatMap(({ env = [], envFrom = [] }) =>
      names([...envFrom.map(({ secretRef }) => secretRef), ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef)]),
    ),
    ...volumes.flatMap((volume) => [
      ...texts([at(volume, 'azureFile', 'secretName'), at(volume, 'secret', 'secretName')]),
      ...names(withSecretRef.map((type) => at(volume, type, 'secretRef') as Ref)),
      ...names([at(volume, 'csi', 'nodePublishSecretRef') as Ref]),
      ...names(projectionsOf(volume).map(({ secret }) => secret as Ref)),
    ]),
  ];
}

function configMapsOf(pod: NamingPod): readonly string[] {
  return [
    ...containersOf(pod).flatMap(({ env = [], envFrom = [] }) =>
      names([
        ...envFrom.map(({ configMapRef }) => configMapRef),
        ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef),
      ]),
    ),
    ...(pod.spec.volumes ?? []).flatMap((volume) => [
      ...names([volume.configMap as Ref]),
      ...names(projectionsOf(volume).map(({ configMap }) => configMap as Ref)),
    ]),
  ];
}

function resourceClaimsOf({ spec, status }: NamingPod): readonly string[] {
  const made = new Map(
    (status?.resourceClaimStatuses ?? []).map(({ name, resourceClaimName }) => [name, resourceClaimName]),
  );
  const claimed = (spec.resourceClaims ?? []).map(({ name, resourceClaimName }) => resourceClaimName ?? made.get(name));
  return texts([...claimed, status?.extendedResourceClaimStatus?.resourceClaimName]);
}

function containersOf({ spec }: NamingPod): readonly Container[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

function projectionsOf(volume: Volume): readonly Source[] {
  return (at(volume, 'projected', 'sources') as readonly Source[] | undefined) ?? [];
}

function at(volume: Source, type: string, field: string): unknown {
  return (volume[type] as Source | null | undefined)?.[field];
}

function names(refs: readonly Ref[]): readonly string[] {
  return texts(refs.map((ref) => ref?.name));
}

function texts(values: readonly unknown[]): readonly string[] {
  return values.filter((value): value is string => typeof value === 'string' && value !== '');
}
