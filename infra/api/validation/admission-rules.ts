// What webhooks and admission policies have in common: which requests they see (rules), on which condition, and what is
// wrong with saying so. Expressions are compiled elsewhere; here only their presence counts.

import { qualifiedNameProblem } from '../registry/names.ts';
import type { Check, Rule } from './check.ts';
import { pathSegment } from './formats.ts';
import { labelSelector } from './label-selector.ts';
import { all, each, fields, type Json, oneOf, required, unique } from './rules.ts';

const none: readonly string[] = [];
export const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
/** Nothing is left to change in what is being deleted. */
export const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
export const failurePolicy: Rule<string> = oneOf('Fail', 'Ignore');
export const matchPolicy: Rule<string> = oneOf('Equivalent', 'Exact');
export const reinvocationPolicy: Rule<string> = oneOf('IfNeeded', 'Never');
export const neededText: Rule<string> = required<string>();

type RequestRule = {
  readonly operations?: readonly string[] | null;
  readonly apiGroups?: readonly string[] | null;
  readonly apiVersions?: readonly string[] | null;
  readonly resources?: readonly string[] | null;
};

function aloneOr(what: string): Rule<readonly string[]> {
  return required<readonly string[]>((list, check) => {
    if (list.length > 1 && list.includes('*')) check.invalid(list, `if '*' is present, must not specify other ${what}`);
  });
}

/** Groups, versions and resources with the operations on them. */
export const requestRule: Rule<RequestRule> = fields<RequestRule>({
  operations: all(aloneOr('operations'), each(oneOf(...operations))),
  apiGroups: aloneOr('API groups'),
  apiVersions: all(aloneOr('API versions'), each(neededText)),
  resources: required(resourcesRule),
  scope: oneOf('*', 'Cluster', 'Namespaced'),
});

// `*` is every resource and no subresource, `x/*` all of one, `*/x` one of all, and `*/*` everything.
function resourcesRule(list: readonly string[], check: Check): void {
  const whole = new Set<string>();
  const everywhere = new Set<string>();
  let plain = false;
  for (const [index, text] of list.entries()) {
    if (text === '') {
      check.required('', `[${index}]`);
      continue;
    }
    const slash = text.indexOf('/');
    if (slash < 0) {
      plain = text !== '*';
      continue;
    }
    const [resource, sub] = [text.slice(0, slash), text.slice(slash + 1)];
    if (whole.has(resource))
      check.invalid(text, `if '${resource}/*' is present, must not specify ${text}`, `[${index}]`);
    if (everywhere.has(sub)) check.invalid(text, `if '*/${sub}' is present, must not specify ${text}`, `[${index}]`);
    if (sub === '*') whole.add(resource);
    if (resource === '*') everywhere.add(sub);
  }
  if (list.length > 1 && list.includes('*/*'))
    check.invalid(list, "if '*/*' is present, must not specify other resources");
  if (list.includes('*') && plain)
    check.invalid(list, "if '*' is present, must not specify other resources without subresources");
}

const namedRequestRule: Rule<Json> = all<Json>(
  fields({
    resourceNames: all<readonly string[]>(
      each(pathSegment),
      unique((name) => name),
    ),
  }),
  requestRule as Rule<Json>,
);

/** `matchConstraints` of policies and `matchResources` of bindings. */
export const matchResources: Rule<Json> = fields({
  matchPolicy: required(matchPolicy),
  namespaceSelector: required(labelSelector),
  objectSelector: required(labelSelector),
  resourceRules: each(namedRequestRule),
  excludeResourceRules: each(namedRequestRule),
});

const conditionsMax = 64;

type MatchCondition = { readonly name?: string; readonly expression?: string };

export const matchConditions: Rule<readonly MatchCondition[]> = (list, check) => {
  if (list.length > conditionsMax) check.tooMany(list.length, conditionsMax);
  const seen = new Set<string>();
  for (const [index, { name = '', expression = '' }] of list.entries()) {
    if (expression.trim() === '') check.required('', `[${index}].expression`);
    const problem = name === '' ? undefined : qualifiedNameProblem(name);
    if (name === '') check.required('', `[${index}].name`);
    else if (problem !== undefined) check.invalid(name, problem, `[${index}].name`);
    if (seen.has(name)) check.duplicate(name, `[${index}].name`);
    if (name !== '') seen.add(name);
  }
};

/** Operations a policy that changes objects can have nothing to do with. */
export function onlyMutating(field: string): Rule<Json> {
  return (spec, check) => {
    const match = spec[field] as { readonly resourceRules?: readonly RequestRule[] | null } | undefined;
    for (const rule of match?.resourceRules ?? []) {
      for (const operation of rule.operations ?? none)
        if (!mutatingOperations.includes(operation))
          check.notSupported(operation, mutatingOperations, `.${field}.resourceRules.operations`);
    }
  };
}
