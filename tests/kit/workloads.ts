// Objects for tests of controllers in few words. Times are counted from one fixed instant.

import type { Namespace } from '../../streams/resources/config.ts';
import {
  type Condition,
  type KubeObject,
  type ObjectMeta,
  type OwnerReference,
  timestamp,
} from '../../streams/resources/meta.ts';
import type { Lease, Node, Taint } from '../../streams/resources/node.ts';
import type { Pod, PodPhase, PodSpec, Toleration } from '../../streams/resources/pod.ts';
import type { Service, ServiceSpec } from '../../streams/resources/service.ts';
import type {
  DaemonSet,
  DaemonSetSpec,
  DaemonSetStatus,
  Deployment,
  DeploymentSpec,
  DeploymentStatus,
  ReplicaSet,
  ReplicaSetSpec,
  ReplicaSetStatus,
  ReplicationController,
  StatefulSet,
  StatefulSetSpec,
  StatefulSetStatus,
} from '../../streams/resources/workload.ts';

export const startMs = Date.UTC(2026, 0, 1);

export function at(seconds: number): string {
  return timestamp(startMs + seconds * 1000);
}

export function atMs(seconds: number): number {
  return startMs + seconds * 1000;
}

export type Meta = Partial<ObjectMeta>;

export function meta(name: string, change: Meta = {}): ObjectMeta {
  return { name, namespace: 'default', uid: `uid-of-${name}`, creationTimestamp: at(0), ...change };
}

/** The reference by which a dependent names its managing owner. */
export function controlledBy({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

const labels = { app: 'web' };

export function template(image = 'nginx:1'): DeploymentSpec['template'] {
  return { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } };
}

export function aDeployment({
  meta: change = {},
  status,
  ...spec
}: Partial<DeploymentSpec> & { meta?: Meta; status?: DeploymentStatus } = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta('web', { generation: 1, ...change }),
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: template(),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...spec,
    },
    status: status ?? {},
  };
}

export type ReplicaSetTraits = Partial<ReplicaSetSpec> & {
  readonly owner?: KubeObject;
  readonly meta?: Meta;
  readonly status?: Partial<ReplicaSetStatus>;
};

/** A replica set that has reported on all it was asked for. */
export function aReplicaSet(
  name: string,
  { owner, meta: change = {}, status, ...spec }: ReplicaSetTraits = {},
): ReplicaSet {
  const replicas = spec.replicas ?? 3;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta(name, {
      generation: 1,
      labels,
      ...(owner === undefined ? undefined : { ownerReferences: [controlledBy(owner)] }),
      ...change,
    }),
    spec: { replicas, selector: { matchLabels: labels }, template: template(), ...spec },
    status: { replicas, observedGeneration: 1, ...status },
  };
}

/** A replication controller that has reported on all it was asked for. */
export function aReplicationController(
  name: string,
  { owner: _, meta: change = {}, status, ...spec }: Omit<ReplicaSetTraits, 'selector'> = {},
): ReplicationController {
  const replicas = spec.replicas ?? 3;
  return {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: meta(name, { generation: 1, labels, ...change }),
    spec: { replicas, template: template(), ...spec, selector: labels },
    status: { replicas, observedGeneration: 1, ...status },
  };
}

export function aStatefulSet({
  meta: change = {},
  status,
  ...spec
}: Partial<StatefulSetSpec> & { meta?: Meta; status?: Partial<StatefulSetStatus> } = {}): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: meta('web', { generation: 1, ...change }),
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: template(),
      serviceName: 'web',
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      revisionHistoryLimit: 10,
      ...spec,
    },
    status: { replicas: 0, availableReplicas: 0, ...status },
  };
}

export function aDaemonSet({
  meta: change = {},
  status,
  ...spec
}: Partial<DaemonSetSpec> & { meta?: Meta; status?: Partial<DaemonSetStatus> } = {}): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: meta('web', { generation: 1, ...change }),
    spec: {
      selector: { matchLabels: labels },
      template: template(),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      revisionHistoryLimit: 10,
      ...spec,
    },
    status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0, ...status },
  };
}

export type PodTraits = {
  readonly owner?: KubeObject;
  readonly node?: string;
  readonly phase?: PodPhase;
  /** Second since which it is ready. */
  readonly readyAt?: number;
  readonly unready?: boolean;
  readonly ip?: string;
  readonly restarts?: number;
  readonly tolerations?: readonly Toleration[];
  readonly spec?: Partial<PodSpec>;
  readonly meta?: Meta;
  readonly conditions?: readonly Condition[];
};

/** A pod that runs on a node and is ready, unless told otherwise. */
export function aPod(name: string, traits: PodTraits = {}): Pod {
  const { owner, node = 'node-1', phase = 'Running', readyAt = 0, unready = phase !== 'Running', ip, spec } = traits;
  const ready: Condition = { type: 'Ready', status: unready ? 'False' : 'True', lastTransitionTime: at(readyAt) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(name, {
      generation: 1,
      labels,
      ...(owner === undefined ? undefined : { ownerReferences: [controlledBy(owner)] }),
      ...traits.meta,
    }),
    spec: {
      containers: [{ name: 'web', image: 'nginx:1' }],
      ...(node === '' ? undefined : { nodeName: node }),
      ...(traits.tolerations === undefined ? undefined : { tolerations: traits.tolerations }),
      ...spec,
    },
    status: {
      phase,
      ...(ip === undefined ? undefined : { podIP: ip, podIPs: [{ ip }] }),
      conditions: [ready, ...(traits.conditions ?? [])],
      containerStatuses: [
        { name: 'web', ready: !unready, restartCount: traits.restarts ?? 0, image: 'nginx:1', imageID: '' },
      ],
    },
  };
}

export function somePods(prefix: string, count: number, traits: PodTraits = {}): Pod[] {
  return Array.from({ length: count }, (_, i) => aPod(`${prefix}-${i}`, traits));
}

export type NodeTraits = {
  readonly ready?: 'True' | 'False' | 'Unknown' | 'none';
  readonly heardAt?: number;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
  readonly conditions?: readonly Condition[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly meta?: Meta;
};

export function aNode(name: string, traits: NodeTraits = {}): Node {
  const { ready = 'True', heardAt = 0, taints, unschedulable, conditions = [] } = traits;
  const own: Condition[] =
    ready === 'none'
      ? []
      : [{ type: 'Ready', status: ready, lastHeartbeatTime: at(heardAt), lastTransitionTime: at(0) }];
  const { namespace: _, ...metadata } = meta(name, { labels: traits.labels ?? {}, ...traits.meta });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata,
    spec: {
      ...(taints === undefined ? undefined : { taints }),
      ...(unschedulable === undefined ? undefined : { unschedulable }),
    },
    status: { conditions: [...own, ...conditions] },
  };
}

export function aLease(node: string): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: meta(node, { namespace: 'kube-node-lease', uid: `lease-of-${node}` }),
    spec: { holderIdentity: node },
  };
}

export function aNamespace(
  name: string,
  { meta: change = {}, ...rest }: { meta?: Meta } & Partial<Namespace> = {},
): Namespace {
  const { namespace: _, ...metadata } = meta(name, change);
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata,
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
    ...rest,
  };
}

export function aService(
  name: string,
  { meta: change = {}, ...spec }: Partial<ServiceSpec> & { meta?: Meta } = {},
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(name, change),
    spec: {
      selector: labels,
      clusterIP: '10.96.0.7',
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
      ...spec,
    },
  };
}

export function aConfigMap(name: string, change: Meta = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta(name, change) };
}
