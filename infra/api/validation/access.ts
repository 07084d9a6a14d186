// What makes roles and their bindings invalid. What a role may grant is RBAC's own question (escalation).

import type { Binding, PolicyRule, Subject } from '../../../streams/resources/rbac.ts';
import { nameProblem } from '../registry/names.ts';
import type { Check, Rule } from './check.ts';
import { pathSegment } from './formats.ts';
import { labelSelector } from './label-selector.ts';
import { all, each, fields, immutableBecause, required } from './rules.ts';

const group = 'rbac.authorization.k8s.io';
const none: readonly string[] = [];

function policyRule(namespaced: boolean): Rule<PolicyRule> {
  return ({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }, check) => {
    const urls = nonResourceURLs ?? none;
    const [groups, kinds] = [apiGroups ?? none, resources ?? none];
    if ((verbs ?? none).length === 0) check.required('verbs must contain at least one value', '.verbs');
    if (urls.length > 0) {
      const field = '.nonResourceURLs';
      if (namespaced) check.invalid(urls, 'namespaced rules cannot apply to non-resource URLs', field);
      if (groups.length + kinds.length + (resourceNames ?? none).length > 0)
        check.invalid(urls, 'rules cannot apply to both regular resources and non-resource URLs', field);
      return;
    }
    if (groups.length === 0) check.required('resource rules must supply at least one api group', '.apiGroups');
    if (kinds.length === 0) check.required('resource rules must supply at least one resource', '.resources');
  };
}

export const role: Rule = fields({ rules: each(policyRule(true)) });

export const clusterRole: Rule = fields({
  rules: each(policyRule(false)),
  aggregationRule: fields({
    clusterRoleSelectors: required(
      each(labelSelector),
      'at least one clusterRoleSelector required if aggregationRule is non-nil',
    ),
  }),
});

export const roleBinding: Rule = binding(['Role', 'ClusterRole']);
export const clusterRoleBinding: Rule = binding(['ClusterRole']);

function binding(kinds: readonly string[]): Rule {
  const namespaced = kinds.includes('Role');
  const rule: Rule<Binding> = ({ roleRef }, check) => {
    const { apiGroup = '', kind = '', name = '' } = roleRef ?? {};
    if (apiGroup !== group) check.notSupported(apiGroup, [group], '.roleRef.apiGroup');
    if (!kinds.includes(kind)) check.notSupported(kind, kinds, '.roleRef.kind');
    check.enter('roleRef');
    roleName({ name }, check);
    check.leave();
  };
  return all<Binding>(
    rule,
    fields({ subjects: each<Subject>((subject, check) => subjectRule(subject, namespaced, check)) }),
    fields({ roleRef: immutableBecause('cannot change roleRef') }),
  );
}

const roleName: Rule<object> = fields({ name: required(pathSegment) });

function subjectRule(subject: Subject, namespaced: boolean, check: Check): void {
  const { kind = '', name = '', apiGroup = '', namespace = '' } = subject;
  if (name === '') check.required('', '.name');
  switch (kind) {
    case 'ServiceAccount': {
      const problem = name === '' ? undefined : nameProblem(name, 'subdomain');
      if (problem !== undefined) check.invalid(name, problem, '.name');
      if (apiGroup !== '') check.notSupported(apiGroup, [''], '.apiGroup');
      if (!namespaced && namespace === '') check.required('', '.namespace');
      return;
    }
    case 'User':
    case 'Group':
      if (apiGroup !== group) check.notSupported(apiGroup, [group], '.apiGroup');
      return;
    default:
      check.notSupported(kind, ['ServiceAccount', 'User', 'Group'], '.kind');
  }
}
