// What makes device classes, claims and claim templates invalid (KEP-4381), but for their expressions: those are compiled
// by whoever knows CEL. Slices are in device-slices.ts.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { nameProblem, qualifiedNameProblem } from '../registry/names.ts';
import type { Check, Rule } from './check.ts';
import {
  bindingConditions,
  deviceConfiguration,
  deviceToleration,
  few,
  fullAttributeName,
  poolName,
  requestName,
  selectors,
} from './device-parts.ts';
import { dnsLabel, dnsSubdomain, labels } from './formats.ts';
import { all, each, fields, immutable, type Json, oneOf, required, sameValue, unique } from './rules.ts';
import { nodeSelector } from './scheduling.ts';
import { driverName } from './volume-parts.ts';

const requestsMax = 32;
const alternativesMax = 8;
const constraintsMax = 32;
const configurationsMax = 32;
const consumersMax = 256;

type Asked = { readonly allocationMode?: string; readonly count?: number };
type Named = { readonly name?: string };
type Request = Named & { readonly exactly?: object | null; readonly firstAvailable?: readonly Named[] | null };

const exactRequest: Rule<Asked> = all<Asked>(
  fields({ deviceClassName: required(dnsSubdomain), selectors }),
  ({ allocationMode = '', count = 0 }, check) => {
    if (allocationMode === 'All') {
      if (count !== 0) check.invalid(count, "must not be specified when allocationMode is 'All'", '.count');
    } else if (allocationMode !== 'ExactCount') {
      check.notSupported(allocationMode, ['All', 'ExactCount'], '.allocationMode');
    } else if (count <= 0) check.invalid(count, 'must be greater than zero', '.count');
  },
  fields({ tolerations: each(deviceToleration) }),
);

const alternatives: Rule<readonly Named[]> = few<Named>(
  alternativesMax,
  each<Named>(all<Named>(fields({ name: requestName }), exactRequest as Rule<Named>)),
  unique<Named>(({ name }) => name),
);

const request: Rule<Request> = (value, check) => {
  requestNames(value, check);
  const [exact, choice] = [value.exactly != null, (value.firstAvailable ?? []).length > 0];
  const detail = 'exactly one of `exactly` or `firstAvailable` is required';
  if (exact && choice) check.invalid(null, `${detail}, but multiple fields are set`);
  else if (!exact && !choice) check.required(detail);
  else requestForm(value, check);
};
const requestNames: Rule<Request> = fields<Request>({ name: requestName });
const requestForm: Rule<Request> = fields<Request>({ exactly: exactRequest, firstAvailable: alternatives });

type Claim = { readonly requests?: readonly Request[] | null };
type Configured = Json & { readonly requests?: readonly string[] | null };
type Constraint = Configured & { readonly matchAttribute?: string; readonly distinctAttribute?: string };

/** Requests of a claim, and of each its alternatives. */
type Requests = ReadonlyMap<string, readonly string[]>;

function requestsOf({ requests }: Claim): Requests {
  return new Map(
    (requests ?? []).map(({ name = '', firstAvailable }) => [
      name,
      (firstAvailable ?? []).map((sub) => sub.name ?? ''),
    ]),
  );
}

function reference(name: string, requests: Requests, check: Check): void {
  const detail =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const [request = '', sub, more] = name.split('/');
  if (more !== undefined) check.invalid(name, detail);
  else {
    for (const segment of name.split('/')) dnsLabel(segment, check);
    const subs = requests.get(request);
    if (subs === undefined || (sub !== undefined && !subs.includes(sub))) check.invalid(name, detail);
  }
}

function references(names: readonly string[], requests: Requests, check: Check): void {
  check.enter('requests');
  few<string>(
    requestsMax,
    each<string>((name, inner) => reference(name, requests, inner)),
    unique<string>((name) => name),
  )(names, check);
  check.leave();
}

const claimDevices: Rule<Claim> = (claim, check) => {
  const requests = requestsOf(claim);
  claimRequests(claim, check);
  const { constraints, config } = claim as { constraints?: readonly Constraint[]; config?: readonly Configured[] };
  within(check, 'constraints', () =>
    few<Constraint>(
      constraintsMax,
      each<Constraint>((value, inner) => constraint(value, requests, inner)),
    )(constraints ?? [], check),
  );
  within(check, 'config', () =>
    few<Configured>(
      configurationsMax,
      each<Configured>((value, inner) => configuration(value, requests, inner)),
    )(config ?? [], check),
  );
};
const claimRequests: Rule<Claim> = fields<Claim>({
  requests: few<Request>(
    requestsMax,
    each(request),
    unique<Request>(({ name }) => name),
  ),
});

function constraint({ requests: names, ...value }: Constraint, requests: Requests, check: Check): void {
  references(names ?? [], requests, check);
  if (value.matchAttribute !== undefined)
    within(check, 'matchAttribute', () => fullAttributeName(value.matchAttribute ?? '', check));
  else if (value.distinctAttribute !== undefined)
    within(check, 'distinctAttribute', () => fullAttributeName(value.distinctAttribute ?? '', check));
  else {
    const detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
    check.required(detail);
  }
}

