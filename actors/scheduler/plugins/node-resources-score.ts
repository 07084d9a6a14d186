// How well a pod would fill a node, by one of three strategies: prefer empty nodes (LeastAllocated), prefer full ones
// (MostAllocated), or score by a curve over how full the node would be (RequestedToCapacityRatio). Formulas: integer
// arithmetic over the chosen resources as kubernetes.md §2.5 gives it.

import type { NodeScorer, ScorePlugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodShape } from '../pod-shape.ts';

export type WeightedResource = { readonly name: string; readonly weight: number };

export type ScoringStrategy = {
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
  readonly resources: readonly WeightedResource[];
  /** Of RequestedToCapacityRatio: utilization from 0 to 100 against a score from 0 to 10, rising in utilization. */
  readonly shape?: readonly { readonly utilization: number; readonly score: number }[];
};

export const cpuAndMemory: readonly WeightedResource[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

const name = 'NodeResourcesFit';
/** Points of a shape are given from 0 to 10. */
const scorePerPoint = 10;

/** What one resource is worth, from 0 to 100. */
type ResourceScore = (requested: number, offered: number) => number;

export function nodeResourcesScore({ type, resources, shape = [] }: ScoringStrategy): ScorePlugin {
  const score: ResourceScore =
    type === 'LeastAllocated'
      ? free
      : type === 'MostAllocated'
        ? used
        : (requested, offered) =>
            curve(shape, requested > offered || offered === 0 ? 100 : Math.floor((requested * 100) / offered));
  // On a curve a resource that scores nothing does not count at all, and the mean is rounded.
  const onCurve = type === 'RequestedToCapacityRatio';
  if (!onCurve && isCpuAndMemory(resources)) return { name, scope: 'node', preScore: (pod) => plain(pod, score) };
  return {
    name,
    scope: 'node',
    preScore(pod) {
      return (node) => {
        let sum = 0;
        let weights = 0;
        for (const { name: resource, weight } of resources) {
          const { requested, offered } = demandOf(resource, pod, node);
          if (offered === 0) continue;
          const points = score(requested, offered);
          if (onCurve && points <= 0) continue;
          sum += points * weight;
          weights += weight;
        }
        if (weights === 0) return 0;
        return onCurve ? Math.round(sum / weights) : Math.floor(sum / weights);
      };
    },
  };
}

/** The usual case, asked for every node and pod. */
function plain({ weighted }: PodShape, score: ResourceScore): NodeScorer {
  return (node) => {
    const { milliCpu, memoryBytes } = node.allocatable;
    let sum = 0;
    let weights = 0;
    if (milliCpu > 0) {
      sum += score(node.weightedMilliCpu + weighted.milliCpu, milliCpu);
      weights++;
    }
    if (memoryBytes > 0) {
      sum += score(node.weightedMemoryBytes + weighted.memoryBytes, memoryBytes);
      weights++;
    }
    return weights === 0 ? 0 : Math.floor(sum / weights);
  };
}

type Demand = { readonly requested: number; readonly offered: number };
const noDemand: Demand = { requested: 0, offered: 0 };

/** Nothing is offered where the resource does not count for this pod: an extended one that it does not ask for. */
function demandOf(resource: string, { requests, weighted }: PodShape, node: NodeInfo): Demand {
  const { allocatable } = node;
  if (resource === 'cpu')
    return { requested: node.weightedMilliCpu + weighted.milliCpu, offered: allocatable.milliCpu };
  if (resource === 'memory') {
    return { requested: node.weightedMemoryBytes + weighted.memoryBytes, offered: allocatable.memoryBytes };
  }
  if (resource === 'ephemeral-storage') {
    return { requested: node.ephemeralBytes + requests.ephemeralBytes, offered: allocatable.ephemeralBytes };
  }
  const asked = requests.others.get(resource) ?? 0;
  if (asked === 0) return noDemand;
  return { requested: (node.others.get(resource) ?? 0) + asked, offered: allocatable.others.get(resource) ?? 0 };
}

/** 0 where the node is full, 100 where it is empty. */
function free(requested: number, offered: number): number {
  return requested > offered ? 0 : Math.floor(((offered - requested) * 100) / offered);
}

/** Pods that ask for nothing count as if they did, so a node may seem more than full. */
function used(requested: number, offered: number): number {
  return Math.floor((Math.min(requested, offered) * 100) / offered);
}

function curve(shape: NonNullable<ScoringStrategy['shape']>, utilization: number): number {
  const [first] = shape;
  if (first === undefined) return 0;
  let below = first;
  for (const point of shape) {
    if (utilization <= point.utilization) {
      if (point === first) return first.score * scorePerPoint;
      const rise = (point.score - below.score) * scorePerPoint;
      return (
        below.score * scorePerPoint +
        Math.trunc((rise * (utilization - below.utilization)) / (point.utilization - below.utilization))
      );
    }
    below = point;
  }
  return below.score * scorePerPoint;
}

function isCpuAndMemory(resources: readonly WeightedResource[]): boolean {
  return resources.length === 2 && resources.every(({ name, weight }) => weight === 1 && /^(cpu|memory)$/.test(name));
}
