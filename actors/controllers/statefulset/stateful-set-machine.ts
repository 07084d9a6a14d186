// The lifecycle of a stateful set; its places are its ordinals.

import type { StatefulSet } from '../../../streams/resources/workload.ts';
import { rolloutLifecycle } from '../workload/rollout-machine.ts';

export const statefulSetLifecycle = rolloutLifecycle<StatefulSet>({
  singular: 'statefulset',
  scalable: true,
  count({ metadata, spec, status }) {
    const wanted = spec?.replicas ?? 1;
    const { type = 'RollingUpdate', rollingUpdate } = spec?.updateStrategy ?? {};
    return {
      observed: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1),
      wanted,
      filled: status?.replicas ?? 0,
      available: status?.availableReplicas ?? 0,
      updated: status?.updatedReplicas ?? 0,
      updating: type === 'RollingUpdate' ? wanted - (rollingUpdate?.partition ?? 0) : 0,
    };
  },
});
