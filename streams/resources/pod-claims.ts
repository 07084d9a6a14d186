// How a pod leads to its claims: by name, or, for volumes it brings itself, by its own name and the volume's.

import type { Pod } from './pod.ts';
import type { PodVolume } from './storage.ts';

export function volumesOf(pod: Pod): readonly PodVolume[] {
  return (pod.spec.volumes ?? []) as readonly PodVolume[];
}

/** The claim a volume of a pod stands for; an ephemeral volume's is named after the pod and the volume. */
export function claimNameOf(pod: Pod, volume: PodVolume): string | undefined {
  if (volume.persistentVolumeClaim !== undefined) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral === undefined ? undefined : `${pod.metadata.name}-${volume.name}`;
}

export function claimNamesOf(pod: Pod): readonly string[] {
  let names: string[] | undefined;
  for (const volume of volumesOf(pod)) {
    const name = claimNameOf(pod, volume);
    if (name === undefined) continue;
    names ??= [];
    names.push(name);
  }
  return names ?? none;
}

const none: readonly string[] = [];
