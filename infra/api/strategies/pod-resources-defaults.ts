// Defaults of a pod's resources as a whole: what its containers ask for together, or else its own limits.

import type { PodSpec, Quantities } from '../../../streams/resources/pod.ts';
import { formatQuantity } from '../../../streams/resources/quantity.ts';
import { aggregate } from '../validation/pod-resources.ts';
import { allowsOvercommit, isHugePages } from '../validation/resources.ts';

export function defaultPodResources(spec: PodSpec): PodSpec {
  const { resources } = spec;
  if (resources === undefined || resources === null) return spec;
  const limits = hugePagesLimits(spec, resources);
  const requests = requestsOf(spec, { ...resources, ...(limits && { limits }) });
  if (limits === resources.limits && requests === resources.requests) return spec;
  return { ...spec, resources: { ...resources, ...(limits && { limits }), ...(requests && { requests }) } };
}

type Resources = NonNullable<PodSpec['resources']>;

function supported(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePages(name);
}

function hugePagesLimits(spec: PodSpec, { limits, requests }: Resources): Quantities | undefined {
  if (isEmpty(limits) && isEmpty(requests)) return limits;
  const added: Record<string, string> = {};
  for (const [name, sum] of aggregate(spec as never, 'limits'))
    if (isHugePages(name) && requests?.[name] === undefined && limits?.[name] === undefined)
      added[name] = formatQuantity(sum);
  return isEmpty(added) ? limits : { ...limits, ...added };
}

function requestsOf(spec: PodSpec, { limits, requests }: Resources): Quantities | undefined {
  if (isEmpty(limits)) return requests;
  const added: Record<string, string> = {};
  const missing = (name: string) => requests?.[name] === undefined && added[name] === undefined && supported(name);
  for (const [name, sum] of aggregate(spec as never, 'requests'))
    if (missing(name) && allowsOvercommit(name)) added[name] = formatQuantity(sum);
  for (const name in limits) if (missing(name)) added[name] = limits[name] ?? '';
  return isEmpty(added) ? requests : { ...requests, ...added };
}

function isEmpty(list: Quantities | undefined): boolean {
  return list === undefined || list === null || Object.keys(list).length === 0;
}
