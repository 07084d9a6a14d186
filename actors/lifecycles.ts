// Resource → lifecycle. The API server names every change with it, replay checks every recorded one with it.

import { cronJobLifecycle } from './controllers/cronjob/cronjob-machine.ts';
import { daemonSetLifecycle } from './controllers/daemonset/daemon-set-machine.ts';
import { deploymentLifecycle } from './controllers/deployment-machine.ts';
import { autoscalerLifecycle } from './controllers/hpa/autoscaler-machine.ts';
import { jobLifecycle } from './controllers/job/job-machine.ts';
import { namespaceLifecycle } from './controllers/namespace-machine.ts';
import { replicaSetLifecycle, replicationControllerLifecycle } from './controllers/replicas-machine.ts';
import { statefulSetLifecycle } from './controllers/statefulset/stateful-set-machine.ts';
import type { Lifecycle } from './kit/lifecycle.ts';
import { plainLifecycle } from './kit/plain-lifecycle.ts';
import { leaseLifecycle } from './node/lease-machine.ts';
import { nodeLifecycle } from './node/node-machine.ts';
import { podLifecycle } from './pod/pod-machine.ts';
import { claimLifecycle } from './volumes/claim-machine.ts';
import { volumeLifecycle } from './volumes/volume-machine.ts';

const special: Readonly<Record<string, Lifecycle>> = {
  'daemonsets.apps': daemonSetLifecycle,
  'cronjobs.batch': cronJobLifecycle,
  'deployments.apps': deploymentLifecycle,
  'horizontalpodautoscalers.autoscaling': autoscalerLifecycle,
  'jobs.batch': jobLifecycle,
  'leases.coordination.k8s.io': leaseLifecycle,
  'namespaces.': namespaceLifecycle,
  'nodes.': nodeLifecycle,
  'persistentvolumeclaims.': claimLifecycle,
  'persistentvolumes.': volumeLifecycle,
  'pods.': podLifecycle,
  'replicasets.apps': replicaSetLifecycle,
  'replicationcontrollers.': replicationControllerLifecycle,
  'statefulsets.apps': statefulSetLifecycle,
};

const plain = new Map<string, Lifecycle>();

/** Kinds without a machine of their own come, change and go. */
export function lifecycleOf(kind: {
  readonly group: string;
  readonly resource: string;
  readonly singular?: string;
}): Lifecycle {
  const known = special[`${kind.resource}.${kind.group}`];
  if (known !== undefined) return known;
  const singular = kind.singular ?? singularOf(kind.resource);
  let lifecycle = plain.get(singular);
  if (lifecycle === undefined) {
    lifecycle = plainLifecycle(singular);
    plain.set(singular, lifecycle);
  }
  return lifecycle;
}

/** Good for every resource the program itself serves; others bring their singular along. */
function singularOf(resource: string): string {
  if (resource === 'endpoints') return resource;
  if (/(?:ss|us)es$/.test(resource)) return resource.slice(0, -2);
  return resource.endsWith('ies') ? `${resource.slice(0, -3)}y` : resource.replace(/s$/, '');
}
