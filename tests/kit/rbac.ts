// Roles, bindings, users and requests, as short as people speak of them.

import type { Attributes } from '../../infra/api/auth/authorize.ts';
import type { UserInfo } from '../../infra/api/auth/user.ts';
import { requestInfoOf } from '../../infra/api/http/request-info.ts';
import type { Binding, ClusterRole, PolicyRule, Role } from '../../streams/resources/rbac.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const apiGroup = 'rbac.authorization.k8s.io';

/** `GET /api/v1/pods?watch=1` as the authorizer sees it. */
export function about(line: string): Attributes {
  const [method = '', target = ''] = line.split(' ');
  const [path = '', query = ''] = target.split('?');
  const outcome = requestInfoOf({ method, path, query: new URLSearchParams(query) });
  if (outcome.kind !== 'info') throw new Error(outcome.message);
  return outcome.info;
}

export function user(username: string, ...groups: readonly string[]): UserInfo {
  return { username, groups: [...groups, 'system:authenticated'], extra: {} };
}

export function aClusterRole(name: string, rules: readonly PolicyRule[], more: Partial<ClusterRole> = {}): ClusterRole {
  return { apiVersion, kind: 'ClusterRole', metadata: { name, uid: `uid-of-${name}` }, rules, ...more };
}

/** `namespace/name` */
export function aRole(where: string, rules: readonly PolicyRule[]): Role {
  const [namespace = '', name = ''] = where.split('/');
  return { apiVersion, kind: 'Role', metadata: { namespace, name, uid: `uid-of-${name}` }, rules };
}

/** Of the cluster for a plain name, of the namespace for `namespace/name`; `ClusterRole x`, then `User a`, `Group b` … */
export function aBinding(where: string, role: string, ...subjects: readonly string[]): Binding {
  const [first = '', second] = where.split('/');
  const [kind = '', name = ''] = role.split(' ');
  const metadata = second === undefined ? { name: first } : { namespace: first, name: second };
  return {
    apiVersion,
    kind: second === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { ...metadata, uid: `uid-of-${where}` },
    subjects: subjects.map((text) => {
      const [subjectKind = '', who = ''] = text.split(' ');
      if (subjectKind !== 'ServiceAccount') return { kind: subjectKind, apiGroup, name: who };
      const [namespace = '', account] = who.split('/');
      return account === undefined
        ? { kind: subjectKind, name: namespace }
        : { kind: subjectKind, namespace, name: account };
    }),
    roleRef: { apiGroup, kind, name },
  };
}
