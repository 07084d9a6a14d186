// resource.k8s.io/v1: devices as drivers publish them (ResourceSlice), classes of them (DeviceClass), and how a claim's
// requests and its allocation are written (KEP-4381), as far as scheduling looks into them.

import type { KubeObject } from './meta.ts';
import type { NodeSelectorTerm } from './pod.ts';

export type DeviceAttribute = {
  readonly string?: string;
  readonly int?: number;
  readonly bool?: boolean;
  readonly version?: string;
};

export type Device = {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, DeviceAttribute>>;
  readonly capacity?: Readonly<Record<string, { readonly value: string }>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly nodeName?: string;
  readonly allNodes?: boolean;
  readonly nodeSelector?: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] };
};

export type ResourceSlice = KubeObject & {
  readonly spec: {
    readonly driver: string;
    readonly pool: { readonly name: string; readonly generation: number; readonly resourceSliceCount: number };
    readonly nodeName?: string;
    readonly allNodes?: boolean;
    readonly nodeSelector?: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] };
    readonly perDeviceNodeSelection?: boolean;
    readonly devices?: readonly Device[];
  };
};

export type DeviceSelector = { readonly cel?: { readonly expression: string } };
export type DeviceToleration = {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
};

export type DeviceClass = KubeObject & {
  readonly spec: {
    readonly selectors?: readonly DeviceSelector[];
    readonly config?: readonly { readonly opaque?: unknown }[];
  };
};

/** One way to meet a request: what stands under `exactly`, or one of `firstAvailable`. */
export type DeviceDemand = {
  readonly name?: string;
  readonly deviceClassName: string;
  readonly selectors?: readonly DeviceSelector[];
  readonly allocationMode?: 'ExactCount' | 'All';
  readonly count?: number;
  readonly adminAccess?: boolean;
  readonly tolerations?: readonly DeviceToleration[];
};

export type DeviceClaimSpec = {
  readonly requests?: readonly {
    readonly name: string;
    readonly exactly?: DeviceDemand;
    readonly firstAvailable?: readonly DeviceDemand[];
  }[];
  readonly constraints?: readonly { readonly requests?: readonly string[]; readonly matchAttribute?: string }[];
  readonly config?: readonly { readonly requests?: readonly string[]; readonly opaque?: unknown }[];
};

export type DeviceResult = {
  readonly request: string;
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
  readonly adminAccess?: boolean;
  readonly tolerations?: readonly DeviceToleration[];
};

export type Allocation = {
  readonly devices?: { readonly results?: readonly DeviceResult[]; readonly config?: readonly unknown[] };
  readonly nodeSelector?: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] };
};
