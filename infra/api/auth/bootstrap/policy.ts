// The roles and bindings every cluster begins with, as objects: those of Kubernetes 1.36 (its bootstrap policy).

import type { Draft } from '../../../../streams/resources/meta.ts';
import type { Binding, ClusterRole, Role, Subject } from '../../../../streams/resources/rbac.ts';
import { clusterRoles } from './cluster-roles.ts';
import { controllerRoles } from './controller-roles.ts';
import { bootstrapMetadata, clusterRolesOf, rbacGroup, rbacVersion, rolesOf } from './role-table.ts';

export type BootstrapPolicy = {
  readonly clusterRoles: readonly Draft<ClusterRole>[];
  readonly clusterRoleBindings: readonly Draft<Binding>[];
  readonly roles: readonly Draft<Role>[];
  readonly roleBindings: readonly Draft<Binding>[];
};

const controllerPrefix = 'system:controller:';

export function bootstrapPolicy(): BootstrapPolicy {
  const controllers = clusterRolesOf(controllerRoles, controllerPrefix);
  return {
    clusterRoles: [...clusterRolesOf(clusterRoles), ...controllers],
    clusterRoleBindings: [
      ...Object.entries(clusterBindings).map(([role, subjects]) => clusterBinding(role, subjects)),
      ...controllers.map(({ metadata: { name = '' } }) =>
        clusterBinding(name, [`ServiceAccount kube-system/${name.slice(controllerPrefix.length)}`]),
      ),
    ],
    roles: Object.entries(namespaceRoles).flatMap(([namespace, table]) => rolesOf(table, namespace)),
    roleBindings: namespaceBindings.map(([namespace, name, role, ...subjects]) => ({
      apiVersion: rbacVersion,
      kind: 'RoleBinding',
      metadata: { name, namespace, ...bootstrapMetadata },
      subjects: subjects.map(subjectOf),
      roleRef: { apiGroup: rbacGroup, kind: 'Role', name: role },
    })),
  };
}

/** Who a ClusterRole is bound to, by the role's name. */
const clusterBindings: Readonly<Record<string, readonly string[]>> = {
  'cluster-admin': ['Group system:masters'],
  'system:basic-user': ['Group system:authenticated'],
  'system:discovery': ['Group system:authenticated'],
  'system:kube-controller-manager': ['User system:kube-controller-manager'],
  'system:kube-dns': ['ServiceAccount kube-system/kube-dns'],
  'system:kube-scheduler': ['User system:kube-scheduler'],
  'system:monitoring': ['Group system:monitoring'],
  // Nodes are the node authorizer's business.
  'system:node': [],
  'system:node-proxier': ['User system:kube-proxy'],
  'system:public-info-viewer': ['Group system:authenticated', 'Group system:unauthenticated'],
  'system:service-account-issuer-discovery': ['Group system:serviceaccounts'],
  'system:volume-scheduler': ['User system:kube-scheduler'],
};

const namespaceRoles: Readonly<Record<string, string>> = {
  'kube-public': `
system:controller:bootstrap-signer
  read | core | configmaps
  update | core | configmaps | cluster-info
  events
`,
  'kube-system': `
extension-apiserver-authentication-reader
  read | core | configmaps | extension-apiserver-authentication
system::leader-locking-kube-controller-manager
  read create update | coordination.k8s.io | leases
  read create update | coordination.k8s.io | leasecandidates
system::leader-locking-kube-scheduler
  read create update | coordination.k8s.io | leases
  read create update | coordination.k8s.io | leasecandidates
system:controller:bootstrap-signer
  read | core | secrets
system:controller:cloud-provider
  read create | core | configmaps
system:controller:token-cleaner
  read delete | core | secrets
  events
`,
};

/** Namespace, binding, role, subjects. */
const namespaceBindings: readonly (readonly [string, string, string, ...string[]])[] = [
  [
    'kube-public',
    'system:controller:bootstrap-signer',
    'system:controller:bootstrap-signer',
    account('bootstrap-signer'),
  ],
  [
    'kube-system',
    'system::extension-apiserver-authentication-reader',
    'extension-apiserver-authentication-reader',
    'User system:kube-controller-manager',
    'User system:kube-scheduler',
  ],
  [
    'kube-system',
    'system::leader-locking-kube-controller-manager',
    'system::leader-locking-kube-controller-manager',
    'User system:kube-controller-manager',
    account('kube-controller-manager'),
    account('leader-election-controller'),
  ],
  [
    'kube-system',
    'system::leader-locking-kube-scheduler',
    'system::leader-locking-kube-scheduler',
    'User system:kube-scheduler',
    account('kube-scheduler'),
  ],
  [
    'kube-system',
    'system:controller:bootstrap-signer',
    'system:controller:bootstrap-signer',
    account('bootstrap-signer'),
  ],
  ['kube-system', 'system:controller:cloud-provider', 'system:controller:cloud-provider', account('cloud-provider')],
  ['kube-system', 'system:controller:token-cleaner', 'system:controller:token-cleaner', account('token-cleaner')],
];

function account(name: string): string {
  return `ServiceAccount kube-system/${name}`;
}

function clusterBinding(role: string, subjects: readonly string[]): Draft<Binding> {
  return {
    apiVersion: rbacVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name: role, ...bootstrapMetadata },
    ...(subjects.length > 0 && { subjects: subjects.map(subjectOf) }),
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
  };
}

function subjectOf(text: string): Subject {
  const [kind = '', who = ''] = text.split(' ');
  if (kind !== 'ServiceAccount') return { kind, apiGroup: rbacGroup, name: who };
  const [namespace = '', name = ''] = who.split('/');
  return { kind, name, namespace };
}
