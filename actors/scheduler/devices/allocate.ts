// Finds devices for all requests of all claims of a pod at once, or says that there are none: devices are tried in order,
// a choice that leads nowhere is taken back. Invariant: a device is given once, unless by admin access; constraints hold
// over all devices of the requests they name.

import type {
  Allocation,
  DeviceClaimSpec,
  DeviceClass,
  DeviceDemand,
  DeviceResult,
  DeviceSelector,
} from '../../../streams/resources/device.ts';
import type { NodeSelectorTerm } from '../../../streams/resources/pod.ts';
import type { FoundDevice } from './node-devices.ts';

/** Whether a device is as a CEL expression says; undefined where the expression cannot be evaluated on it. */
export type SelectsDevice = (expression: string, found: FoundDevice) => boolean | undefined;

export type ClaimToAllocate = { readonly uid: string; readonly devices: DeviceClaimSpec };

export type AllocateInput = {
  readonly claims: readonly ClaimToAllocate[];
  readonly devices: readonly FoundDevice[];
  /** Devices somebody has already. */
  readonly taken: ReadonlySet<string>;
  readonly classOf: (name: string) => DeviceClass | undefined;
  readonly selects: SelectsDevice;
};

/** Choices tried for one node, at most: a search that has no end finds nothing. */
const stepsMax = 20_000;

type Choice = {
  readonly claim: string;
  readonly request: string;
  readonly demand: DeviceDemand;
  readonly found: FoundDevice;
};
type Need = {
  readonly claim: ClaimToAllocate;
  readonly request: string;
  readonly demands: readonly (DeviceDemand & { readonly request: string })[];
};

/** One allocation for each claim, in their order; undefined where not all of them can be met. */
export function allocate(input: AllocateInput): readonly Allocation[] | undefined {
  const needs = input.claims.flatMap((claim) =>
    (claim.devices.requests ?? []).map(({ name, exactly, firstAvailable = [] }): Need => {
      const demands =
        exactly === undefined
          ? firstAvailable.map((demand) => ({ ...demand, request: `${name}/${demand.name ?? ''}` }))
          : [{ ...exactly, request: name }];
      return { claim, request: name, demands };
    }),
  );
  const search = new Search(input);
  return search.meet(needs, 0) ? input.claims.map((claim) => allocationOf(claim, search.chosen, input)) : undefined;
}

class Search {
  readonly chosen: Choice[] = [];
  readonly #input: AllocateInput;
  readonly #used = new Set<string>();
  readonly #suited = new Map<string, readonly FoundDevice[]>();
  #steps = 0;

  constructor(input: AllocateInput) {
    this.#input = input;
  }