function configuration(value: Configured, requests: Requests, check: Check): void {
  references(value.requests ?? [], requests, check);
  deviceConfiguration(value, check);
}

export const claimSpec: Rule<Json> = fields({ devices: claimDevices });

/** A claim is what it was created as; only its status moves. */
export const resourceClaim: Rule<AnyObject> = (object, check, before) => {
  (check.updating ? unchangedSpec : newClaim)(object, check, before);
};
const newClaim: Rule<AnyObject> = fields<AnyObject>({ spec: claimSpec });
const unchangedSpec: Rule<AnyObject> = fields<AnyObject>({ spec: immutable });

export const resourceClaimTemplate: Rule<AnyObject> = (object, check, before) => {
  (check.updating ? unchangedSpec : newTemplate)(object, check, before);
};
const newTemplate: Rule<AnyObject> = fields<AnyObject>({
  spec: fields({ metadata: fields({ labels }), spec: claimSpec }),
});

export const deviceClass: Rule = fields({
  spec: fields({
    selectors,
    config: few<Json>(configurationsMax, each(deviceConfiguration)),
    extendedResourceName: (name: string, check) => {
      const native = !name.includes('/') || name.includes('kubernetes.io/');
      const extended = !native && !name.startsWith('requests.');
      if (!extended || qualifiedNameProblem(`requests.${name}`) !== undefined)
        check.invalid(name, 'must be a valid extended resource name');
    },
  }),
});

type Consumer = { readonly uid?: string };
type Device = { readonly driver?: string; readonly pool?: string; readonly device?: string; readonly shareID?: string };
type Allocation = { readonly devices?: { readonly results?: readonly Device[] | null } };
type ClaimStatus = {
  readonly reservedFor?: readonly Consumer[] | null;
  readonly allocation?: Allocation | null;
  readonly devices?: readonly Device[] | null;
};

export const resourceClaimStatus: Rule<AnyObject> = (next, check, before) => {
  const [is, was] = [(next.status ?? {}) as ClaimStatus, (before?.status ?? {}) as ClaimStatus];
  check.enter('status');
  consumers(is, check);
  const allocated = new Set((is.allocation?.devices?.results ?? []).map(deviceId));
  deviceStatuses(is.devices ?? [], allocated, check);
  const reserved = is.reservedFor ?? [];
  if (reserved.length > 0 && is.allocation == null) {
    check.forbidden('may not be specified when `allocated` is not set', '.reservedFor');
  } else if (next.metadata.deletionTimestamp !== undefined) {
    const known = (was.reservedFor ?? []).map(({ uid }) => uid);
    const detail = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
    if (reserved.some(({ uid }) => !known.includes(uid))) check.forbidden(detail, '.reservedFor');
  }
  if (is.allocation != null) {
    within(check, 'allocation', () => {
      if (was.allocation == null) newAllocation(is.allocation as Json, next, check);
      else if (!sameValue(is.allocation, was.allocation)) check.invalid(is.allocation, 'field is immutable');
    });
  }
  check.leave();
};

const consumers: Rule<ClaimStatus> = fields<ClaimStatus>({
  reservedFor: few<Consumer>(
    consumersMax,
    each(fields({ resource: required(), name: required(), uid: required() })),
    unique<Consumer>(({ uid }) => uid),
  ),
});

function deviceId({ driver, pool, device, shareID = '' }: Device): string {
  return `${driver}/${pool}/${device}${shareID === '' ? '' : `/${shareID}`}`;
}

function deviceStatuses(devices: readonly Device[], allocated: ReadonlySet<string>, check: Check): void {
  for (const [index, device] of devices.entries()) {
    check.enter('devices');
    check.enter(index);
    deviceNames(device, check);
    if (!allocated.has(deviceId(device))) check.invalid(deviceId(device), 'must be an allocated device in the claim');
    if (devices.findIndex((other) => deviceId(other) === deviceId(device)) < index) check.duplicate(deviceId(device));
    check.leave();
    check.leave();
  }
}

const deviceNames: Rule<object> = fields({
  driver: required(driverName),
  pool: poolName,
  device: required(dnsLabel),
});

function newAllocation(allocation: Json, claim: AnyObject, check: Check): void {
  const requests = requestsOf(((claim.spec ?? {}) as { devices?: Claim }).devices ?? {});
  const result: Rule<Device & { request?: string }> = (value, inner) => {
    within(inner, 'request', () => reference(value.request ?? '', requests, inner));
    deviceNames(value, inner);
    bindingConditions(value as object, inner);
  };
  const config: Rule<Configured> = (value, inner) => {
    source(value, inner);
    configuration(value, requests, inner);
  };
  fields({
    devices: fields({
      results: few<Device>(requestsMax, each(result as Rule<Device>)),
      config: few<Configured>(2 * configurationsMax, each(config)),
    }),
    nodeSelector,
  })(allocation, check);
}

const source: Rule<Json> = fields({ source: required(oneOf('FromClaim', 'FromClass')) });

function within(check: Check, field: string, rule: () => void): void {
  check.enter(field);
  rule();
  check.leave();
}

export const nodeName: Rule<string> = (value, check) => {
  const problem = nameProblem(value, 'subdomain');
  if (problem !== undefined) check.invalid(value, problem);
};
