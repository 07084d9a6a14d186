// What stateful sets keep: a claim that is bound stays bound to its volume, no volume serves two claims, pods run only
// where their volumes are, and nobody but its owner's end or its namespace's takes a claim away.

import type { ClusterEvent } from '../../infra/library/cluster-event.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { PersistentVolume, PersistentVolumeClaim, PodVolume } from '../../streams/resources/storage.ts';
import { type Complain, kindOf, type Law, placeOf } from './law.ts';

export class StorageLaw implements Law {
  readonly #complain: Complain;
  readonly #claims = new Map<string, PersistentVolumeClaim>();
  readonly #volumes = new Map<string, PersistentVolume>();
  readonly #ending = new Set<string>();
  /** The claim that is bound to a volume. */
  readonly #claimOf = new Map<string, string>();
  bound = 0;

  constructor(complain: Complain) {
    this.#complain = complain;
  }

  take(event: ClusterEvent, object: KubeObject): void {
    switch (kindOf(event)) {
      case 'persistentvolumeclaims.':
        this.#claim(event, object as PersistentVolumeClaim);
        break;
      case 'persistentvolumes.':
        if (event.to === null) this.#volumes.delete(event.name);
        else this.#volumes.set(event.name, object as PersistentVolume);
        break;
      case 'namespaces.':
        if (event.to !== null && object.metadata.deletionTimestamp !== undefined) this.#ending.add(event.name);
        else this.#ending.delete(event.name);
        break;
      case 'pods.':
        if (event.to !== null) this.#pod(event, object as Pod);
    }
  }

  #claim(event: ClusterEvent, claim: PersistentVolumeClaim): void {
    const place = placeOf(event);
    const before = this.#claims.get(place);
    const { volumeName = '' } = claim.spec ?? {};
    const was = before?.spec?.volumeName ?? '';
    if (before?.metadata.uid === claim.metadata.uid) {
      if (was !== '' && volumeName !== was) this.#complain(event, `goes from volume ${was} to ${volumeName}`);
      const begins = before.metadata.deletionTimestamp === undefined && claim.metadata.deletionTimestamp !== undefined;
      if (begins || event.to === null) this.#checkEnd(event, before);
    }
    if (event.to === null) {
      this.#claims.delete(place);
      this.#claimOf.delete(was);
      return;
    }
    this.#claims.set(place, claim);
    if (volumeName === '' || was === volumeName) return;
    const other = this.#claimOf.get(volumeName);
    if (other !== undefined && other !== claim.metadata.uid) this.#complain(event, `shares volume ${volumeName}`);
    this.#claimOf.set(volumeName, claim.metadata.uid);
    this.bound++;
  }

  #checkEnd(event: ClusterEvent, { metadata }: PersistentVolumeClaim): void {
    if (metadata.deletionTimestamp !== undefined || (metadata.ownerReferences?.length ?? 0) > 0) return;
    if (!this.#ending.has(event.namespace)) this.#complain(event, 'is deleted though nothing it belongs to ends');
  }

  #pod(event: ClusterEvent, pod: Pod): void {
    if (event.type !== 'pod.scheduled') return;
    for (const { persistentVolumeClaim } of (pod.spec.volumes ?? []) as readonly PodVolume[]) {
      if (persistentVolumeClaim === undefined) continue;
      const claim = this.#claims.get(`${event.namespace}/${persistentVolumeClaim.claimName}`);
      const volume = this.#volumes.get(claim?.spec?.volumeName ?? '');
      const terms = volume?.spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
      const hosts = terms.flatMap(({ matchExpressions = [] }) => matchExpressions.flatMap(({ values = [] }) => values));
      if (volume === undefined) this.#complain(event, `runs without the volume of ${persistentVolumeClaim.claimName}`);
      else if (hosts.length > 0 && !hosts.includes(pod.spec.nodeName ?? ''))
        this.#complain(event, `runs on ${pod.spec.nodeName}, and its volume is on ${hosts.join(', ')}`);
    }
  }
}
