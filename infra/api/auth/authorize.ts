// Who may do what: the port, and how a refusal is told. Deny by default; the group of administrators may do everything, nodes
// what concerns their pods (node/), everybody else what the roles bound to them allow (rbac/), in this order.

import type { PolicyRule } from '../../../streams/resources/rbac.ts';
import { qualifiedResource } from '../errors.ts';
import type { RequestInfo } from '../http/request-info.ts';
import { type FailureStatus, failureStatus } from '../http/status.ts';
import { groups, type UserInfo } from './user.ts';

/** What of a request its permission depends on. */
export type Attributes = Pick<
  RequestInfo,
  | 'isResourceRequest'
  | 'path'
  | 'verb'
  | 'group'
  | 'namespace'
  | 'resource'
  | 'subresource'
  | 'name'
  | 'fieldSelector'
  | 'labelSelector'
>;

export type AuthorizationRequest = { readonly user: UserInfo; readonly request: Attributes };

export type Decision =
  | { readonly kind: 'allowed'; readonly reason: string }
  /** A reason is appended to the refusal's text where it is not empty. */
  | { readonly kind: 'denied'; readonly reason: string };

export type UserRules = {
  readonly rules: readonly PolicyRule[];
  /** The user may have rights that no list of rules tells. */
  readonly incomplete: boolean;
  readonly error?: string;
};

export type Authorizer = {
  authorize(request: AuthorizationRequest): Decision;
  /** What the user may do in a namespace, where somebody asks for a list. */
  rulesFor(user: UserInfo, namespace: string): UserRules;
};

/** The first that allows decides; the reasons of those that do not are told together. */
export function anyOf(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(request) {
      let reason = '';
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(request);
        if (decision.kind === 'allowed') return decision;
        if (decision.reason !== '') reason += reason === '' ? decision.reason : `\n${decision.reason}`;
      }
      return reason === '' ? denied : { kind: 'denied', reason };
    },
    rulesFor(user, namespace) {
      const all = authorizers.map((authorizer) => authorizer.rulesFor(user, namespace));
      const errors = all.flatMap(({ error }) => (error === undefined ? [] : [error]));
      return {
        rules: all.flatMap(({ rules }) => rules),
        incomplete: all.some(({ incomplete }) => incomplete),
        ...(errors.length > 0 && { error: errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]` }),
      };
    },
  };
}

/** Upstream's privileged group: no rule can lock it out. */
export const mastersAuthorizer: Authorizer = {
  authorize: ({ user }) => (user.groups.includes(groups.masters) ? privileged : denied),
  rulesFor: () => ({ rules: [], incomplete: false }),
};

const privileged: Decision = { kind: 'allowed', reason: '' };
const denied: Decision = { kind: 'denied', reason: '' };

export function forbiddenStatus(user: UserInfo, request: Attributes, reason = ''): FailureStatus {
  const why = forbiddenText(user, request) + (reason === '' ? '' : `: ${reason}`);
  if (!request.isResourceRequest || request.resource === '') {
    return failureStatus({ code: 403, reason: 'Forbidden', message: `forbidden: ${why}`, details: {} });
  }
  const { group, resource, name } = request;
  const what = qualifiedResource(request) + (name === '' ? '' : ` ${JSON.stringify(name)}`);
  return failureStatus({
    code: 403,
    reason: 'Forbidden',
    message: `${what} is forbidden: ${why}`,
    details: { ...(name === '' ? undefined : { name }), ...(group === '' ? undefined : { group }), kind: resource },
  });
}

function forbiddenText({ username }: UserInfo, request: Attributes): string {
  const who = `User ${JSON.stringify(username)} cannot ${request.verb}`;
  if (!request.isResourceRequest) return `${who} path ${JSON.stringify(request.path)}`;
  const { resource, subresource, group, namespace } = request;
  const what = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} resource ${what} in API group ${JSON.stringify(group)} ${where}`;
}
