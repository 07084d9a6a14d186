// Whether one rule allows one request, and whether one set of rules covers another: RBAC's arithmetic, upstream's to the
// letter. `*` stands for all; `*/scale` for that subresource of everything; a path ending in `*` for all it begins.

import type { PolicyRule } from '../../../../streams/resources/rbac.ts';
import type { Attributes } from '../authorize.ts';

/** Of the cluster's administrators: everything. */
export const fullAuthority: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

export function ruleAllows(rule: PolicyRule, asked: Attributes): boolean {
  if (!matches(rule.verbs ?? none, asked.verb)) return false;
  if (!asked.isResourceRequest) return matchesPath(rule.nonResourceURLs ?? none, asked.path);
  return (
    matches(rule.apiGroups ?? none, asked.group) &&
    matchesResource(rule.resources ?? none, asked) &&
    isOrIncludes(rule.resourceNames ?? none, asked.name)
  );
}

/** The rights of `wanted` that `held` does not give, each with one verb, one resource, one name. */
export function missingRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap((rule) => [...brokenDown(rule)]).filter((right) => !held.some((rule) => covers(rule, right)));
}

/** Rights to one resource joined, each the list of its verbs: how they are told to people. */
export function compacted(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const joined = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const { verbs, ...rest } = rule;
    const id = JSON.stringify(rule.nonResourceURLs === undefined ? rest : rule);
    const known = joined.get(id);
    joined.set(id, known === undefined ? rule : { ...rest, verbs: [...known.verbs, ...verbs] });
  }
  return [...joined.values()];
}

/** `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}` */
export function ruleText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ] as const;
  const told = parts.filter(([, values]) => values !== undefined && values.length > 0);
  return `{${told.map(([name, values]) => `${name}:${quoted(values ?? none)}`).join(', ')}}`;
}

/** As Go prints a list of quoted texts: `["a" "b"]`. */
export function quoted(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

const none: readonly string[] = [];

function matches(values: readonly string[], asked: string): boolean {
  for (const value of values) if (value === '*' || value === asked) return true;
  return false;
}

function matchesResource(resources: readonly string[], { resource, subresource }: Attributes): boolean {
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  for (const value of resources) {
    if (value === '*' || value === whole) return true;
    if (subresource !== '' && value.length === subresource.length + 2 && value === `*/${subresource}`) return true;
  }
  return false;
}

function matchesPath(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => pathCovers(pattern, path));
}

function pathCovers(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, ''));
}

/** An empty list of names means every name. */
function isOrIncludes(names: readonly string[], name: string): boolean {
  return names.length === 0 || names.includes(name);
}

/** The rule with every list there: a role is looked at before anybody has checked what its author sent. */
function whole(rule: PolicyRule): Required<PolicyRule> {
  return {
    verbs: rule.verbs ?? none,
    apiGroups: rule.apiGroups ?? none,
    resources: rule.resources ?? none,
    resourceNames: rule.resourceNames ?? none,
    nonResourceURLs: rule.nonResourceURLs ?? none,
  };
}

function* brokenDown(rule: PolicyRule): Generator<PolicyRule> {
  const { apiGroups, resources, resourceNames, nonResourceURLs, verbs } = whole(rule);
  for (const group of apiGroups) {
    for (const resource of resources) {
      for (const verb of verbs) {
        const right = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (resourceNames.length === 0) yield right;
        for (const name of resourceNames) yield { ...right, resourceNames: [name] };
      }
    }
  }
  for (const url of nonResourceURLs) for (const verb of verbs) yield { nonResourceURLs: [url], verbs: [verb] };
}

/** `right` has at most one of each. */
function covers(rule: PolicyRule, right: PolicyRule): boolean {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = whole(rule);
  const [name] = right.resourceNames ?? none;
  return (
    right.verbs.every((verb) => matches(verbs, verb)) &&
    (right.apiGroups ?? none).every((group) => matches(apiGroups, group)) &&
    (right.resources ?? none).every((resource) => resourceCovers(resources, resource)) &&
    (right.nonResourceURLs ?? none).every((url) => nonResourceURLs.some((pattern) => pathCovers(pattern, url))) &&
    (resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name)))
  );
}

function resourceCovers(resources: readonly string[], wanted: string): boolean {
  if (resources.includes('*') || resources.includes(wanted)) return true;
  const slash = wanted.indexOf('/');
  return slash >= 0 && resources.includes(`*${wanted.slice(slash)}`);
}
