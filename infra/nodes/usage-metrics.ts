// What autoscalers are told of the pods' use of processors and memory: the same amounts that metrics.k8s.io serves,
// without the way through HTTP.

import {
  type MetricsReader,
  noOtherMetrics,
  type PodResourceUsage,
  type Read,
} from '../../actors/controllers/hpa/metrics.ts';
import { matchesRequirements } from '../../streams/resources/labels.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { PodUsage, UsageReader } from './usage.ts';

export function usageMetrics({
  world,
  usage,
}: {
  readonly world: ObjectReader;
  readonly usage: UsageReader;
}): MetricsReader {
  return {
    ...noOtherMetrics,
    resource({ namespace, selector }): Read<readonly PodResourceUsage[]> {
      const pods = world
        .list<Pod>(resources.pods, { namespace })
        .filter(({ metadata }) => matchesRequirements(selector, metadata.labels));
      const value = pods.flatMap((pod) => {
        const used = usage.usageOfPod(pod);
        return used === undefined ? [] : [inThousandths(used)];
      });
      if (value.length === 0) return { kind: 'failed', message: 'no metrics returned from resource metrics API' };
      return { kind: 'read', value };
    },
  };
}

function inThousandths({ name, timestampMs, windowMs, containers }: PodUsage): PodResourceUsage {
  return {
    name,
    timestampMs,
    windowMs,
    containers: containers.map(({ name, cpuNanocores, memoryBytes }) => ({
      name,
      usage: { cpu: Math.ceil(cpuNanocores / 1e6), memory: memoryBytes * 1_000 },
    })),
  };
}
