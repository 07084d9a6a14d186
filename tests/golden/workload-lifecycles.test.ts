// The lifecycles of deployments, replica sets and namespaces as tables: given an object, when it is written so, then the
// log says that.

import { deploymentLifecycle } from '../../actors/controllers/deployment-machine.ts';
import { namespaceLifecycle } from '../../actors/controllers/namespace-machine.ts';
import { replicaSetLifecycle } from '../../actors/controllers/replicas-machine.ts';
import type { Namespace } from '../../streams/resources/config.ts';
import type { Condition } from '../../streams/resources/meta.ts';
import type {
  Deployment,
  DeploymentSpec,
  DeploymentStatus,
  ReplicaSet,
  ReplicaSetStatus,
} from '../../streams/resources/workload.ts';
import { going, lifecycleTable as table, withMeta } from '../kit/lifecycle-table.ts';
import { aDeployment, aNamespace, aReplicaSet, template } from '../kit/workloads.ts';

/** A change of the spec as the API server makes it: the generation goes up. */
function respecified(object: Deployment, change: Partial<DeploymentSpec>): Deployment {
  return {
    ...withMeta(object, { generation: (object.metadata.generation ?? 1) + 1 }),
    spec: { ...object.spec, ...change },
  };
}

function reporting(object: Deployment, change: DeploymentStatus): Deployment {
  return { ...object, status: { ...object.status, observedGeneration: object.metadata.generation ?? 1, ...change } };
}

const fresh = aDeployment();
const counts = { replicas: 3, updatedReplicas: 3, availableReplicas: 3 };
const complete = reporting(fresh, counts);
const late: Condition = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' };
const moving = reporting(fresh, { replicas: 1 });
const stalled = reporting(fresh, { replicas: 3, conditions: [late] });
const paused = respecified(complete, { paused: true });

table('a deployment', deploymentLifecycle, [
  ['is created', undefined, fresh, 'deployment.created', 'null → Progressing'],
  ['is created paused', undefined, aDeployment({ paused: true }), 'deployment.createdPaused', 'null → Paused'],
  ['moves on', fresh, moving, 'deployment.progressed', 'Progressing → Progressing'],
  ['is through', moving, complete, 'deployment.completed', 'Progressing → Complete'],
  [
    'loses a pod',
    complete,
    reporting(complete, { availableReplicas: 2 }),
    'deployment.degraded',
    'Complete → Progressing',
  ],
  ['runs out of time', moving, stalled, 'deployment.stalled', 'Progressing → Stalled'],
  [
    'moves on after all',
    stalled,
    reporting(stalled, { conditions: [] }),
    'deployment.progressed',
    'Stalled → Progressing',
  ],
  ['is scaled', complete, respecified(complete, { replicas: 5 }), 'deployment.scaled', 'Complete → Progressing'],
  [
    'gets a new template',
    complete,
    respecified(complete, { template: template('nginx:2'), replicas: 5 }),
    'deployment.rolloutStarted',
    'Complete → Progressing',
  ],
  ['is paused', moving, respecified(moving, { paused: true }), 'deployment.paused', 'Progressing → Paused'],
  [
    'gets a new template while it is paused',
    paused,
    respecified(paused, { template: template('nginx:2') }),
    'deployment.templateChanged',
    'Paused → Paused',
  ],
  [
    'is scaled while it is paused',
    paused,
    respecified(paused, { replicas: 9 }),
    'deployment.scaled',
    'Paused → Paused',
  ],
  ['is resumed', paused, respecified(paused, { paused: false }), 'deployment.resumed', 'Paused → Progressing'],
  [
    'gets another strategy',
    complete,
    respecified(complete, { strategy: { type: 'Recreate' } }),
    'deployment.reconfigured',
    'Complete → Progressing',
  ],
  ['is labelled', complete, withMeta(complete, { labels: { a: 'b' } }), 'deployment.updated', 'Complete → Complete'],
  ['reports', complete, reporting(complete, { readyReplicas: 3 }), 'deployment.statusUpdated', 'Complete → Complete'],
  ['is to be deleted', complete, going(complete), 'deployment.deletionRequested', 'Complete → Terminating'],
  ['is deleted', moving, undefined, 'deployment.deleted', 'Progressing → null'],
  ['is gone', going(moving), undefined, 'deployment.deleted', 'Terminating → null'],
]);

