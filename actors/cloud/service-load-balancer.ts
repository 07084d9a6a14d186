// The service controller of the cloud-controller-manager: services of type LoadBalancer get a load balancer, and keep a
// finalizer for as long as they have one (staging/src/k8s.io/cloud-provider/controllers/service).

import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import { findCondition } from '../kit/conditions.ts';
import { type Controller, nothingToDo, type Plan, type PlannedNote, type ReconcileInput } from '../kit/controller.ts';
import { parseKey } from '../kit/object-key.ts';
import { sameJson } from '../kit/same-json.ts';
import type { UpdateWrite } from '../kit/write.ts';
import { type BalancedService, type CloudProvider, type Ingress, wantsLoadBalancer } from './provider.ts';

const finalizer = 'service.kubernetes.io/load-balancer-cleanup';
const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';
const toBeDeleted = 'ToBeDeletedByClusterAutoscaler';

export function serviceLoadBalancerController(cloud: CloudProvider): Controller {
  return {
    name: 'service-lb-controller',
    user: 'system:serviceaccount:kube-system:service-controller',
    // One at a time, as upstream's: two must not be given the same address.
    workers: 1,
    watches: [
      {
        resource: resources.services,
        keys: ({ type, ref, current }) =>
          type !== 'DELETED' && concerns(current.object as BalancedService) ? [`${ref.namespace}/${ref.name}`] : [],
      },
    ],
    reconcile: (input) => reconcile(input, cloud),
  };
}

function concerns(service: BalancedService): boolean {
  return service.spec.type === 'LoadBalancer' || hasFinalizer(service);
}

function reconcile({ world, key }: ReconcileInput, cloud: CloudProvider): Plan {
  const service = world.get<BalancedService>(resources.services, parseKey(key));
  if (service === undefined) return nothingToDo;
  if (!wantsLoadBalancer(service) || service.metadata.deletionTimestamp !== undefined) return takenAway(service);
  if (!hasFinalizer(service)) {
    const finalizers = [...(service.metadata.finalizers ?? []), finalizer];
    const write = update({ ...service, metadata: { ...service.metadata, finalizers } });
    return { writes: [write], notes: [note(service, 'EnsuringLoadBalancer', 'Ensuring load balancer', write)] };
  }
  const others = world
    .list<BalancedService>(resources.services)
    .filter(({ metadata: { uid } }) => uid !== service.metadata.uid);
  const outcome = cloud.loadBalancer(service, others);
  if (outcome.kind === 'failed') {
    const message = `Error syncing load balancer: failed to ensure load balancer: ${outcome.message}`;
    return { writes: [], notes: [warning(service, 'SyncLoadBalancerFailed', message)], againAfterMs: retryMs };
  }
  if (sameJson(service.status?.loadBalancer?.ingress, outcome.ingress)) return nothingToDo;
  const write = statusOf(service, outcome.ingress);
  const notes = [note(service, 'EnsuredLoadBalancer', 'Ensured load balancer', write)];
  if (!world.list<Node>(resources.nodes).some(takesTraffic)) {
    notes.unshift(warning(service, 'UnAvailableLoadBalancer', 'There are no available nodes for LoadBalancer'));
  }
  return { writes: [write], notes };
}

/** Somebody may have to free an address first: nobody tells when. */
const retryMs = 30_000;

/** Its addresses go first: what still has an address is still balanced. */
function takenAway(service: BalancedService): Plan {
  if (!hasFinalizer(service)) return nothingToDo;
  if ((service.status?.loadBalancer?.ingress ?? []).length > 0) {
    const write = statusOf(service, []);
    return { writes: [write], notes: [note(service, 'DeletingLoadBalancer', 'Deleting load balancer', write)] };
  }
  const finalizers = (service.metadata.finalizers ?? []).filter((one) => one !== finalizer);
  const write = update({ ...service, metadata: { ...service.metadata, finalizers } });
  return { writes: [write], notes: [note(service, 'DeletedLoadBalancer', 'Deleted load balancer', write)] };
}

function hasFinalizer({ metadata }: BalancedService): boolean {
  return metadata.finalizers?.includes(finalizer) === true;
}

function takesTraffic({ metadata, spec, status }: Node): boolean {
  return (
    metadata.labels?.[excludeLabel] === undefined &&
    spec?.taints?.some(({ key }) => key === toBeDeleted) !== true &&
    findCondition(status?.conditions, 'Ready')?.status === 'True'
  );
}

function update(object: BalancedService): UpdateWrite {
  return { kind: 'update', resource: resources.services, object };
}

function statusOf(service: BalancedService, ingress: readonly Ingress[]): UpdateWrite {
  const loadBalancer = ingress.length === 0 ? {} : { ingress };
  return { ...update({ ...service, status: { ...service.status, loadBalancer } }), subresource: 'status' };
}

function note(service: BalancedService, reason: string, message: string, after?: UpdateWrite): PlannedNote {
  const told = { regarding: service, type: 'Normal', reason, message, component: 'service-controller' } as const;
  return after === undefined ? told : { ...told, after };
}

function warning(service: BalancedService, reason: string, message: string): PlannedNote {
  return { ...note(service, reason, message), type: 'Warning' };
}
