// Which FlowSchema a request belongs to: the first one, by precedence and then by name, one of whose rules names both
// the user and what the request does (KEP-1040).

import type { RequestInfo } from '../http/request-info.ts';
import type { RequestUser } from '../registry/context.ts';

export type FlowSubject = {
  readonly kind: string;
  readonly user?: { readonly name: string };
  readonly group?: { readonly name: string };
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
};

export type FlowRule = {
  readonly subjects?: readonly FlowSubject[];
  readonly resourceRules?: readonly {
    readonly verbs: readonly string[];
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly clusterScope?: boolean;
    readonly namespaces?: readonly string[];
  }[];
  readonly nonResourceRules?: readonly {
    readonly verbs: readonly string[];
    readonly nonResourceURLs: readonly string[];
  }[];
};

export type FlowSchema = {
  readonly name: string;
  readonly uid: string;
  readonly precedence: number;
  readonly level: string;
  /** What tells flows of the schema apart. */
  readonly distinguisher: 'ByUser' | 'ByNamespace' | undefined;
  readonly rules: readonly FlowRule[];
};

export type FlowRequest = { readonly user: RequestUser; readonly info: RequestInfo };

export function byPrecedence(a: FlowSchema, b: FlowSchema): number {
  return a.precedence - b.precedence || (a.name < b.name ? -1 : 1);
}

/** `schemas` in the order of `byPrecedence`. */
export function classify(schemas: readonly FlowSchema[], request: FlowRequest): FlowSchema | undefined {
  return schemas.find(({ rules }) => rules.some((rule) => matches(rule, request)));
}

/** Names the flow within its schema. */
export function flowOf({ name, distinguisher }: FlowSchema, { user, info }: FlowRequest): string {
  switch (distinguisher) {
    case 'ByUser':
      return `${name}/${user.username}`;
    case 'ByNamespace':
      return `${name}/${info.namespace}`;
    case undefined:
      return name;
  }
}

function matches(
  { subjects = [], resourceRules = [], nonResourceRules = [] }: FlowRule,
  request: FlowRequest,
): boolean {
  if (!subjects.some((subject) => isOf(subject, request.user))) return false;
  const { info } = request;
  if (!info.isResourceRequest)
    return nonResourceRules.some(
      ({ verbs, nonResourceURLs }) => has(verbs, info.verb) && nonResourceURLs.some((url) => covers(url, info.path)),
    );
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  return resourceRules.some(
    ({ verbs, apiGroups, resources, clusterScope, namespaces = [] }) =>
      has(verbs, info.verb) &&
      has(apiGroups, info.group) &&
      has(resources, resource) &&
      (info.namespace === '' ? clusterScope === true : has(namespaces, info.namespace)),
  );
}

function isOf({ kind, user, group, serviceAccount }: FlowSubject, who: RequestUser): boolean {
  switch (kind) {
    case 'User':
      return user?.name === '*' || user?.name === who.username;
    case 'Group':
      return group?.name === '*' || (group !== undefined && who.groups.includes(group.name));
    case 'ServiceAccount': {
      if (serviceAccount === undefined) return false;
      const prefix = `system:serviceaccount:${serviceAccount.namespace}:`;
      if (!who.username.startsWith(prefix)) return false;
      return serviceAccount.name === '*' || who.username === `${prefix}${serviceAccount.name}`;
    }
    default:
      return false;
  }
}

function has(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

/** `/healthz` is itself, `/healthz/*` what lies below. */
function covers(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1));
}
