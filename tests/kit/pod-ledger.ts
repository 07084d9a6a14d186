// What the pods of a workload were like at every revision of the log, so that a law can be held against what the author
// of a write had seen, and not against what happened while the write was under way.

import { isPodReady } from '../../actors/pod/pod-conditions.ts';
import type { ObjectMeta } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { LiveCluster } from './live-cluster.ts';

export type PodMove = {
  readonly kind: 'created' | 'deleted';
  readonly pod: Pod;
  readonly by: string;
  /** Pods by name as the author saw them. */
  readonly seen: ReadonlyMap<string, Pod>;
  readonly at: string;
};

/** Tells every creation of a pod, and every wish to delete one, with the pods its author had seen. */
export function watchPods(cluster: LiveCluster, owned: (meta: ObjectMeta) => boolean, heard: (move: PodMove) => void) {
  const past: { readonly revision: number; readonly pods: ReadonlyMap<string, Pod> }[] = [];
  let pods: ReadonlyMap<string, Pod> = new Map();
  cluster.view.resource(resources.pods).listen(({ type, current, previous, event }) => {
    const pod = current.object as unknown as Pod;
    if (!owned(pod.metadata)) return;
    const before = previous?.object as unknown as Pod | undefined;
    const asked = pod.metadata.deletionTimestamp !== undefined || type === 'DELETED';
    const isNew = type === 'ADDED';
    if (isNew || (asked && before !== undefined && before.metadata.deletionTimestamp === undefined)) {
      const seen = past.findLast(({ revision }) => revision <= event.seen)?.pods ?? new Map<string, Pod>();
      const at = `revision ${event.revision} (${event.type} ${pod.metadata.name} by ${event.author.user})`;
      heard({ kind: isNew ? 'created' : 'deleted', pod: before ?? pod, by: event.author.user, seen, at });
    }
    const next = new Map(pods);
    if (type === 'DELETED') next.delete(pod.metadata.name);
    else next.set(pod.metadata.name, pod);
    pods = next;
    past.push({ revision: event.revision, pods });
  });
}

/** Running, ready and there to stay. */
export function isUp(pod: Pod | undefined): boolean {
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return false;
  return pod.status?.phase === 'Running' && isPodReady(pod);
}
