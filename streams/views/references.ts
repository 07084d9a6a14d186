// What objects refer to by name, beside owners: pods to their claims, claims to volumes and volumes to claims,
// attachments to volume and node. Indexed, so that whoever asks for the users of a claim does not look through all pods.

import type { AnyObject, ResourceName } from '../resources/meta.ts';
import { resources } from '../resources/names.ts';
import type { Pod } from '../resources/pod.ts';
import { claimNamesOf } from '../resources/pod-claims.ts';
import type { PersistentVolume, PersistentVolumeClaim, VolumeAttachment } from '../resources/storage.ts';

export type References = (object: AnyObject) => readonly string[];

export function toClaim({ namespace = '', name }: { readonly namespace?: string; readonly name: string }): string {
  return `claim/${namespace}/${name}`;
}

export function toVolume(name: string): string {
  return `volume/${name}`;
}

export function toNode(name: string): string {
  return `node/${name}`;
}

/** Claims that name no volume yet, and volumes that name no claim. */
export const toNothing = 'nothing';
const nothing: readonly string[] = [toNothing];
const none: readonly string[] = [];

const byResource = new Map<string, References>();
const refer = <T>({ group, resource }: ResourceName, references: (object: T) => readonly string[]) =>
  byResource.set(`${group}/${resource}`, (object) =>
    object.spec === undefined ? none : references(object as unknown as T),
  );

refer<Pod>(resources.pods, (pod) => {
  const names = claimNamesOf(pod);
  const { namespace = '' } = pod.metadata;
  return names.length === 0 ? none : names.map((name) => toClaim({ namespace, name }));
});
refer<PersistentVolumeClaim>(resources.persistentVolumeClaims, ({ spec: { volumeName = '' } }) =>
  volumeName === '' ? nothing : [toVolume(volumeName)],
);
refer<PersistentVolume>(resources.persistentVolumes, ({ spec: { claimRef } }) =>
  claimRef?.name === undefined ? nothing : [toClaim({ namespace: claimRef.namespace ?? '', name: claimRef.name })],
);
refer<VolumeAttachment>(resources.volumeAttachments, ({ spec: { nodeName, source } }) => [
  toNode(nodeName),
  toVolume(source.persistentVolumeName ?? ''),
]);

/** Undefined where objects of the resource refer to nothing that is asked for. */
export function referencesOf({ group, resource }: ResourceName): References | undefined {
  return byResource.get(`${group}/${resource}`);
}
