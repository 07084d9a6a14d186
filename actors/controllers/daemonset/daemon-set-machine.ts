// The lifecycle of a daemon set; its places are the nodes it is to run on.

import type { DaemonSet } from '../../../streams/resources/workload.ts';
import { rolloutLifecycle } from '../workload/rollout-machine.ts';

export const daemonSetLifecycle = rolloutLifecycle<DaemonSet>({
  singular: 'daemonset',
  scalable: false,
  count({ metadata, spec, status }) {
    const wanted = status?.desiredNumberScheduled ?? 0;
    return {
      observed: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1),
      wanted,
      // Pods where none should be are as much a deviation as nodes without one.
      filled: (status?.currentNumberScheduled ?? 0) + (status?.numberMisscheduled ?? 0),
      available: status?.numberAvailable ?? 0,
      updated: status?.updatedNumberScheduled ?? 0,
      updating: (spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate' ? wanted : 0,
    };
  },
});
