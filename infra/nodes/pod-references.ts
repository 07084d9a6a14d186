// What a pod refers to and cannot start without: the ConfigMaps and Secrets its volumes and variables come from, and
// claims that have their volume. Nothing is read from them; they have to be there, as upstream's kubelet demands.
//
// The ConfigMap with the cluster's CA, which every pod mounts beside its token, is not waited for: a simulated pod
// reads no token, and a cluster without controllers has no such ConfigMap.

import { mountProblem } from '../../actors/volumes/mounting.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Container, Pod } from '../../streams/resources/pod.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';

export type PodReferences = {
  /** Why the pod's volumes cannot be mounted, in upstream's words. */
  volumeProblem(pod: Pod): string | undefined;
  /** Why the container cannot be created. */
  configProblem(pod: Pod, container: string): string | undefined;
};

type Source = {
  readonly name?: string;
  readonly optional?: boolean;
  readonly items?: readonly { readonly key: string }[];
};
type Volume = {
  readonly name: string;
  readonly configMap?: Source;
  readonly secret?: Source & { readonly secretName?: string };
  readonly projected?: { readonly sources?: readonly { readonly configMap?: Source; readonly secret?: Source }[] };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly ephemeral?: object;
};
type Keyed = KubeObject & { readonly data?: object; readonly binaryData?: object };

const published = 'kube-root-ca.crt';
const kinds = {
  configMap: { resource: resources.configMaps, called: 'configmap', known: 'ConfigMap' },
  secret: { resource: resources.secrets, called: 'secret', known: 'Secret' },
} as const;
type SourceKind = keyof typeof kinds;

export function podReferences(world: ObjectReader): PodReferences {
  const sourceProblem = (
    kind: SourceKind,
    { name = '', optional, keys = [] }: Source & { readonly keys?: readonly string[] },
    namespace: string,
  ): string | undefined => {
    if (optional === true || name === published) return undefined;
    const { resource, called, known } = kinds[kind];
    const object = world.get<Keyed>(resource, { namespace, name });
    if (object === undefined) return `${called} "${name}" not found`;
    const missing = keys.find((key) => !has(object.data, key) && !has(object.binaryData, key));
    return missing && `couldn't find key ${missing} in ${known} ${namespace}/${name}`;
  };
  return {
    volumeProblem(pod) {
      const { metadata, spec } = pod;
      const { namespace = '', name: podName } = metadata;
      for (const volume of (spec.volumes ?? []) as readonly Volume[]) {
        const claim = volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${podName}-${volume.name}`);
        const unmounted = claim && mountProblem(world, pod, { volume: volume.name, claim });
        if (unmounted) return unmounted;
        for (const [kind, source] of sourcesOf(volume)) {
          const keys = source.items?.map(({ key }) => key) ?? [];
          const problem = sourceProblem(kind, { ...source, keys }, namespace);
          if (problem !== undefined) return `MountVolume.SetUp failed for volume "${volume.name}" : ${problem}`;
        }
      }
      return undefined;
    },
    configProblem({ metadata: { namespace = '' }, spec }, name) {
      const container = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].find(
        (each) => each.name === name,
      );
      for (const [kind, source] of variablesOf(container)) {
        const problem = sourceProblem(kind, source, namespace);
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
  };
}

function* sourcesOf({ configMap, secret, projected }: Volume): Generator<readonly [SourceKind, Source]> {
  if (configMap !== undefined) yield ['configMap', configMap];
  if (secret !== undefined) yield ['secret', { ...secret, ...(secret.secretName && { name: secret.secretName }) }];
  for (const source of projected?.sources ?? []) {
    if (source.configMap !== undefined) yield ['configMap', source.configMap];
    if (source.secret !== undefined) yield ['secret', source.secret];
  }
}

function* variablesOf(
  container: Container | undefined,
): Generator<readonly [SourceKind, Source & { readonly keys?: readonly string[] }]> {
  for (const { configMapRef, secretRef } of container?.envFrom ?? []) {
    if (configMapRef !== undefined) yield ['configMap', configMapRef];
    if (secretRef !== undefined) yield ['secret', secretRef];
  }
  for (const { valueFrom } of container?.env ?? []) {
    const { configMapKeyRef, secretKeyRef } = valueFrom ?? {};
    if (configMapKeyRef !== undefined) yield ['configMap', { ...configMapKeyRef, keys: [configMapKeyRef.key] }];
    if (secretKeyRef !== undefined) yield ['secret', { ...secretKeyRef, keys: [secretKeyRef.key] }];
  }
}

function has(data: object | undefined, key: string): boolean {
  return data !== undefined && Object.hasOwn(data, key);
}
