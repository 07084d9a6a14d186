// Which IP families a service has: one or two, as it asks and as the cluster's networks allow (KEP-563). A service that
// says nothing has the cluster's first family alone; headless ones without a selector may have both anywhere.

import { type Family, parseAddress } from '../../../streams/resources/ip-address.ts';
import type { ServiceSpec } from '../../../streams/resources/service.ts';
import type { Problems } from './problems.ts';

export type FamilySpec = ServiceSpec & { readonly ipFamilyPolicy?: string };

const single = 'SingleStack';
const required = 'RequireDualStack';
const preferred = 'PreferDualStack';

/** The spec with policy and families filled in; problems are added to the list. `configured`: the default one first. */
export function withFamilies(
  spec: FamilySpec,
  {
    before,
    configured,
    problems,
  }: { readonly before: FamilySpec | undefined; readonly configured: readonly Family[]; readonly problems: Problems },
): FamilySpec {
  if (before !== undefined && keepsBoth(spec, before)) return spec;
  const headless = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  const policy = spec.ipFamilyPolicy ?? before?.ipFamilyPolicy ?? (headless ? required : single);
  const named = reduced({ ...spec, ipFamilyPolicy: policy }, { before, problems });
  const families = inferred(named, { configured, problems });
  if (problems.found) return named;
  const chosen = families.length > 0 ? families : configured.slice(0, 1);
  const second = other(chosen[0] ?? 'IPv4');
  const wantsBoth = policy !== single && chosen.length === 1;
  if (headless) return { ...named, ipFamilies: wantsBoth ? [...chosen, second] : chosen };
  if (policy === required && configured.length < 2) {
    problems.invalid('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services');
  }
  for (const [index, family] of chosen.entries()) {
    if (configured.includes(family)) continue;
    problems.invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster');
  }
  return { ...named, ipFamilies: wantsBoth && configured.length === 2 ? [...chosen, second] : chosen };
}

/** A service that prefers two families is neither given the second nor robbed of it by an unrelated change. */
function keepsBoth(spec: FamilySpec, before: FamilySpec): boolean {
  if (spec.type === 'ExternalName' || spec.type !== before.type) return false;
  if (spec.ipFamilyPolicy !== preferred || (before.ipFamilyPolicy ?? preferred) !== preferred) return false;
  return sameList(spec.clusterIPs, before.clusterIPs) && sameList(spec.ipFamilies, before.ipFamilies);
}

/** Going back to one family gives up the second; giving it up otherwise is a mistake. */
function reduced(
  spec: FamilySpec,
  { before, problems }: { readonly before: FamilySpec | undefined; readonly problems: Problems },
): FamilySpec {
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  let next = spec;
  if (before !== undefined && ipFamilyPolicy === single) {
    if (clusterIPs.length > 1 && sameList(clusterIPs, before.clusterIPs)) {
      next = { ...next, clusterIPs: clusterIPs.slice(0, 1) };
    }
    if (ipFamilies.length > 1 && sameList(ipFamilies, before.ipFamilies)) {
      next = { ...next, ipFamilies: ipFamilies.slice(0, 1) };
    }
  } else if (before !== undefined) {
    const fewer = (now: number, was: number) => now > 0 && now < was;
    const release = (what: string) => `must be 'SingleStack' to release the secondary ${what}`;
    if (fewer(clusterIPs.length, before.clusterIPs?.length ?? 0)) {
      problems.invalid('spec.ipFamilyPolicy', ipFamilyPolicy, release('cluster IP'));
    }
    if (fewer(ipFamilies.length, before.ipFamilies?.length ?? 0)) {
      problems.invalid('spec.ipFamilyPolicy', ipFamilyPolicy, release('IP family'));
    }
  }
  const several = (what: string) =>
    `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
  if (ipFamilyPolicy === single && next.clusterIPs?.length === 2) {
    problems.invalid('spec.ipFamilyPolicy', single, several('cluster IPs'));
  }
  if (ipFamilyPolicy === single && next.ipFamilies?.length === 2) {
    problems.invalid('spec.ipFamilyPolicy', single, several('IP families'));
  }
  return next;
}

/** An address says which family it is of. */
function inferred(
  { clusterIPs = [], ipFamilies = [] }: FamilySpec,
  { configured, problems }: { readonly configured: readonly Family[]; readonly problems: Problems },
): readonly Family[] {
  const families: Family[] = [...ipFamilies];
  for (const [index, ip] of clusterIPs.entries()) {
    const family = ip === 'None' ? undefined : parseAddress(ip)?.family;
    if (family === undefined) break;
    if (index < families.length) continue;
    if (configured.includes(family)) families.push(family);
    else problems.invalid(`spec.clusterIPs[${index}]`, clusterIPs, `${family} is not configured on this cluster`);
  }
  return families;
}

function other(family: Family): Family {
  return family === 'IPv4' ? 'IPv6' : 'IPv4';
}

function sameList(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
