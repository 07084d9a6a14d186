// How long a job waits before it replaces pods that failed: 10 s after the first failure, twice as long after each
// further one in a row, at most 10 minutes. It is read off the pods that are there, so a restart forgets nothing that
// can still be seen.

import type { Pod } from '../../../streams/resources/pod.ts';
import { podCondition } from '../../pod/pod-conditions.ts';

export const podBackOff = { firstMs: 10_000, maxMs: 600_000 } as const;

export type Failures = { readonly count: number; readonly lastMs: number };

export const noFailures: Failures = { count: 0, lastMs: 0 };

/** Failures after the last success. */
export function failuresInARow(succeeded: readonly Pod[], failed: readonly Pod[]): Failures {
  if (failed.length === 0) return noFailures;
  let lastSuccessMs = -Infinity;
  for (const pod of succeeded) lastSuccessMs = Math.max(lastSuccessMs, finishedMs(pod));
  let { count, lastMs } = noFailures;
  for (const pod of failed) {
    const ms = finishedMs(pod);
    if (ms <= lastSuccessMs) continue;
    count++;
    lastMs = Math.max(lastMs, ms);
  }
  return { count, lastMs };
}

/** 0 where a pod may be made now. */
export function remainingMs({ count, lastMs }: Failures, nowMs: number): number {
  if (count === 0) return 0;
  const ms = Math.min(podBackOff.maxMs, podBackOff.firstMs * 2 ** (count - 1));
  return Math.max(0, lastMs + ms - nowMs);
}

/**
 * When the pod ended: with its last container; where that is not known, when it was last not ready; when it was asked to
 * go; when it came.
 */
export function finishedMs(pod: Pod): number {
  const { metadata } = pod;
  return (
    containersFinishedMs(pod) ??
    notReadyMs(pod) ??
    goneMs(metadata.deletionTimestamp, metadata.deletionGracePeriodSeconds) ??
    instant(metadata.creationTimestamp) ??
    0
  );
}

function containersFinishedMs({ spec, status }: Pod): number | undefined {
  const sidecars = new Set(
    spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  );
  const ends = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ].map(({ state }) => instant(state?.terminated?.finishedAt));
  return ends.length === 0 || ends.includes(undefined) ? undefined : Math.max(...(ends as number[]));
}

function notReadyMs(pod: Pod): number | undefined {
  const ready = podCondition(pod, 'Ready');
  return ready?.status === 'False' ? instant(ready.lastTransitionTime) : undefined;
}

function goneMs(deletionTimestamp: string | undefined, graceSeconds = 0): number | undefined {
  const ms = instant(deletionTimestamp);
  return ms === undefined ? undefined : ms - graceSeconds * 1000;
}

function instant(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
