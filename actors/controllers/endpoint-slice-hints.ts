// From where a service wishes its endpoints to be used: from near (`spec.trafficDistribution`), or from zones by their
// size (`service.kubernetes.io/topology-mode: Auto`), which then holds alone.

import type { Service, SliceEndpoint } from '../../streams/resources/service.ts';

/** Wishes for near traffic; the first is what the second was called before. */
const near: ReadonlySet<string> = new Set(['PreferClose', 'PreferSameZone', 'PreferSameNode']);

/** Whether zones are dealt endpoints by their size. The annotation's old name goes first. */
export function dealsOutZones({ metadata: { annotations = {} } }: Pick<Service, 'metadata'>): boolean {
  const mode =
    annotations['service.kubernetes.io/topology-aware-hints'] ?? annotations['service.kubernetes.io/topology-mode'];
  return mode === 'Auto' || mode === 'auto';
}

/** Endpoints that are ready say from where they are near, if the service wants its traffic to stay near. */
export function nearHints(
  service: Service,
  { zone, nodeName }: { readonly zone: string | undefined; readonly nodeName: string },
): Pick<SliceEndpoint, 'hints'> | undefined {
  const { trafficDistribution = '' } = service.spec;
  if (!near.has(trafficDistribution) || dealsOutZones(service)) return undefined;
  const forZones = zone === undefined ? undefined : { forZones: [{ name: zone }] };
  const onNode = trafficDistribution === 'PreferSameNode' && nodeName !== '';
  const forNodes = onNode ? { forNodes: [{ name: nodeName }] } : undefined;
  return forZones === undefined && forNodes === undefined ? undefined : { hints: { ...forZones, ...forNodes } };
}
