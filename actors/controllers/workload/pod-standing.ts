// Most of what happens to a pod on its way to running is nothing to the workload it belongs to.

import type { Pod } from '../../../streams/resources/pod.ts';
import type { WatchedChange } from '../../kit/controller.ts';
import { sameJson } from '../../kit/same-json.ts';
import { isPodReady, podReadySinceMs } from '../../pod/pod-conditions.ts';

/** Whether a change leaves the pod's phase, readiness, place, labels and owners as they were. */
export function podStandsAsBefore({ type, current, previous }: WatchedChange): boolean {
  if (type !== 'MODIFIED' || previous === undefined) return false;
  const [old, now] = [previous.object as unknown as Pod, current.object as unknown as Pod];
  return (
    old.status?.phase === now.status?.phase &&
    (old.metadata.deletionTimestamp === undefined) === (now.metadata.deletionTimestamp === undefined) &&
    old.spec.nodeName === now.spec.nodeName &&
    isPodReady(old) === isPodReady(now) &&
    podReadySinceMs(old) === podReadySinceMs(now) &&
    sameJson(old.metadata.ownerReferences, now.metadata.ownerReferences) &&
    sameJson(old.metadata.labels, now.metadata.labels)
  );
}
