// Deals a service's endpoints out to zones (`service.kubernetes.io/topology-mode: Auto`): each zone gets about as large a
// part of them as it has of the CPUs, most of them its own, and none so few that it would be overloaded by more than a
// fifth. What need not change stays as it is. Source: upstream's topologycache (AddHints).

import type { EndpointSlice, SliceEndpoint } from '../../streams/resources/service.ts';
import type { ZoneShares } from './endpoint-slice-zones.ts';

/** The slices of one address family as they are about to be written. */
export type Contents = {
  /** What is new or changes anyhow. */
  readonly fresh: readonly (readonly SliceEndpoint[])[];
  /** Slices that are right but for their hints. */
  readonly kept: readonly EndpointSlice[];
};

export type Dealt = {
  /** `fresh`, in the same order. */
  readonly fresh: readonly (readonly SliceEndpoint[])[];
  /** Of those that were right the ones that change for their hints. */
  readonly changed: ReadonlyMap<EndpointSlice, readonly SliceEndpoint[]>;
  /** Why there are no hints. */
  readonly problem?: string;
};

const overloadMax = 0.2;

type Allocation = { readonly minimum: number; readonly maximum: number; readonly desired: number };
type Allocations = ReadonlyMap<string, Allocation>;
type Counts = Map<string, number>;

export function dealtOut({ fresh, kept }: Contents, shares: ZoneShares | undefined): Dealt {
  const count = [...fresh, ...kept.map(endpointsOf)].flat().filter(isReady).length;
  const allocations = allocationsOf(shares, count);
  if (typeof allocations === 'string') return { ...withoutHints({ fresh, kept }), problem: allocations };
  const { counts, wrong } = keptHints(kept, allocations);
  const open = [...fresh, ...wrong.map(endpointsOf)];
  if (open.flat().some((endpoint) => isReady(endpoint) && (endpoint.zone ?? '') === ''))
    return { ...withoutHints({ fresh, kept }), problem: 'One or more endpoints do not have a zone specified' };
  for (const { zone = '' } of open.flat().filter(isReady)) add(counts, zone, 1);
  const exchange = exchangeOf(allocations, counts);
  const dealt = open.map((endpoints) => endpoints.map((endpoint) => hinted(endpoint, exchange)));
  if (counts.size === 0) return { ...withoutHints({ fresh, kept }), problem: 'No hints allocated for zones' };
  return {
    fresh: dealt.slice(0, fresh.length),
    changed: new Map(wrong.map((slice, i) => [slice, dealt[fresh.length + i] ?? []])),
  };
}

export function withoutHints({ fresh, kept }: Contents): Dealt {
  const hintedOnes = kept.filter((slice) => endpointsOf(slice).some(({ hints }) => hints !== undefined));
  return {
    fresh: fresh.map((endpoints) => endpoints.map(unhinted)),
    changed: new Map(hintedOnes.map((slice) => [slice, endpointsOf(slice).map(unhinted)])),
  };
}

export function unhinted({ hints: _, ...endpoint }: SliceEndpoint): SliceEndpoint {
  return endpoint;
}

/** How many endpoints each zone ought to have, or why that can not be said. */
function allocationsOf(shares: ZoneShares | undefined, count: number): Allocations | string {
  if (shares === undefined)
    return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const of = `(${count} endpoints, ${shares.size} zones)`;
  if (shares.size > count) return `Insufficient number of endpoints ${of}`;
  const wanted = Array.from(shares, ([zone, share]) => {
    const desired = share * count;
    const minimum = Math.ceil(desired * (1 / (1 + overloadMax)));
    return { zone, minimum, desired: Math.max(desired, minimum) };
  });
  const spare = count - wanted.reduce((sum, { minimum }) => sum + minimum, 0);
  if (spare < 0)
    return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${of}`;
  return new Map(wanted.map(({ zone, minimum, desired }) => [zone, { minimum, desired, maximum: minimum + spare }]));
}

/** What slices that are right give each zone, and the slices whose hints can not stay. */
function keptHints(
  kept: readonly EndpointSlice[],
  allocations: Allocations,
): { counts: Counts; wrong: EndpointSlice[] } {
  const counts: Counts = new Map();
  const wrong: EndpointSlice[] = [];
  for (const slice of kept) {
    const own: Counts = new Map();
    const ready = endpointsOf(slice).filter(isReady);
    for (const { name } of ready.flatMap(({ hints }) => hints?.forZones ?? [])) add(own, name, 1);
    const stays =
      ready.every(({ hints }) => (hints?.forZones ?? []).length > 0) &&
      [...own].every(([zone, count]) => count + (counts.get(zone) ?? 0) <= (allocations.get(zone)?.maximum ?? -1));
    if (!stays) wrong.push(slice);
    else for (const [zone, count] of own) add(counts, zone, count);
  }
  return { counts, wrong };
}

type Exchange = { readonly giving: Counts; readonly receiving: Counts };

/** How many endpoints zones that have too many give to zones that have too few. */
function exchangeOf(allocations: Allocations, counts: Counts): Exchange {
  const [surplus, lack]: [Counts, Counts] = [new Map(), new Map()];
  for (const [zone, { desired }] of allocations) {
    const more = (counts.get(zone) ?? 0) - desired;
    if (more > 0) surplus.set(zone, more);
    else if (more < 0) lack.set(zone, -more);
  }
  const [giving, receiving]: [Counts, Counts] = [new Map(), new Map()];
  for (;;) {
    const [from, to] = [most(surplus), most(lack)];
    if (from === undefined || to === undefined) break;
    if ((from.count < 1 && to.count < 1) || from.count < 0.5 || to.count < 0.5) break;
    add(giving, from.zone, 1);
    add(surplus, from.zone, -1);
    add(receiving, to.zone, 1);
    add(lack, to.zone, -1);
  }
  return { giving, receiving };
}

/** The endpoint for its own zone, or for another one that its zone gives it to. */
function hinted(endpoint: SliceEndpoint, { giving, receiving }: Exchange): SliceEndpoint {
  if (!isReady(endpoint)) return unhinted(endpoint);
  const { zone = '' } = endpoint;
  let name = zone;
  const to = (giving.get(zone) ?? 0) > 0 ? [...receiving].find(([, count]) => count > 0)?.[0] : undefined;
  if (to !== undefined) {
    add(giving, zone, -1);
    add(receiving, to, -1);
    name = to;
  }
  return { ...endpoint, hints: { forZones: [{ name }] } };
}

/** The first of those with the most. */
function most(counts: Counts): { readonly zone: string; readonly count: number } | undefined {
  let found: { zone: string; count: number } | undefined;
  for (const [zone, count] of counts) if (count > (found?.count ?? 0)) found = { zone, count };
  return found;
}

function add(counts: Counts, zone: string, by: number): void {
  counts.set(zone, (counts.get(zone) ?? 0) + by);
}

function isReady({ conditions }: SliceEndpoint): boolean {
  return conditions?.ready === true;
}

function endpointsOf({ endpoints }: EndpointSlice): readonly SliceEndpoint[] {
  return endpoints ?? [];
}
