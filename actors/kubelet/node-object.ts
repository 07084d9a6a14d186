// What a kubelet writes about its node: the Node object it registers, the status it reports and the Lease it renews
// (facts §4.1, §4.5). Pure: the times come in.

import { type Condition, type Draft, type Labels, microTimestamp, timestamp } from '../../streams/resources/meta.ts';
import type { Lease, Node, NodeStatus, Taint } from '../../streams/resources/node.ts';
import type { Quantities } from '../../streams/resources/pod.ts';
import { findCondition } from '../kit/conditions.ts';
import { conditionOf, type Pressure, pressures } from './pressure.ts';

/** What is given about a machine; it does not change while its kubelet runs. */
export type NodeProfile = {
  readonly name: string;
  readonly ip: string;
  /** Addresses of its pods, e.g. `10.244.7.0/24`. */
  readonly podCIDR: string;
  readonly capacity: Quantities;
  readonly labels: Labels;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Those it registers with. */
  readonly taints?: readonly Taint[];
  readonly nodeInfo: Readonly<Record<string, string>>;
};

export const kubeletVersion = 'v1.36.0';
export const kubeletPort = 10_250;
export const leaseNamespace = 'kube-node-lease';
const leaseDurationSeconds = 40;

export function nodeDraft(profile: NodeProfile, nowMs: number): Draft<Node> {
  const { name, podCIDR, annotations, taints } = profile;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: nodeLabels(profile),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true', ...annotations },
    },
    spec: { podCIDR, podCIDRs: [podCIDR], ...(taints && taints.length > 0 && { taints }) },
    status: nodeStatus(profile, { before: undefined, nowMs }),
  };
}

export function nodeLabels({ name, labels, nodeInfo }: NodeProfile): Labels {
  const { architecture = 'amd64', operatingSystem = 'linux' } = nodeInfo;
  return {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': operatingSystem,
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': operatingSystem,
    ...labels,
  };
}

/** The status as of now. A condition keeps its transition time while its verdict stays. */
export function nodeStatus(
  profile: NodeProfile,
  {
    before,
    nowMs,
    pressures: short,
  }: { before: NodeStatus | undefined; nowMs: number; pressures?: readonly Pressure[] },
): NodeStatus {
  const { name, ip, capacity, nodeInfo } = profile;
  const healthy: readonly Omit<Condition, 'lastHeartbeatTime' | 'lastTransitionTime'>[] = [
    ...pressures.map((pressure) => {
      const { type, yes, no } = conditionOf[pressure];
      const isShort = short?.includes(pressure) === true;
      return { type, status: isShort ? ('True' as const) : ('False' as const), ...(isShort ? yes : no) };
    }),
    { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
  ];
  const own = healthy.map((condition): Condition => {
    const old = findCondition(before?.conditions, condition.type);
    const since = old?.status === condition.status ? old.lastTransitionTime : undefined;
    const now = timestamp(nowMs);
    return { ...condition, lastHeartbeatTime: now, lastTransitionTime: since ?? now };
  });
  const foreign = (before?.conditions ?? []).filter(({ type }) => findCondition(own, type) === undefined);
  return {
    ...before,
    addresses: [
      { type: 'InternalIP', address: ip },
      { type: 'Hostname', address: name },
    ],
    capacity,
    allocatable: capacity,
    conditions: [...foreign, ...own],
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    nodeInfo,
  };
}

/** Whether the world shows the node as its kubelet sees it, heartbeats aside. */
export function saysTheSame(shown: NodeStatus | undefined, told: NodeStatus): boolean {
  if (shown === undefined || shown.nodeInfo?.bootID !== told.nodeInfo?.bootID) return false;
  for (const { type, status } of told.conditions ?? []) {
    if (findCondition(shown.conditions, type)?.status !== status) return false;
  }
  for (const resource in told.capacity) if (shown.capacity?.[resource] !== told.capacity[resource]) return false;
  return shown.addresses?.some(({ address }) => address === told.addresses?.[0]?.address) === true;
}

export function leaseDraft(node: Node, nowMs: number): Draft<Lease> {
  const { name, uid } = node.metadata;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: leaseNamespace, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
    spec: { holderIdentity: name, leaseDurationSeconds, renewTime: microTimestamp(nowMs) },
  };
}

/** The same lease, held on from now. One that outlived its node belongs to the new Node object. */
export function renewedLease(lease: Lease, { node, nowMs }: { node: Node; nowMs: number }): Lease {
  const draft = leaseDraft(node, nowMs);
  const { ownerReferences } = draft.metadata;
  const owned = lease.metadata.ownerReferences?.some(({ uid }) => uid === node.metadata.uid) === true;
  const metadata = owned ? lease.metadata : { ...lease.metadata, ...(ownerReferences && { ownerReferences }) };
  return { ...lease, metadata, spec: { ...lease.spec, ...draft.spec } };
}
