// Which of a job's running pods go first when it has too many: second pods of one index and pods of no valid index always,
// then those that have done the least.

import type { Pod } from '../../../streams/resources/pod.ts';
import { isPodReady, podReadySinceMs } from '../../pod/pod-conditions.ts';
import { type Census, completionIndex, isIndexed, isTracked, isValidIndex } from './job-pods.ts';

const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** At least `count` of the active pods. */
export function podsToRemove({ job, active }: Census, count: number): readonly Pod[] {
  // A pod without the finalizer was let go before and can no longer be counted.
  const going = active.filter((pod) => !isTracked(pod));
  let left = active.filter(isTracked);
  if (isIndexed(job)) {
    const best = new Map<number, Pod>();
    for (const pod of [...left].sort(leastDoneFirst))
      if (isValidIndex(job, completionIndex(pod))) best.set(completionIndex(pod), pod);
    going.push(...left.filter((pod) => best.get(completionIndex(pod)) !== pod));
    left = [...best.values()];
  }
  const more = count - going.length;
  return more > 0 ? [...going, ...left.sort(leastDoneFirst).slice(0, more)] : going;
}

function leastDoneFirst(a: Pod, b: Pod): number {
  const [one, other] = [ranks(a), ranks(b)];
  for (const [i, rank] of one.entries()) {
    const difference = rank - (other[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.metadata.uid < b.metadata.uid ? -1 : 1;
}

/** The most important first; the smaller goes first. */
function ranks(pod: Pod): readonly number[] {
  const { metadata, spec, status } = pod;
  let restarts = 0;
  for (const { restartCount } of status?.containerStatuses ?? []) restarts = Math.max(restarts, restartCount);
  const createdMs = Date.parse(metadata.creationTimestamp ?? '');
  return [
    (spec.nodeName ?? '') === '' ? 0 : 1,
    phases[status?.phase ?? 'Pending'] ?? 1,
    isPodReady(pod) ? 1 : 0,
    -(podReadySinceMs(pod) ?? Number.MAX_SAFE_INTEGER),
    -restarts,
    -(Number.isNaN(createdMs) ? Number.MAX_SAFE_INTEGER : createdMs),
  ];
}
