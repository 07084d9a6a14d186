// The secrets a persistent volume makes the node need that mounts it, as far as kubelets read them.

import type { KubeObject } from '../../../../streams/resources/meta.ts';

export type NamingVolume = KubeObject & {
  readonly spec?: Readonly<Record<string, unknown>> & {
    readonly claimRef?: { readonly namespace?: string; readonly name?: string } | null;
  };
};

type Ref = { readonly name?: string; readonly namespace?: string } | null | undefined;

/** Volume types whose secret is in a `secretRef`, in the claim's namespace unless it says another. */
const withSecretRef = ['cephfs', 'flexVolume', 'rbd', 'scaleIO', 'iscsi'] as const;
/** And those whose secret must say its namespace. */
const withWholeRef = ['cinder', 'storageos'] as const;
const ofCsi = ['nodePublishSecretRef', 'nodeStageSecretRef', 'nodeExpandSecretRef'] as const;

export function volumeNamesSecret({ spec = {} }: NamingVolume, secret: { namespace: string; name: string }): boolean {
  const claimNamespace = spec.claimRef?.namespace ?? '';
  const is = (ref: Ref, fallback = ''): boolean =>
    ref != null && ref.name === secret.name && (ref.namespace || fallback) === secret.namespace;
  const of = (type: string): Readonly<Record<string, unknown>> =>
    (spec[type] ?? {}) as Readonly<Record<string, unknown>>;
  const { secretName, secretNamespace } = of('azureFile') as { secretName?: string; secretNamespace?: string };
  return (
    is({ name: secretName ?? '', namespace: secretNamespace ?? '' }, claimNamespace) ||
    withSecretRef.some((type) => is(of(type).secretRef as Ref, claimNamespace)) ||
    withWholeRef.some((type) => is(of(type).secretRef as Ref)) ||
    ofCsi.some((field) => is(of('csi')[field] as Ref))
  );
}
