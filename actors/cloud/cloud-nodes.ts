// The node controllers of the cloud-controller-manager (staging/src/k8s.io/cloud-provider/controllers/{node,nodelifecycle,route}):
// new nodes are initialized from what the cloud knows of their instances, nodes whose instances are gone are removed, and
// each node's pod network has a route.

import type { Labels } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node, Taint } from '../../streams/resources/node.ts';
import { findCondition, withCondition } from '../kit/conditions.ts';
import { type Controller, nothingToDo, type Plan, type ReconcileInput } from '../kit/controller.ts';
import type { CloudProvider } from './provider.ts';

const uninitialized = 'node.cloudprovider.kubernetes.io/uninitialized';
const shutdown = 'node.cloudprovider.kubernetes.io/shutdown';
/** How often a node that is not ready is looked for in the cloud. */
const monitorMs = 5_000;

export function cloudNodeController(cloud: CloudProvider): Controller {
  return nodeController('cloud-node-controller', 'cloud-node-controller', ({ world, key }) => {
    const node = world.get<Node>(resources.nodes, { name: key });
    const instance = node === undefined ? undefined : cloud.instance(node);
    if (node === undefined || instance === undefined || node.metadata.deletionTimestamp !== undefined) {
      return nothingToDo;
    }
    const { taints, providerID } = node.spec ?? {};
    const waits = taints?.some(({ key }) => key === uninitialized) === true;
    if (!waits && providerID !== undefined && providerID !== '') return nothingToDo;
    const labels: Labels = {
      'beta.kubernetes.io/instance-type': instance.instanceType,
      'failure-domain.beta.kubernetes.io/region': instance.region,
      'failure-domain.beta.kubernetes.io/zone': instance.zone,
      'node.kubernetes.io/instance-type': instance.instanceType,
      'topology.kubernetes.io/region': instance.region,
      'topology.kubernetes.io/zone': instance.zone,
      ...node.metadata.labels,
    };
    const object: Node = {
      ...node,
      metadata: { ...node.metadata, labels },
      spec: { ...node.spec, ...without(taints, uninitialized), providerID: providerID || instance.providerID },
    };
    return { writes: [{ kind: 'update', resource: resources.nodes, object }] };
  });
}

export function cloudNodeLifecycleController(cloud: CloudProvider): Controller {
  return nodeController('cloud-node-lifecycle-controller', 'cloud-node-lifecycle-controller', ({ world, key }) => {
    const node = world.get<Node>(resources.nodes, { name: key });
    if (node === undefined || node.metadata.deletionTimestamp !== undefined) return nothingToDo;
    const taints = node.spec?.taints ?? [];
    const tainted = taints.some(({ key }) => key === shutdown);
    const ready = findCondition(node.status?.conditions, 'Ready')?.status === 'True';
    if (ready) return tainted ? retainted(node, without(taints, shutdown).taints ?? []) : nothingToDo;
    const state = cloud.state(node);
    if (state === 'gone') return removed(node);
    if (state === 'shutdown' && !tainted) return retainted(node, [...taints, { key: shutdown, effect: 'NoSchedule' }]);
    return { writes: [], againAfterMs: monitorMs };
  });
}

/** The local cloud's network reaches every node, so a route is there as soon as the node has a network for its pods. */
export function nodeRouteController(cloud: CloudProvider): Controller {
  return nodeController('node-route-controller', 'route-controller', ({ world, key, nowMs }) => {
    const node = world.get<Node>(resources.nodes, { name: key });
    if (node === undefined || cloud.instance(node) === undefined) return nothingToDo;
    if ((node.spec?.podCIDR ?? '') === '' || node.metadata.deletionTimestamp !== undefined) return nothingToDo;
    const conditions = node.status?.conditions;
    if (findCondition(conditions, 'NetworkUnavailable')?.status === 'False') return nothingToDo;
    const route = {
      type: 'NetworkUnavailable',
      status: 'False',
      reason: 'RouteCreated',
      message: 'RouteController created a route',
    } as const;
    const object: Node = { ...node, status: { ...node.status, conditions: withCondition(conditions, route, nowMs) } };
    return { writes: [{ kind: 'update', resource: resources.nodes, subresource: 'status', object }] };
  });
}

/** All of them look at nodes, and at nothing but what alters a node itself: heartbeats come by the thousand. */
function nodeController(name: string, account: string, reconcile: (input: ReconcileInput) => Plan): Controller {
  return {
    name,
    user: `system:serviceaccount:kube-system:${account}`,
    workers: 10,
    watches: [
      {
        resource: resources.nodes,
        keys: ({ type, ref, current, previous }) =>
          type === 'DELETED' ||
          (previous !== undefined && current.state === previous.state && !changed(previous, current))
            ? []
            : [ref.name],
      },
    ],
    reconcile,
  };
}

type Version = { readonly object: object };

function changed(before: Version, after: Version): boolean {
  const [old, now] = [before.object as Node, after.object as Node];
  return (
    old.spec?.podCIDR !== now.spec?.podCIDR ||
    old.spec?.providerID !== now.spec?.providerID ||
    (old.spec?.taints?.length ?? 0) !== (now.spec?.taints?.length ?? 0) ||
    (['Ready', 'NetworkUnavailable'] as const).some(
      (type) =>
        findCondition(old.status?.conditions, type)?.status !== findCondition(now.status?.conditions, type)?.status,
    )
  );
}

function without(taints: readonly Taint[] | undefined, key: string): { readonly taints?: readonly Taint[] } {
  return taints === undefined ? {} : { taints: taints.filter((taint) => taint.key !== key) };
}

function retainted(node: Node, taints: readonly Taint[]): Plan {
  const object: Node = { ...node, spec: { ...node.spec, taints } };
  return { writes: [{ kind: 'update', resource: resources.nodes, object }] };
}

function removed(node: Node): Plan {
  const { name, uid } = node.metadata;
  return {
    writes: [{ kind: 'delete', resource: resources.nodes, namespace: '', name, uid }],
    notes: [
      {
        regarding: node,
        type: 'Normal',
        reason: 'DeletingNode',
        message: `Deleting node ${name} because it does not exist in the cloud provider`,
        component: 'cloud-node-lifecycle-controller',
      },
    ],
  };
}
