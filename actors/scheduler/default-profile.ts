// The plugins of kube-scheduler's default profile, in its order and with its weights (kubernetes.md §2.2), as far as
// what they look at exists here: resource claims do not.

import type { Profile } from './framework.ts';
import { defaultPreemption } from './plugins/default-preemption.ts';
import { dynamicResources } from './plugins/dynamic-resources.ts';
import { imageLocality } from './plugins/image-locality.ts';
import { interPodAffinityFilter, interPodAffinityScore } from './plugins/inter-pod-affinity.ts';
import { nodeAffinityFilter, nodeAffinityScore } from './plugins/node-affinity.ts';
import { nodeName } from './plugins/node-name.ts';
import { nodePorts } from './plugins/node-ports.ts';
import { nodeResourcesBalancedAllocation } from './plugins/node-resources-balanced-allocation.ts';
import { leastAllocated, nodeResourcesFitFilter } from './plugins/node-resources-fit.ts';
import { nodeUnschedulable } from './plugins/node-unschedulable.ts';
import { nodeVolumeLimits } from './plugins/node-volume-limits.ts';
import { podTopologySpreadFilter, podTopologySpreadScore } from './plugins/pod-topology-spread.ts';
import { prioritySort } from './plugins/priority-sort.ts';
import { schedulingGates } from './plugins/scheduling-gates.ts';
import { taintTolerationFilter, taintTolerationScore } from './plugins/taint-toleration.ts';
import { volumeBinding } from './plugins/volume-binding.ts';
import { volumeRestrictions } from './plugins/volume-restrictions.ts';
import { volumeZone } from './plugins/volume-zone.ts';
import { defaultSchedulerName } from './pod-shape.ts';

export const defaultProfile: Profile = {
  schedulerName: defaultSchedulerName,
  preEnqueue: [schedulingGates],
  queueSort: prioritySort,
  filters: [
    nodeUnschedulable,
    nodeName,
    taintTolerationFilter,
    nodeAffinityFilter,
    nodePorts,
    nodeResourcesFitFilter,
    volumeRestrictions,
    nodeVolumeLimits,
    volumeBinding,
    volumeZone,
    podTopologySpreadFilter,
    interPodAffinityFilter,
  ],
  postFilters: [dynamicResources, defaultPreemption],
  reserves: [volumeBinding],
  preBinds: [volumeBinding],
  scores: [
    { plugin: taintTolerationScore, weight: 3 },
    { plugin: nodeAffinityScore, weight: 2 },
    { plugin: leastAllocated, weight: 1 },
    { plugin: podTopologySpreadScore, weight: 2 },
    { plugin: interPodAffinityScore, weight: 2 },
    { plugin: nodeResourcesBalancedAllocation, weight: 1 },
    { plugin: imageLocality, weight: 1 },
  ],
  percentageOfNodesToScore: 0,
};
