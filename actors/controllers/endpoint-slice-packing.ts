// Packs a service's endpoints into slices so that little changes: an endpoint stays where it is, a new one goes where
// something changes anyhow, and only what finds no room gets a slice of its own.

import type { EndpointPort, EndpointSlice, SliceEndpoint } from '../../streams/resources/service.ts';
import { sameJson } from '../kit/same-json.ts';
import { unhinted } from './endpoint-slice-allocation.ts';

/** Endpoints a slice holds. */
export const endpointsPerSliceMax = 100;

export type Wanted = {
  readonly ports: readonly EndpointPort[];
  /** By identity of the pod. */
  readonly endpoints: ReadonlyMap<string, SliceEndpoint>;
  /** An endpoint that differs in nothing but its hints stays as it is. */
  readonly keepsHints?: boolean;
};

export type Packing = {
  /** New contents of slices that change. */
  readonly changed: ReadonlyMap<EndpointSlice, readonly SliceEndpoint[]>;
  /** Slices with nothing left in them. */
  readonly emptied: readonly EndpointSlice[];
  /** Contents of slices to be made. */
  readonly added: readonly (readonly SliceEndpoint[])[];
};

/** `slices` are those with the wanted ports. */
export function pack(slices: readonly EndpointSlice[], { endpoints, keepsHints = false }: Wanted): Packing {
  const left = new Map(endpoints);
  const contents = new Map<EndpointSlice, SliceEndpoint[]>();
  const touched = new Set<EndpointSlice>();
  for (const slice of slices) {
    const kept: SliceEndpoint[] = [];
    for (const endpoint of slice.endpoints ?? []) {
      const id = identityOf(endpoint);
      const wanted = left.get(id);
      if (wanted === undefined || kept.length >= endpointsPerSliceMax) continue;
      left.delete(id);
      if (sameJson(wanted, keepsHints ? unhinted(endpoint) : endpoint)) kept.push(endpoint);
      else {
        kept.push(wanted);
        touched.add(slice);
      }
    }
    if (kept.length !== (slice.endpoints?.length ?? 0)) touched.add(slice);
    contents.set(slice, kept);
  }
  const newcomers = [...left.values()];
  const byNeed = [...slices].sort((a, b) => Number(touched.has(b)) - Number(touched.has(a)));
  for (const slice of byNeed) {
    if (newcomers.length === 0) break;
    const content = contents.get(slice) ?? [];
    const room = endpointsPerSliceMax - content.length;
    // A slice that would stay as it is is only touched where it takes in all that is left.
    if (room <= 0 || (!touched.has(slice) && room < newcomers.length)) continue;
    content.push(...newcomers.splice(0, room));
    touched.add(slice);
  }
  const added: SliceEndpoint[][] = [];
  while (newcomers.length > 0) added.push(newcomers.splice(0, endpointsPerSliceMax));
  return {
    changed: new Map([...contents].filter(([slice, content]) => touched.has(slice) && content.length > 0)),
    emptied: slices.filter((slice) => (contents.get(slice)?.length ?? 0) === 0),
    added,
  };
}

export function identityOf({ targetRef, addresses }: SliceEndpoint): string {
  return targetRef?.uid ?? addresses[0] ?? '';
}