function set(change: Partial<ReplicaSetStatus> = {}, replicas = 3): ReplicaSet {
  return aReplicaSet('web', { replicas, status: { replicas: 3, availableReplicas: 3, ...change } });
}

const settled = set();
const filled = set({ availableReplicas: 1 });
const short = set({ replicas: 1, availableReplicas: 1 });
const failing = set({ replicas: 1, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }] });
const resized = { ...withMeta(settled, { generation: 2 }), spec: { ...settled.spec, replicas: 5 } };
const adopted = aReplicaSet('web', { owner: fresh, status: { replicas: 3, availableReplicas: 3 } });

table('a replica set', replicaSetLifecycle, [
  ['is created', undefined, set({ replicas: 0, availableReplicas: 0 }), 'replicaset.created', 'null → Scaling'],
  ['gets pods', set({ replicas: 0, availableReplicas: 0 }), short, 'replicaset.progressed', 'Scaling → Scaling'],
  ['has all its pods', short, filled, 'replicaset.filled', 'Scaling → Starting'],
  [
    'sees a pod become available',
    filled,
    set({ availableReplicas: 2 }),
    'replicaset.progressed',
    'Starting → Starting',
  ],
  ['has all it wants', filled, settled, 'replicaset.settled', 'Starting → Settled'],
  ['sees a pod become unavailable', settled, filled, 'replicaset.degraded', 'Settled → Starting'],
  ['loses a pod', settled, short, 'replicaset.drifted', 'Settled → Scaling'],
  ['is scaled', settled, resized, 'replicaset.scaled', 'Settled → Scaling'],
  ['cannot create its pods', short, failing, 'replicaset.failed', 'Scaling → Failing'],
  ['can after all', failing, settled, 'replicaset.settled', 'Failing → Settled'],
  ['is adopted', settled, adopted, 'replicaset.adopted', 'Settled → Settled'],
  ['is let go', adopted, settled, 'replicaset.released', 'Settled → Settled'],
  ['is annotated', settled, withMeta(settled, { annotations: { a: 'b' } }), 'replicaset.updated', 'Settled → Settled'],
  ['reports', settled, set({ readyReplicas: 3 }), 'replicaset.statusUpdated', 'Settled → Settled'],
  ['is to be deleted', settled, going(settled), 'replicaset.deletionRequested', 'Settled → Terminating'],
  ['is deleted', settled, undefined, 'replicaset.deleted', 'Settled → null'],
]);

const active = aNamespace('shop');
const leaving = going(active);
const told = (object: Namespace, status: 'True' | 'False'): Namespace => ({
  ...object,
  status: { ...object.status, conditions: [{ type: 'NamespaceContentRemaining', status }] },
});
const finalized: Namespace = { ...leaving, spec: { finalizers: [] } };

table('a namespace', namespaceLifecycle, [
  ['is created', undefined, active, 'namespace.created', 'null → Active'],
  ['is labelled', active, withMeta(active, { labels: { a: 'b' } }), 'namespace.updated', 'Active → Active'],
  ['is to go', active, leaving, 'namespace.terminationRequested', 'Active → Terminating'],
  ['has things left in it', leaving, told(leaving, 'True'), 'namespace.contentRemaining', 'Terminating → Terminating'],
  ['is empty', told(leaving, 'True'), told(leaving, 'False'), 'namespace.contentRemoved', 'Terminating → Terminating'],
  ['is given up', leaving, finalized, 'namespace.finalized', 'Terminating → Finalized'],
  ['is given up and gone at once', leaving, undefined, 'namespace.deleted', 'Terminating → null'],
  ['is gone', finalized, undefined, 'namespace.deleted', 'Finalized → null'],
]);
