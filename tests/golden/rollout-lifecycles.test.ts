// The lifecycles of stateful sets, daemon sets and replication controllers as tables: given an object, when it is
// written so, then the log says that.

import { daemonSetLifecycle } from '../../actors/controllers/daemonset/daemon-set-machine.ts';
import { replicationControllerLifecycle } from '../../actors/controllers/replicas-machine.ts';
import { statefulSetLifecycle } from '../../actors/controllers/statefulset/stateful-set-machine.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { DaemonSetStatus, StatefulSetStatus } from '../../streams/resources/workload.ts';
import { going, lifecycleTable as table, withMeta } from '../kit/lifecycle-table.ts';
import { aDaemonSet, aReplicationController, aStatefulSet, template } from '../kit/workloads.ts';

/** A change of the spec as the API server makes it: the generation goes up. */
function respecified<T extends KubeObject & { readonly spec: object }>(object: T, change: Partial<T['spec']>): T {
  const generation = (object.metadata.generation ?? 1) + 1;
  return { ...withMeta(object, { generation }), spec: { ...object.spec, ...change } };
}

function ordinals(status: Partial<StatefulSetStatus>, spec: Parameters<typeof aStatefulSet>[0] = {}) {
  return aStatefulSet({ ...spec, status: { observedGeneration: 1, ...status } });
}

const all = { replicas: 3, availableReplicas: 3, updatedReplicas: 3 };
const held = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } as const;
const set = {
  fresh: aStatefulSet(),
  first: ordinals({ replicas: 1, availableReplicas: 0, updatedReplicas: 1 }),
  starting: ordinals({ ...all, availableReplicas: 2 }),
  settled: ordinals(all),
  updating: ordinals({ ...all, updatedReplicas: 1 }),
  partitioned: ordinals({ ...all, updatedReplicas: 1 }, { updateStrategy: held }),
  manual: ordinals({ ...all, updatedReplicas: 0 }, { updateStrategy: { type: 'OnDelete' } }),
};

table('a stateful set', statefulSetLifecycle, [
  ['is created', undefined, set.fresh, 'statefulset.created', 'null → Scaling'],
  ['gets a pod', set.fresh, set.first, 'statefulset.progressed', 'Scaling → Scaling'],
  ['has all its pods', set.first, set.starting, 'statefulset.filled', 'Scaling → Starting'],
  ['has all it wants', set.starting, set.settled, 'statefulset.settled', 'Starting → Settled'],
  ['sees a pod become unavailable', set.settled, set.starting, 'statefulset.degraded', 'Settled → Starting'],
  ['loses a pod', set.settled, set.first, 'statefulset.drifted', 'Settled → Scaling'],
  ['is scaled', set.settled, respecified(set.settled, { replicas: 5 }), 'statefulset.scaled', 'Settled → Scaling'],
  [
    'gets a new template, and is scaled',
    set.settled,
    respecified(set.settled, { template: template('nginx:2'), replicas: 5 }),
    'statefulset.rolloutStarted',
    'Settled → Scaling',
  ],
  [
    'is told to keep fewer revisions',
    set.settled,
    respecified(set.settled, { revisionHistoryLimit: 2 }),
    'statefulset.reconfigured',
    'Settled → Scaling',
  ],
  ['brings its pods to the new template', set.first, set.updating, 'statefulset.updating', 'Scaling → Updating'],
  ['is through', set.updating, set.settled, 'statefulset.settled', 'Updating → Settled'],
  [
    'is updated as far as its partition lets it',
    ordinals({ ...all, updatedReplicas: 0 }, { updateStrategy: held }),
    set.partitioned,
    'statefulset.held',
    'Updating → Held',
  ],
  [
    'waits for its pods to be deleted',
    ordinals({ replicas: 2, availableReplicas: 2 }, { updateStrategy: { type: 'OnDelete' } }),
    set.manual,
    'statefulset.held',
    'Scaling → Held',
  ],
  [
    'is labelled',
    set.settled,
    withMeta(set.settled, { labels: { a: 'b' } }),
    'statefulset.updated',
    'Settled → Settled',
  ],
  ['reports', set.settled, ordinals({ ...all, readyReplicas: 3 }), 'statefulset.progressed', 'Settled → Settled'],
  ['is to be deleted', set.updating, going(set.updating), 'statefulset.deletionRequested', 'Updating → Terminating'],
  ['is gone', going(set.settled), undefined, 'statefulset.deleted', 'Terminating → null'],
]);

