// Prefers nodes whose cpu and memory would be used to a similar degree, so that neither strands the other.

import type { ScorePlugin } from '../framework.ts';

export const nodeResourcesBalancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  scope: 'node',
  preScore({ requests }) {
    // A pod that asks for nothing cannot shift a balance.
    if (requests.milliCpu === 0 && requests.memoryBytes === 0) return undefined;
    return (node) => {
      const { milliCpu, memoryBytes } = node.allocatable;
      if (milliCpu === 0 || memoryBytes === 0) return 100;
      const cpu = Math.min(1, (node.milliCpu + requests.milliCpu) / milliCpu);
      const memory = Math.min(1, (node.memoryBytes + requests.memoryBytes) / memoryBytes);
      return Math.floor((1 - Math.abs((cpu - memory) / 2)) * 100);
    };
  },
};