  meet(needs: readonly Need[], at: number): boolean {
    const need = needs[at];
    if (need === undefined) return true;
    for (const demand of need.demands) {
      const suited = this.#suitedTo(need, demand);
      const all = demand.allocationMode === 'All';
      // All of them means that none may be somebody else's.
      if (all && (suited.length === 0 || suited.some((found) => !this.#isFree(found, demand)))) continue;
      const count = all ? suited.length : (demand.count ?? 1);
      if (this.#choose({ need, demand, suited, count, from: 0 }, () => this.meet(needs, at + 1))) return true;
    }
    return false;
  }

  /** Chooses `count` more of the suited devices and goes on; takes the choice back where that leads nowhere. */
  #choose(open: Open, next: () => boolean): boolean {
    const { need, demand, suited, count, from } = open;
    if (count === 0) return next();
    for (let i = from; i < suited.length; i++) {
      const found = suited[i];
      if (found === undefined || ++this.#steps > stepsMax) return false;
      if (!this.#isFree(found, demand)) continue;
      const choice: Choice = { claim: need.claim.uid, request: demand.request, demand, found };
      if (!this.#keepsConstraints(need, choice)) continue;
      this.chosen.push(choice);
      if (demand.adminAccess !== true) this.#used.add(found.id);
      if (this.#choose({ ...open, count: count - 1, from: i + 1 }, next)) return true;
      this.chosen.pop();
      if (demand.adminAccess !== true) this.#used.delete(found.id);
    }
    return false;
  }

  #isFree({ id }: FoundDevice, { adminAccess }: DeviceDemand): boolean {
    return adminAccess === true || !(this.#used.has(id) || this.#input.taken.has(id));
  }

  #suitedTo({ claim, request }: Need, demand: DeviceDemand & { readonly request: string }): readonly FoundDevice[] {
    const key = `${claim.uid} ${request} ${demand.request}`;
    let suited = this.#suited.get(key);
    if (suited === undefined) {
      const { devices, classOf, selects } = this.#input;
      const deviceClass = classOf(demand.deviceClassName);
      const selectors = [...(deviceClass?.spec.selectors ?? []), ...(demand.selectors ?? [])];
      suited =
        deviceClass === undefined
          ? []
          : devices.filter((found) => selectedBy(selectors, found, selects) && toleratesAll(demand, found));
      this.#suited.set(key, suited);
    }
    return suited;
  }

  #keepsConstraints({ claim }: Need, choice: Choice): boolean {
    for (const { requests = [], matchAttribute } of claim.devices.constraints ?? []) {
      if (matchAttribute === undefined || !isOf(requests, choice.request)) continue;
      const value = attributeOf(choice.found, matchAttribute);
      if (value === undefined) return false;
      for (const other of this.chosen) {
        if (other.claim !== claim.uid || !isOf(requests, other.request)) continue;
        if (attributeOf(other.found, matchAttribute) !== value) return false;
      }
    }
    return true;
  }
}

type Open = {
  readonly need: Need;
  readonly demand: DeviceDemand & { readonly request: string };
  readonly suited: readonly FoundDevice[];
  readonly count: number;
  readonly from: number;
};

/** No names mean every request; a request's name means its alternatives too. */
function isOf(requests: readonly string[], request: string): boolean {
  return requests.length === 0 || requests.some((name) => request === name || request.startsWith(`${name}/`));
}

function selectedBy(selectors: readonly DeviceSelector[], found: FoundDevice, selects: SelectsDevice): boolean {
  return selectors.every(({ cel }) => cel === undefined || selects(cel.expression, found) === true);
}

function toleratesAll({ tolerations = [] }: DeviceDemand, { device }: FoundDevice): boolean {
  return (device.taints ?? []).every(
    (taint) =>
      taint.effect === 'None' ||
      tolerations.some(({ key = '', operator = 'Equal', value = '', effect = '' }) => {
        if ((effect !== '' && effect !== taint.effect) || (key !== '' && key !== taint.key)) return false;
        return operator === 'Exists' || value === (taint.value ?? '');
      }),
  );
}

/** A name without a domain is the driver's. */
function attributeOf({ device, driver }: FoundDevice, name: string): string | undefined {
  const { attributes = {} } = device;
  const own = name.startsWith(`${driver}/`) ? name.slice(driver.length + 1) : name;
  const attribute = attributes[name] ?? attributes[own];
  return attribute === undefined ? undefined : JSON.stringify(attribute);
}

function allocationOf({ uid, devices }: ClaimToAllocate, chosen: readonly Choice[], input: AllocateInput): Allocation {
  const own = chosen.filter(({ claim }) => claim === uid);
  const results = own.map(
    ({ request, demand, found }): DeviceResult => ({
      request,
      driver: found.driver,
      pool: found.pool,
      device: found.device.name,
      ...(demand.adminAccess === true && { adminAccess: true }),
      ...(demand.tolerations !== undefined && { tolerations: demand.tolerations }),
    }),
  );
  const ofClasses = [...new Map(own.map(({ request, demand }) => [request, demand.deviceClassName]))].flatMap(
    ([request, name]) =>
      (input.classOf(name)?.spec.config ?? []).map((config) => ({
        source: 'FromClass',
        requests: [request],
        ...config,
      })),
  );
  const config = [...ofClasses, ...(devices.config ?? []).map((of) => ({ source: 'FromClaim', ...of }))];
  const reach = own.flatMap(({ found }) => (found.reach === undefined ? [] : [found.reach]));
  const nodeSelectorTerms = together(reach);
  return {
    devices: { results, ...(config.length > 0 && { config }) },
    ...(nodeSelectorTerms && { nodeSelector: { nodeSelectorTerms } }),
  };
}

/** Terms are alternatives: nodes must match one of each list. Lists of one term are joined, as drivers write them. */
function together(lists: readonly (readonly NodeSelectorTerm[])[]): readonly NodeSelectorTerm[] | undefined {
  const different = [...new Map(lists.map((terms) => [JSON.stringify(terms), terms])).values()];
  return different.reduce<readonly NodeSelectorTerm[] | undefined>((all, terms) => {
    if (all === undefined) return terms;
    return all.flatMap((a) =>
      terms.map((b) => ({
        ...joined('matchExpressions', a, b),
        ...joined('matchFields', a, b),
      })),
    );
  }, undefined);
}

function joined(field: 'matchExpressions' | 'matchFields', a: NodeSelectorTerm, b: NodeSelectorTerm) {
  const all = [...(a[field] ?? []), ...(b[field] ?? [])];
  return all.length === 0 ? {} : { [field]: all };
}
