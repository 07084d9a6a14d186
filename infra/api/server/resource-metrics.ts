// metrics.k8s.io: what nodes and pods use of processors and memory at this moment, in metrics-server's form and words.
// `kubectl top` and autoscalers elsewhere read it.

import type { AnyObject, KubeObject } from '../../../streams/resources/meta.ts';
import { timestamp } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Node } from '../../../streams/resources/node.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { formatQuantity } from '../../../streams/resources/quantity.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { Measured, Usage, UsageReader } from '../../nodes/usage.ts';
import { notFound } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import type { ComputedObjects } from './computed-objects.ts';

export type UsagePorts = { readonly view: ObjectReader; readonly usage: UsageReader };

export const metricsGroup = 'metrics.k8s.io';

/** Answers of a process that runs no nodes. */
export const noUsage: UsageReader = { usageOf: () => undefined, usageOfPod: () => undefined };

export function resourceMetrics({ resource }: Pick<Kind, 'resource'>, ports: UsagePorts): ComputedObjects {
  return resource === 'nodes' ? nodeMetrics(ports) : podMetrics(ports);
}

function nodeMetrics({ view, usage }: UsagePorts): ComputedObjects {
  const metricsOf = (node: Node): AnyObject | undefined => {
    const measured = usage.usageOf(node.metadata.name);
    return measured && measuredObject('NodeMetrics', { of: node, measured, more: { usage: amounts(measured.usage) } });
  };
  return {
    get(_, name) {
      const node = view.get<Node>(resources.nodes, { name });
      if (node === undefined) throw notFound({ ...resources.nodes, kind: 'Node' }, name);
      const found = metricsOf(node);
      if (found === undefined) throw notFound(missing('NodeMetrics'), name);
      return found;
    },
    *all(_, isChosen) {
      for (const node of view.list<Node>(resources.nodes)) {
        const found = isChosen(node) ? metricsOf(node) : undefined;
        if (found !== undefined) yield found;
      }
    },
  };
}

function podMetrics({ view, usage }: UsagePorts): ComputedObjects {
  const metricsOf = (pod: Pod): AnyObject | undefined => {
    const measured = usage.usageOfPod(pod);
    if (measured === undefined) return undefined;
    const containers = measured.containers.map((container) => ({ name: container.name, usage: amounts(container) }));
    return measuredObject('PodMetrics', { of: pod, measured, more: { containers } });
  };
  return {
    get(namespace, name) {
      const pod = view.get<Pod>(resources.pods, { namespace, name });
      if (pod === undefined) throw notFound({ ...resources.pods, kind: 'Pod' }, name);
      const found = metricsOf(pod);
      if (found === undefined) throw notFound(missing('PodMetrics'), `${namespace}/${name}`);
      return found;
    },
    *all(namespace, isChosen) {
      for (const pod of view.list<Pod>(resources.pods, namespace === '' ? {} : { namespace })) {
        const found = isChosen(pod) ? metricsOf(pod) : undefined;
        if (found !== undefined) yield found;
      }
    },
  };
}

/** As metrics-server names what it knows nothing of. */
function missing(kind: 'NodeMetrics' | 'PodMetrics') {
  return { group: metricsGroup, resource: kind.toLowerCase(), kind };
}

function measuredObject(
  kind: 'NodeMetrics' | 'PodMetrics',
  { of, measured, more }: { readonly of: KubeObject; readonly measured: Measured; readonly more: object },
): AnyObject {
  const { name, namespace, labels } = of.metadata;
  const time = timestamp(measured.timestampMs);
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    creationTimestamp: time,
    ...(labels !== undefined && { labels }),
  } as AnyObject['metadata'];
  const apiVersion = `${metricsGroup}/v1beta1`;
  return { kind, apiVersion, metadata, timestamp: time, window: `${measured.windowMs / 1_000}s`, ...more };
}

function amounts({ cpuNanocores, memoryBytes }: Usage): { readonly cpu: string; readonly memory: string } {
  return {
    cpu: formatQuantity({ nano: BigInt(Math.round(cpuNanocores)), format: 'decimal' }),
    memory: formatQuantity({ nano: BigInt(Math.round(memoryBytes)) * 1_000_000_000n, format: 'binary' }),
  };
}
