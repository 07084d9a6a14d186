// Node and Lease as far as the program itself reads them.

import type { Condition, KubeObject } from './meta.ts';
import type { Quantities } from './pod.ts';

export type Taint = {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly timeAdded?: string;
};

export type NodeSpec = {
  readonly podCIDR?: string;
  readonly podCIDRs?: readonly string[];
  readonly providerID?: string;
  readonly unschedulable?: boolean;
  readonly taints?: readonly Taint[];
};

export type AttachedVolume = { readonly name: string; readonly devicePath: string };

export type NodeStatus = {
  readonly capacity?: Quantities;
  readonly allocatable?: Quantities;
  readonly conditions?: readonly Condition[];
  readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  readonly nodeInfo?: Readonly<Record<string, string>>;
  /** Whoever writes a node's status may leave the names out. */
  readonly images?: readonly { readonly names?: readonly string[]; readonly sizeBytes?: number }[];
  /** Volumes the controller has attached, and those pods on the node still hold. */
  readonly volumesAttached?: readonly AttachedVolume[];
  readonly volumesInUse?: readonly string[];
  readonly daemonEndpoints?: { readonly kubeletEndpoint: { readonly Port: number } };
};

export type Node = KubeObject & { readonly spec?: NodeSpec; readonly status?: NodeStatus };

export type LeaseSpec = {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
};

export type Lease = KubeObject & { readonly spec?: LeaseSpec };
