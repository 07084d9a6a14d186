// Every plugin that comes with the scheduler, by the name KubeSchedulerConfiguration calls it: at which points it works,
// what its arguments are, and where it stands in the default profile. Source: kubernetes.md §2.2.

import { type SpreadDefaults, systemDefaults } from './default-spreading.ts';
import type { SelectsDevice } from './devices/allocate.ts';
import type { Plugin } from './framework.ts';
import { type DefaultPreemptionArgs, defaultPreemptionWith } from './plugins/default-preemption.ts';
import { dynamicResourcesWith } from './plugins/dynamic-resources.ts';
import { imageLocality } from './plugins/image-locality.ts';
import {
  type InterPodAffinityArgs,
  interPodAffinityFilter,
  interPodAffinityScoreWith,
} from './plugins/inter-pod-affinity.ts';
import { type NodeAffinity, nodeAffinityFilterWith, nodeAffinityScoreWith } from './plugins/node-affinity.ts';
import { nodeName } from './plugins/node-name.ts';
import { nodePorts } from './plugins/node-ports.ts';
import { nodeResourcesBalancedAllocationOf } from './plugins/node-resources-balanced-allocation.ts';
import { nodeResourcesFitFilterWith } from './plugins/node-resources-fit.ts';
import { cpuAndMemory, nodeResourcesScore, type ScoringStrategy } from './plugins/node-resources-score.ts';
import { nodeUnschedulable } from './plugins/node-unschedulable.ts';
import { nodeVolumeLimits } from './plugins/node-volume-limits.ts';
import { podTopologySpreadFilterWith, podTopologySpreadScoreWith } from './plugins/pod-topology-spread.ts';
import { prioritySort } from './plugins/priority-sort.ts';
import { schedulingGates } from './plugins/scheduling-gates.ts';
import { taintTolerationFilter, taintTolerationScore } from './plugins/taint-toleration.ts';
import { volumeBinding } from './plugins/volume-binding.ts';
import { volumeRestrictions } from './plugins/volume-restrictions.ts';
import { volumeZone } from './plugins/volume-zone.ts';

/** As written in the configuration; read with care. */
export type PluginArgs = Readonly<Record<string, unknown>>;

export type PluginEntry = {
  readonly name: string;
  /** Of its scores, in the default profile. */
  readonly weight: number;
  make(args: PluginArgs, ports: PluginPorts): Plugin;
};

/** What plugins need of the outside. */
export type PluginPorts = {
  /** Evaluates the CEL expressions that select devices. */
  readonly selectsDevice: SelectsDevice;
};

/** In the order of the default profile. */
export const pluginTable: readonly PluginEntry[] = [
  plain('SchedulingGates', { preEnqueue: schedulingGates }),
  plain('PrioritySort', { queueSort: prioritySort }),
  plain('NodeUnschedulable', { filter: nodeUnschedulable }),
  plain('NodeName', { filter: nodeName }),
  plain('TaintToleration', { filter: taintTolerationFilter, score: taintTolerationScore }, 3),
  {
    name: 'NodeAffinity',
    weight: 2,
    make({ addedAffinity }) {
      const added = addedAffinity as NodeAffinity | undefined;
      return { name: 'NodeAffinity', filter: nodeAffinityFilterWith(added), score: nodeAffinityScoreWith(added) };
    },
  },
  plain('NodePorts', { filter: nodePorts }),
  { name: 'NodeResourcesFit', weight: 1, make: fit },
  plain('VolumeRestrictions', { filter: volumeRestrictions }),
  plain('NodeVolumeLimits', { filter: nodeVolumeLimits }),
  plain('VolumeBinding', { filter: volumeBinding, reserve: volumeBinding, preBind: volumeBinding }),
  plain('VolumeZone', { filter: volumeZone }),
  { name: 'PodTopologySpread', weight: 2, make: spread },
  {
    name: 'InterPodAffinity',
    weight: 2,
    make: (args) => ({
      name: 'InterPodAffinity',
      filter: interPodAffinityFilter,
      score: interPodAffinityScoreWith({
        hardPodAffinityWeight: 1,
        ignorePreferredTermsOfExistingPods: false,
        ...(args as Partial<InterPodAffinityArgs>),
      }),
    }),
  },
  { name: 'DynamicResources', weight: 2, make: (_, { selectsDevice }) => dynamicResourcesWith(selectsDevice) },
  {
    name: 'DefaultPreemption',
    weight: 1,
    make: (args) => ({
      name: 'DefaultPreemption',
      postFilter: defaultPreemptionWith(args as Partial<DefaultPreemptionArgs>),
    }),
  },
  {
    name: 'NodeResourcesBalancedAllocation',
    weight: 1,
    make: ({ resources = cpuAndMemory }) => ({
      name: 'NodeResourcesBalancedAllocation',
      score: nodeResourcesBalancedAllocationOf(resources as typeof cpuAndMemory),
    }),
  },
  plain('ImageLocality', { score: imageLocality }),
  // Binding is the scheduler's own work; the name may be written down all the same.
  plain('DefaultBinder', {}),
];

function plain(name: string, points: Omit<Plugin, 'name'>, weight = 1): PluginEntry {
  return { name, weight, make: () => ({ name, ...points }) };
}

function fit({ ignoredResources = [], ignoredResourceGroups = [], scoringStrategy }: PluginArgs): Plugin {
  const {
    type = 'LeastAllocated',
    resources = cpuAndMemory,
    requestedToCapacityRatio,
  } = (scoringStrategy ?? {}) as Partial<ScoringStrategy> & {
    readonly requestedToCapacityRatio?: Pick<ScoringStrategy, 'shape'>;
  };
  const weighted = resources.map(({ name, weight = 1 }) => ({ name, weight }));
  return {
    name: 'NodeResourcesFit',
    filter: nodeResourcesFitFilterWith({
      resources: ignoredResources as readonly string[],
      groups: ignoredResourceGroups as readonly string[],
    }),
    score: nodeResourcesScore({ type, resources: weighted, shape: requestedToCapacityRatio?.shape ?? [] }),
  };
}

function spread({ defaultingType = 'System', defaultConstraints = [] }: PluginArgs): Plugin {
  const defaults =
    defaultingType === 'List'
      ? { constraints: defaultConstraints as SpreadDefaults['constraints'], system: false }
      : systemDefaults;
  return {
    name: 'PodTopologySpread',
    filter: podTopologySpreadFilterWith(defaults),
    score: podTopologySpreadScoreWith(defaults),
  };
}
