// A stateful set's pod as it is made: named by its ordinal, reachable under its own name below the set's service, with
// its own claims in place of the volumes of the same names.

import type { Labels } from '../../../streams/resources/meta.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { PodTemplate, StatefulSet } from '../../../streams/resources/workload.ts';
import { revisionLabel } from '../history/revisions.ts';
import { type PodDraft, podFromTemplate } from '../workload/pod-template.ts';
import { podNameOf } from './ordinals.ts';
import { claimNameOf } from './volume-claims.ts';

const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const indexLabel = 'apps.kubernetes.io/pod-index';

type PodVolume = {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName?: string; readonly readOnly?: boolean };
};

export type Version = { readonly template: PodTemplate | undefined; readonly revision: string };

export function newStatefulPod(set: StatefulSet, ordinal: number, { template, revision }: Version): PodDraft {
  const name = podNameOf(set, ordinal);
  const volumes = withClaims(set, ordinal, (template?.spec.volumes ?? []) as readonly PodVolume[]);
  return podFromTemplate(set, template, {
    name,
    labels: { ...identityLabels(name, ordinal), [revisionLabel]: revision },
    spec: {
      hostname: name,
      ...(set.spec.serviceName === undefined ? undefined : { subdomain: set.spec.serviceName }),
      ...(volumes.length === 0 ? undefined : { volumes }),
    },
  });
}

/** Name of the revision the pod was made from. */
export function podRevision({ metadata }: Pod): string | undefined {
  return metadata.labels?.[revisionLabel];
}

/** The pod with the identity and the claims it has to have; the same object where it has them. */
export function withIdentity(set: StatefulSet, ordinal: number, pod: Pod): Pod {
  const { name, labels } = pod.metadata;
  const volumes = (pod.spec.volumes ?? []) as readonly PodVolume[];
  const named = labels?.[podNameLabel] === name;
  const claiming = usesClaims(set, ordinal, volumes);
  if (named && claiming) return pod;
  return {
    ...pod,
    metadata: named
      ? pod.metadata
      : { ...pod.metadata, labels: { ...labels, ...identityLabels(name, ordinal) } satisfies Labels },
    spec: claiming ? pod.spec : { ...pod.spec, volumes: withClaims(set, ordinal, volumes) },
  };
}

function identityLabels(name: string, ordinal: number): Labels {
  return { [podNameLabel]: name, [indexLabel]: String(ordinal) };
}

function withClaims(set: StatefulSet, ordinal: number, volumes: readonly PodVolume[]): readonly PodVolume[] {
  const templates = set.spec.volumeClaimTemplates ?? [];
  if (templates.length === 0) return volumes;
  const own = templates.map(({ metadata: { name } }) => ({
    name,
    persistentVolumeClaim: { claimName: claimNameOf(set, name, ordinal) },
  }));
  return [...own, ...volumes.filter(({ name }) => !own.some((claim) => claim.name === name))];
}

function usesClaims(set: StatefulSet, ordinal: number, volumes: readonly PodVolume[]): boolean {
  return (set.spec.volumeClaimTemplates ?? []).every(({ metadata: { name } }) => {
    const volume = volumes.find((candidate) => candidate.name === name);
    return volume?.persistentVolumeClaim?.claimName === claimNameOf(set, name, ordinal);
  });
}
