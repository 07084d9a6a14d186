// Nodes and pods of the shapes that Kubernetes' own scheduler benchmark uses: nodes of 4 CPUs, 32 GiB and 110 pods, pods
// that ask for 100 m and 500 MiB.

import type { Draft } from '../../streams/resources/meta.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod, PodSpec } from '../../streams/resources/pod.ts';

export const namespace = 'bench';

export function aNode(index: number): Draft<Node> {
  const name = `scheduler-perf-${index}`;
  const capacity = { cpu: '4', memory: '32Gi', pods: '110' };
  const zone = `zone${(index % 3) + 1}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone } },
    status: {
      capacity,
      allocatable: capacity,
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
    },
  } as Draft<Node>;
}

export type PodShape = (index: number) => Draft<Pod>;

const basicRequests = { cpu: '100m', memory: '500Mi' };

/** A pod in few words; `asks` replaces the usual request. */
function pod(
  prefix: string,
  { labels, asks = basicRequests, ...spec }: Partial<PodSpec> & { labels?: Record<string, string>; asks?: object } = {},
): PodShape {
  return (index) =>
    ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${prefix}-${index}`, namespace, ...(labels && { labels }) },
      spec: {
        containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10', resources: { requests: asks } }],
        ...spec,
      },
    }) as Draft<Pod>;
}

const color = { matchLabels: { color: 'blue' } };
const green = { matchLabels: { color: 'green' } };

export const shapes = {
  basic: (prefix: string) => pod(prefix),
  spread: (prefix: string) =>
    pod(prefix, {
      labels: { color: 'blue' },
      topologySpreadConstraints: [
        {
          maxSkew: 5,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: color,
        },
      ],
    }),
  antiAffinity: (prefix: string) =>
    pod(prefix, {
      labels: { color: 'green', name: 'test' },
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: green, namespaces: [namespace, 'sched-0'] },
          ],
        },
      },
    }),
  lowPriority: (prefix: string) =>
    pod(prefix, { asks: { cpu: '900m', memory: '500Mi' }, terminationGracePeriodSeconds: 0 }),
  highPriority: (prefix: string) =>
    pod(prefix, { asks: { cpu: '3000m', memory: '500Mi' }, priority: 10, priorityClassName: 'high' } as never),
} as const;
