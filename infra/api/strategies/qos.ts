// Quality of service class: Guaranteed where every container's cpu and memory limits equal its requests, BestEffort
// where none asks for anything, Burstable otherwise. What is given to a pod as a whole counts instead of its containers'.

import type { PodSpec } from '../../../streams/resources/pod.ts';

export function qosClass(spec: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  let guaranteed = true;
  let bestEffort = true;
  const asking = spec.resources ? [spec] : [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const { resources } of asking) {
    for (const resource of ['cpu', 'memory']) {
      const limit = asked(resources?.limits?.[resource]);
      const request = asked(resources?.requests?.[resource] ?? resources?.limits?.[resource]);
      if (request !== undefined || limit !== undefined) bestEffort = false;
      if (limit === undefined || request !== limit) guaranteed = false;
    }
  }
  return bestEffort ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable';
}

/** Asking for nothing is not asking. */
function asked(quantity: string | undefined): string | undefined {
  return quantity === '0' ? undefined : quantity;
}
