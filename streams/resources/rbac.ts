// Roles and what binds them to people, groups and service accounts.

import type { KubeObject, LabelSelector } from './meta.ts';

export type PolicyRule = {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  /** Empty or absent: every name. */
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
};

export type Subject = {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  /** Of service accounts; absent in a RoleBinding it means the binding's own. */
  readonly namespace?: string;
};

export type RoleRef = { readonly apiGroup: string; readonly kind: string; readonly name: string };

export type Role = KubeObject & { readonly rules?: readonly PolicyRule[] | null };

export type ClusterRole = Role & {
  /** The rules are the union of those of the roles these select, kept up by a controller. */
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] } | null;
};

/** A RoleBinding or a ClusterRoleBinding. */
export type Binding = KubeObject & { readonly roleRef: RoleRef; readonly subjects?: readonly Subject[] | null };
