// What `kubectl explain` says of metrics.k8s.io, which the package with Kubernetes' own texts does not know.

type Texts = { readonly type: string; readonly fields: Readonly<Record<string, string>> };

const measured = {
  timestamp: 'The end of the interval that was measured.',
  window: 'How long the measured interval is.',
};
const usage = 'CPU and memory that were used: the mean of the window for CPU, the working set for memory.';

/** By OpenAPI name, from `v1beta1` on; kind, apiVersion and metadata are explained as everywhere. */
export const metricsTexts: Readonly<Record<string, Texts>> = {
  NodeMetrics: { type: 'What one node uses.', fields: { ...measured, usage } },
  PodMetrics: {
    type: 'What the containers of one pod use.',
    fields: { ...measured, containers: 'What each of the running containers uses in that interval.' },
  },
  ContainerMetrics: {
    type: 'What one container uses.',
    fields: { name: 'The name of the container, as the pod has it.', usage },
  },
};
