// Which changes of a pod its job has to look at: most of what happens to a pod on its way to its end is nothing to it.

import type { Pod } from '../../../streams/resources/pod.ts';
import { sameJson } from '../../kit/same-json.ts';
import { isPodReady } from '../../pod/pod-conditions.ts';

export function concernsItsJob(before: Pod, after: Pod): boolean {
  const [old, now] = [before.metadata, after.metadata];
  return !(
    before.status?.phase === after.status?.phase &&
    old.deletionTimestamp === now.deletionTimestamp &&
    isPodReady(before) === isPodReady(after) &&
    restartsOf(before) === restartsOf(after) &&
    sameJson(old.finalizers, now.finalizers) &&
    sameJson(old.ownerReferences, now.ownerReferences) &&
    sameJson(old.labels, now.labels) &&
    sameJson(old.annotations, now.annotations)
  );
}

/** Containers that are restarted in place count towards the back-off limit. */
function restartsOf({ status }: Pod): number {
  let restarts = 0;
  for (const { restartCount } of status?.initContainerStatuses ?? []) restarts += restartCount;
  for (const { restartCount } of status?.containerStatuses ?? []) restarts += restartCount;
  return restarts;
}
