// What a daemon set reports: nodes, not pods. Where a node has two of them, the older one speaks for it.

import type { DaemonSet, DaemonSetStatus } from '../../../streams/resources/workload.ts';
import { isPodReady } from '../../pod/pod-conditions.ts';
import { type Daemons, isAvailable, isOfHash } from './daemons.ts';

export function daemonSetStatus(daemons: Daemons): DaemonSetStatus {
  const { metadata, status }: DaemonSet = daemons.set;
  let [desired, current, misscheduled, ready, updated, available] = [0, 0, 0, 0, 0, 0];
  for (const { exists, fit, pods } of daemons.places) {
    if (!exists) continue;
    const [pod] = pods;
    if (fit.runs) desired++;
    if (pod === undefined) continue;
    if (!fit.runs) {
      misscheduled++;
      continue;
    }
    current++;
    if (isPodReady(pod)) ready++;
    if (isAvailable(daemons, pod)) available++;
    if (isOfHash(daemons, pod)) updated++;
  }
  return {
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    desiredNumberScheduled: desired,
    numberReady: ready,
    observedGeneration: metadata.generation ?? 1,
    ...counted('updatedNumberScheduled', updated),
    ...counted('numberAvailable', available),
    ...counted('numberUnavailable', desired - available),
    ...(status?.collisionCount === undefined ? undefined : { collisionCount: status.collisionCount }),
    ...(status?.conditions === undefined ? undefined : { conditions: status.conditions }),
  };
}

function counted<K extends keyof DaemonSetStatus>(name: K, count: number): Partial<Record<K, number>> {
  return count === 0 ? {} : ({ [name]: count } as Record<K, number>);
}
