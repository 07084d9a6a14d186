// Dynamic resources (KEP-4381): classes, claims and their templates, and the slices drivers publish.

import { type AnyObject, timestamp } from '../../../streams/resources/meta.ts';
import type { Rule } from '../validation/check.ts';
import { resourceSlice } from '../validation/device-slices.ts';
import { deviceClass, resourceClaim, resourceClaimStatus, resourceClaimTemplate } from '../validation/devices.ts';
import { at, checked, checkedUpdate, inTurn, type Particulars } from './checked.ts';
import { fill } from './fill.ts';

type Json = Readonly<Record<string, unknown>>;

/** One device unless another number, or all of them, is asked for. */
function counted(request: Json): object {
  const { allocationMode = 'ExactCount', count } = fill(request, { allocationMode: 'ExactCount' }) as Json;
  if (allocationMode === 'ExactCount' && (count === undefined || count === 0))
    return { ...request, allocationMode, count: 1 };
  return request.allocationMode === allocationMode ? request : { ...request, allocationMode };
}

function claimDefaults(spec: string): (object: AnyObject) => AnyObject {
  return inTurn(
    at(`${spec}.devices.requests.*.exactly`, counted),
    at(`${spec}.devices.requests.*.firstAvailable.*`, counted),
  );
}

/** A taint is dated by the server where the driver did not. */
function datedTaints(object: AnyObject, nowMs: number): AnyObject {
  const timeAdded = timestamp(nowMs);
  return at('spec.devices.*.taints.*', (taint) => fill(taint, { timeAdded }))(object);
}

function driverWarnings({ spec }: AnyObject): readonly string[] {
  const { driver = '' } = (spec ?? {}) as { readonly driver?: string };
  if (driver === driver.toLowerCase()) return [];
  return [`spec.driver: driver names should be lowercase; ${JSON.stringify(driver)} contains uppercase characters`];
}

type Device = { readonly driver?: string; readonly pool?: string; readonly device?: string; readonly shareID?: string };
type ClaimStatus = {
  readonly allocation?: { readonly devices?: { readonly results?: readonly Device[] } };
  readonly devices?: readonly Device[];
};

/** What is told about a device goes with its allocation. */
function withoutDeallocated(next: AnyObject, before: AnyObject): AnyObject {
  const [is, was] = [(next.status ?? {}) as ClaimStatus, (before.status ?? {}) as ClaimStatus];
  if (is.devices === undefined) return next;
  const idOf = ({ driver, pool, device, shareID }: Device) => JSON.stringify([driver, pool, device, shareID]);
  const gone = new Set((was.allocation?.devices?.results ?? []).map(idOf));
  for (const result of is.allocation?.devices?.results ?? []) gone.delete(idOf(result));
  const { devices, ...rest } = is;
  const left = devices.filter((device) => !gone.has(idOf(device)));
  if (left.length === devices.length) return next;
  return { ...next, status: left.length === 0 ? rest : { ...rest, devices: left } } as AnyObject;
}

export const deviceStrategies: Readonly<Record<string, Particulars>> = {
  'deviceclasses.resource.k8s.io': { generation: true, deleteReturnsObject: true, ...checked(deviceClass) },
  'resourceclaims.resource.k8s.io': {
    deleteReturnsObject: true,
    status: true,
    statusKeepsMetadata: true,
    defaults: claimDefaults('spec'),
    prepareCreate: (object) => ({ ...object, status: {} }) as AnyObject,
    subresources: {
      status: { ...checkedUpdate(resourceClaimStatus as Rule), prepareUpdate: withoutDeallocated },
    },
    ...checked(resourceClaim as Rule),
  },
  'resourceclaimtemplates.resource.k8s.io': {
    deleteReturnsObject: true,
    defaults: claimDefaults('spec.spec'),
    ...checked(resourceClaimTemplate as Rule),
  },
  'resourceslices.resource.k8s.io': {
    generation: true,
    deleteReturnsObject: true,
    prepareCreate: (object, { nowMs }) => datedTaints(object, nowMs),
    prepareUpdate: (next, _before, { nowMs }) => datedTaints(next, nowMs),
    warnings: driverWarnings,
    ...checked(resourceSlice as Rule),
  },
};
