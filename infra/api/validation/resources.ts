// What makes amounts of resources invalid: names of resources, requests against limits, huge pages. Which names there are
// depends on who asks: a container, a pod as a whole, a quota, a limit range.

import {
  canonicalQuantity,
  compareQuantity,
  type Quantity,
  quantityOf,
  wholeValue,
} from '../../../streams/resources/quantity.ts';
import { qualifiedNameProblem } from '../registry/names.ts';
import type { Check, Rule } from './check.ts';
import { dnsLabel, nonNegativeQuantity } from './formats.ts';

export type ResourceList = Readonly<Record<string, string>>;
type ResourceClaim = { readonly name?: string; readonly request?: string };
export type Requirements = {
  readonly limits?: ResourceList;
  readonly requests?: ResourceList;
  readonly claims?: readonly ResourceClaim[];
};

const compute = ['cpu', 'memory', 'ephemeral-storage'];
const counted = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const quotaNames = new Set([
  ...compute,
  ...compute.map((name) => `requests.${name}`),
  ...compute.map((name) => `limits.${name}`),
  'requests.storage',
  ...counted,
]);
const standardNames = new Set([...quotaNames, 'storage']);
const countedNames = new Set(counted);
const hugePages = 'hugepages-';

export function isHugePages(name: string): boolean {
  return name.startsWith(hugePages);
}

export function isQuotaName(name: string): boolean {
  return quotaNames.has(name) || isHugePages(name) || name.startsWith(`requests.${hugePages}`);
}

/** Kubernetes' own resources: without a domain, or below kubernetes.io. */
function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

function isExtended(name: string): boolean {
  return !isNative(name) && !name.startsWith('requests.') && qualifiedNameProblem(`requests.${name}`) === undefined;
}

/** May be asked for less than its limit. */
export function allowsOvercommit(name: string): boolean {
  return isNative(name) && !isHugePages(name);
}

/** The rules for a resource's name; each tells problems at the current path. */
export const resourceName: Rule<string> = (name, check) => {
  const problem = qualifiedNameProblem(name);
  if (problem !== undefined) check.invalid(name, problem);
  else if (!name.includes('/') && !standardNames.has(name) && !isHugePages(name) && !isQuotaName(name))
    check.invalid(name, 'must be a standard resource type or fully qualified');
};

export const containerResourceName: Rule<string> = (name, check) => {
  if (name === 'cpu' || name === 'memory') return;
  resourceName(name, check);
  if (!name.includes('/')) {
    if (!compute.includes(name) && !isHugePages(name))
      check.invalid(name, 'must be a standard resource for containers');
  } else if (!isNative(name) && !isExtended(name)) {
    check.invalid(name, "doesn't follow extended resource name standard");
  }
};

const podResourceName: Rule<string> = (name, check) => {
  const count = check.count;
  resourceName(name, check);
  if (check.count === count && name !== 'cpu' && name !== 'memory' && !isHugePages(name))
    check.notSupported(name, ['cpu', 'memory']);
};

export const quotaResourceName: Rule<string> = (name, check) => {
  resourceName(name, check);
  if (!name.includes('/') && !isQuotaName(name)) check.invalid(name, 'must be a standard resource for quota');
};

/** An amount of the resource: not negative, and whole where it counts things. */
export function resourceAmount(name: string, amount: string, check: Check): void {
  nonNegativeQuantity(amount, check);
  if (!countedNames.has(name) && !isExtended(name)) return;
  const quantity = amountOf(amount);
  if (quantity !== undefined && quantity.nano % 1_000_000_000n !== 0n) check.invalid(amount, 'must be an integer');
}

/** A map of amounts, each name checked by `nameRule`. */
export function resourceList(nameRule: Rule<string>): Rule<ResourceList> {
  return (list, check) => {
    for (const name in list) {
      check.enterKey(name);
      nameRule(name, check);
      resourceAmount(name, list[name] ?? '', check);
      check.leave();
    }
  };
}

export const containerResources: Rule<Requirements> = requirements(containerResourceName);
export const podResources: Rule<Requirements> = requirements(podResourceName);
export const overhead: Rule<ResourceList> = (limits, check) => containerResources({ limits }, check);

