// Who a request is from, once that is established, and the names Kubernetes gives to users and groups of its own.

import { nameProblem } from '../registry/names.ts';

export type UserInfo = {
  readonly username: string;
  /** Changes when a user of the same name is made anew. */
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
};

export const groups = {
  /** May do everything, whatever the authorizer says. */
  masters: 'system:masters',
  authenticated: 'system:authenticated',
  unauthenticated: 'system:unauthenticated',
  serviceAccounts: 'system:serviceaccounts',
  nodes: 'system:nodes',
  bootstrappers: 'system:bootstrappers',
} as const;

export const anonymousUser: UserInfo = {
  username: 'system:anonymous',
  groups: [groups.unauthenticated],
  extra: {},
};

export type ServiceAccountName = { readonly namespace: string; readonly name: string };

/** The username of a service account. */
export function serviceAccountUsername({ namespace, name }: ServiceAccountName): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** The service account a username speaks for; undefined for everybody else. */
export function serviceAccountOf(username: string): ServiceAccountName | undefined {
  if (!username.startsWith(accountPrefix)) return undefined;
  const [namespace = '', name = '', ...rest] = username.slice(accountPrefix.length).split(':');
  const lawful = nameProblem(namespace, 'label') === undefined && nameProblem(name, 'subdomain') === undefined;
  return lawful && rest.length === 0 ? { namespace, name } : undefined;
}

const accountPrefix = 'system:serviceaccount:';

export function serviceAccountGroups({ namespace }: Pick<ServiceAccountName, 'namespace'>): readonly string[] {
  return [groups.serviceAccounts, `${groups.serviceAccounts}:${namespace}`];
}

/** Everybody who proved who they are is in `system:authenticated`, except who says to be nobody. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.username === anonymousUser.username) return user;
  if (user.groups.includes(groups.authenticated) || user.groups.includes(groups.unauthenticated)) return user;
  return { ...user, groups: [...user.groups, groups.authenticated] };
}
