// Prefers nodes whose resources would be used to a similar degree, so that none of them strands the others.

import type { ScorePlugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodShape } from '../pod-shape.ts';
import { cpuAndMemory, type WeightedResource } from './node-resources-score.ts';

const name = 'NodeResourcesBalancedAllocation';

export function nodeResourcesBalancedAllocationOf(resources: readonly WeightedResource[]): ScorePlugin {
  const names = resources.map((resource) => resource.name);
  return {
    name,
    scope: 'node',
    preScore(pod) {
      // A pod that asks for nothing cannot shift a balance.
      if (names.every((resource) => askedOf(resource, pod) === 0)) return undefined;
      return (node) => {
        const shares: number[] = [];
        for (const resource of names) {
          const offered = offeredOf(resource, node);
          const asked = askedOf(resource, pod);
          if (offered === 0 || (asked === 0 && !usual.has(resource))) continue;
          shares.push(Math.min(1, (takenOf(resource, node) + asked) / offered));
        }
        return Math.floor((1 - deviation(shares)) * 100);
      };
    },
  };
}

export const nodeResourcesBalancedAllocation = nodeResourcesBalancedAllocationOf(cpuAndMemory);

const usual: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

function deviation(shares: readonly number[]): number {
  const [first = 0, second = 0] = shares;
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs((first - second) / 2);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}

function askedOf(resource: string, { requests }: PodShape): number {
  return amountOf(resource, requests);
}

function offeredOf(resource: string, { allocatable }: NodeInfo): number {
  return amountOf(resource, allocatable);
}

function takenOf(resource: string, node: NodeInfo): number {
  return amountOf(resource, node);
}

function amountOf(resource: string, { milliCpu, memoryBytes, ephemeralBytes, others }: PodShape['requests']): number {
  if (resource === 'cpu') return milliCpu;
  if (resource === 'memory') return memoryBytes;
  return resource === 'ephemeral-storage' ? ephemeralBytes : (others.get(resource) ?? 0);
}
