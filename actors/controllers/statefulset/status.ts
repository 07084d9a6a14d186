// What a stateful set reports of its pods, and when a roll-out counts as done.

import type { Pod } from '../../../streams/resources/pod.ts';
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '../../../streams/resources/workload.ts';
import { isPodAvailable, isPodReady } from '../../pod/pod-conditions.ts';
import { wantedReplicas } from './ordinals.ts';
import { podRevision } from './stateful-pod.ts';

export type Counted = {
  readonly pods: readonly Pod[];
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly nowMs: number;
};

export function statefulSetStatus(set: StatefulSet, { pods, current, update, nowMs }: Counted): StatefulSetStatus {
  const { metadata, spec, status } = set;
  const { minReadySeconds } = spec;
  const [currentName, updateName] = [current.metadata.name, update.metadata.name];
  let [ready, available, atCurrent, atUpdate] = [0, 0, 0, 0];
  for (const pod of pods) {
    if (pod.status?.phase === 'Running' && isPodReady(pod)) {
      ready++;
      if (isPodAvailable(pod, { minReadySeconds, nowMs })) available++;
    }
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    if (podRevision(pod) === currentName) atCurrent++;
    if (podRevision(pod) === updateName) atUpdate++;
  }
  const replicas = wantedReplicas(set);
  const rolling = (spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
  const done = rolling && atUpdate === replicas && ready === replicas && pods.length === replicas;
  return {
    observedGeneration: metadata.generation ?? 1,
    replicas: pods.length,
    ...counted('readyReplicas', ready),
    ...counted('currentReplicas', done ? atUpdate : atCurrent),
    ...counted('updatedReplicas', atUpdate),
    currentRevision: done ? updateName : currentName,
    updateRevision: updateName,
    collisionCount: status?.collisionCount ?? 0,
    ...(status?.conditions === undefined ? undefined : { conditions: status.conditions }),
    availableReplicas: available,
  };
}

function counted<K extends keyof StatefulSetStatus>(name: K, count: number): Partial<Record<K, number>> {
  return count === 0 ? {} : ({ [name]: count } as Record<K, number>);
}
