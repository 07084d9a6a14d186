// How fast a zone's nodes may lose their pods. When many nodes of a zone fail at once it is more likely that the zone
// is cut off than that they all died, so evicting slows down or stops.

import type { Node } from '../../streams/resources/node.ts';
import { readyStatus } from './node-health.ts';
import { isHealthTaint } from './node-taints.ts';

export type EvictionRates = {
  /** Nodes per second. */
  readonly normal: number;
  /** Where most of a large zone is not ready. */
  readonly disrupted: number;
  /** Zones up to this many nodes are not evicted from at all while most of them are not ready. */
  readonly smallZoneMax: number;
  /** Part of a zone's nodes that must be not ready for it to count as disrupted. */
  readonly disruptedFrom: number;
};

export type Eviction =
  | { readonly kind: 'allowed' }
  /** Look again after this long (ms). */
  | { readonly kind: 'later'; readonly ms: number }
  /** No zone has a ready node: nothing is evicted, and what was begun is taken back. */
  | { readonly kind: 'stopped' };

/** Whether the node's pods may be driven away now. */
export function evictionOf(
  node: Node,
  nodes: readonly Node[],
  { rates, nowMs, retryMs }: { rates: EvictionRates; nowMs: number; retryMs: number },
): Eviction {
  if (!nodes.some((other) => readyStatus(other) === 'True')) return { kind: 'stopped' };
  const zone = zoneOf(node);
  const members = nodes.filter((other) => zoneOf(other) === zone);
  const rate = rateOf(members, rates);
  if (rate === 0) return { kind: 'later', ms: retryMs };
  const lastMs = Math.max(0, ...members.map(evictedSinceMs));
  const waitMs = lastMs + 1000 / rate - nowMs;
  return waitMs > 0 ? { kind: 'later', ms: waitMs } : { kind: 'allowed' };
}

function rateOf(members: readonly Node[], { normal, disrupted, smallZoneMax, disruptedFrom }: EvictionRates): number {
  const notReady = members.filter((member) => readyStatus(member) !== 'True').length;
  // A zone without a single ready node is evicted from at the normal rate, since other zones are well.
  if (notReady === members.length || notReady <= 2 || notReady / members.length < disruptedFrom) return normal;
  return members.length > smallZoneMax ? disrupted : 0;
}

/** When the node was last told to lose its pods; 0 where it was not. */
function evictedSinceMs({ spec }: Node): number {
  let ms = 0;
  for (const taint of spec?.taints ?? []) {
    if (isHealthTaint(taint)) ms = Math.max(ms, Date.parse(taint.timeAdded ?? '') || 0);
  }
  return ms;
}

function zoneOf({ metadata: { labels = {} } }: Node): string {
  return `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`;
}