function requirements(nameRule: Rule<string>): Rule<Requirements> {
  return ({ limits, requests }, check) => {
    let [huge, ordinary] = [false, false];
    for (const list of ['limits', 'requests'] as const) {
      const amounts = list === 'limits' ? limits : requests;
      for (const name in amounts) {
        const amount = amounts[name] ?? '';
        check.enter(list);
        check.enterKey(name);
        nameRule(name, check);
        resourceAmount(name, amount, check);
        if (isHugePages(name)) hugePagesAmount(name, amount, check);
        check.leave();
        check.leave();
        if (list === 'requests') belowLimit(name, { amount, limit: ownValue(limits, name) }, check);
        if (name === 'cpu' || name === 'memory') ordinary = true;
        else if (isHugePages(name)) huge = true;
      }
    }
    if (huge && !ordinary) check.forbidden('HugePages require cpu or memory');
  };
}

function belowLimit(
  name: string,
  { amount, limit }: { amount: string; limit: string | undefined },
  check: Check,
): void {
  if (limit === undefined) {
    if (!allowsOvercommit(name)) check.required('Limit must be set for non overcommitable resources', '.limits');
    return;
  }
  if (limit === amount || (allowsOvercommit(name) && plainlyBelow(amount, limit))) return;
  const [asked, allowed] = [amountOf(amount), amountOf(limit)];
  if (asked === undefined || allowed === undefined) return;
  const order = compareQuantity(asked, allowed);
  if (order !== 0 && !allowsOvercommit(name))
    check.invalid(amount, `must be equal to ${name} limit of ${limit}`, '.requests');
  else if (order > 0) check.invalid(amount, `must be less than or equal to ${name} limit of ${limit}`, '.requests');
}

const digitsMax = 15;

/** Whether two whole numbers of the same unit are in order, read without a parser: nearly all amounts are such. */
function plainlyBelow(amount: string, limit: string): boolean {
  const [a, b] = [digits(amount), digits(limit)];
  if (a === 0 || b === 0 || a > digitsMax || b > digitsMax) return false;
  if (amount.length - a !== limit.length - b || !amount.endsWith(limit.slice(b))) return false;
  // A fraction has no place here: its digits would be taken for the unit.
  return amount.charCodeAt(a) !== 46 && Number(amount.slice(0, a)) <= Number(limit.slice(0, b));
}

function digits(text: string): number {
  let count = 0;
  while (count < text.length && text.charCodeAt(count) >= 48 && text.charCodeAt(count) <= 57) count++;
  return count;
}

function hugePagesAmount(name: string, amount: string, check: Check): void {
  const [page, quantity] = [amountOf(name.slice(hugePages.length)), amountOf(amount)];
  if (quantity === undefined) return;
  const whole = page !== undefined && page.nano > 0n && page.nano % 1_000_000_000n === 0n;
  if (!whole || BigInt(wholeValue(quantity)) % BigInt(wholeValue(page)) !== 0n)
    check.invalid(amount, `${amount} is not positive integer multiple of ${name}`);
}

/** Claims of a container name entries of the pod's resourceClaims. */
export function claimNames(claims: readonly ResourceClaim[], ofPod: readonly string[], check: Check): void {
  const names = new Set<string>();
  for (const [i, { name = '', request = '' }] of claims.entries()) {
    if (name === '') check.required('', `[${i}]`);
    else {
      if (request !== '') {
        check.enter(i);
        check.enter('request');
        dnsLabel(request, check);
        check.leave();
        check.leave();
      }
      const key = request === '' ? name : `${name}/${request}`;
      const whole = request === '' && [...names].some((other) => other.startsWith(`${name}/`));
      if (names.has(name)) check.duplicate(name, `[${i}]`);
      else if (names.has(key) || whole) check.duplicate(key, `[${i}]`);
      names.add(key);
    }
    if (ofPod.includes(name)) continue;
    const list = ofPod.length === 0 ? ' which is empty' : `: ${[...ofPod].sort().join(', ')}`;
    const detail = `must be one of the names in pod.spec.resourceClaims${list}`;
    check.add([{ type: 'NotFound', field: check.pathOf(`[${i}]`), value: name, detail }]);
  }
}

export function amountOf(text: string): Quantity | undefined {
  return canonicalQuantity(text) === undefined ? undefined : quantityOf(text);
}

export function ownValue(list: ResourceList | undefined, name: string): string | undefined {
  return list !== undefined && Object.hasOwn(list, name) ? list[name] : undefined;
}