function nodes(status: Partial<DaemonSetStatus>, spec: Parameters<typeof aDaemonSet>[0] = {}) {
  const counts = {
    desiredNumberScheduled: 3,
    currentNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
  };
  return aDaemonSet({ ...spec, status: { observedGeneration: 1, ...counts, ...status } });
}

const daemons = {
  fresh: aDaemonSet(),
  spreading: nodes({ currentNumberScheduled: 1, numberAvailable: 0 }),
  starting: nodes({ numberAvailable: 1 }),
  settled: nodes({}),
  misplaced: nodes({ numberMisscheduled: 1 }),
  updating: nodes({ updatedNumberScheduled: 1 }),
};

table('a daemon set', daemonSetLifecycle, [
  ['is created', undefined, daemons.fresh, 'daemonset.created', 'null → Scaling'],
  [
    'finds no node to run on',
    daemons.fresh,
    aDaemonSet({ status: { observedGeneration: 1 } }),
    'daemonset.settled',
    'Scaling → Settled',
  ],
  ['comes to its nodes', daemons.fresh, daemons.spreading, 'daemonset.progressed', 'Scaling → Scaling'],
  ['is on all of them', daemons.spreading, daemons.starting, 'daemonset.filled', 'Scaling → Starting'],
  ['has all it wants', daemons.starting, daemons.settled, 'daemonset.settled', 'Starting → Settled'],
  ['sees a pod become unavailable', daemons.settled, daemons.starting, 'daemonset.degraded', 'Settled → Starting'],
  ['sees a node come', daemons.settled, nodes({ desiredNumberScheduled: 4 }), 'daemonset.drifted', 'Settled → Scaling'],
  ['sees a node that fits no more', daemons.settled, daemons.misplaced, 'daemonset.drifted', 'Settled → Scaling'],
  [
    'gets a new template',
    daemons.settled,
    respecified(daemons.settled, { template: template('nginx:2') }),
    'daemonset.rolloutStarted',
    'Settled → Scaling',
  ],
  [
    'brings its pods to the new template',
    daemons.spreading,
    daemons.updating,
    'daemonset.updating',
    'Scaling → Updating',
  ],
  ['is through', daemons.updating, daemons.settled, 'daemonset.settled', 'Updating → Settled'],
  [
    'waits for its pods to be deleted',
    daemons.spreading,
    nodes({ updatedNumberScheduled: 0 }, { updateStrategy: { type: 'OnDelete' } }),
    'daemonset.held',
    'Scaling → Held',
  ],
  ['is to be deleted', daemons.settled, going(daemons.settled), 'daemonset.deletionRequested', 'Settled → Terminating'],
  ['is deleted', daemons.updating, undefined, 'daemonset.deleted', 'Updating → null'],
]);

const settled = aReplicationController('web', { status: { availableReplicas: 3 } });

table('a replication controller', replicationControllerLifecycle, [
  [
    'is created',
    undefined,
    aReplicationController('web', { status: { observedGeneration: 0 } }),
    'replicationcontroller.created',
    'null → Scaling',
  ],
  [
    'loses a pod',
    settled,
    aReplicationController('web', { status: { replicas: 2, availableReplicas: 2 } }),
    'replicationcontroller.drifted',
    'Settled → Scaling',
  ],
  ['is scaled', settled, respecified(settled, { replicas: 1 }), 'replicationcontroller.scaled', 'Settled → Scaling'],
]);
