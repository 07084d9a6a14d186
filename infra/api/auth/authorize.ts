// Who may do what. The port, and the rule the cluster begins with: deny by default; administrators may do everything,
// the control plane inside this process is trusted, everybody may ask after health and version, and whoever is
// authenticated may discover the API and ask about their own rights. Role-based rules take this one's place.

import { qualifiedResource } from '../errors.ts';
import type { RequestInfo } from '../http/request-info.ts';
import { type FailureStatus, failureStatus } from '../http/status.ts';
import type { Authentication } from './authenticate.ts';
import { anonymousUser, groups, type UserInfo } from './user.ts';

export type AuthorizationRequest = {
  readonly user: UserInfo;
  readonly request: RequestInfo;
  /** Components of this very process name themselves; over the network a name counts only as far as it is proven. */
  readonly origin: 'network' | 'process';
};

export type Decision =
  | { readonly kind: 'allowed'; readonly reason: string }
  /** A reason is appended to the refusal's text where it is not empty. */
  | { readonly kind: 'denied'; readonly reason: string };

export type Authorizer = { authorize(request: AuthorizationRequest): Decision };

export const basicAuthorizer: Authorizer = {
  authorize({ user, request, origin }) {
    if (user.groups.includes(groups.masters)) return allowed(`group ${groups.masters}`);
    if (origin === 'process' && isControlPlane(user.username)) return allowed('control plane of this process');
    if (isPublic(request)) return allowed('public information');
    if (user.groups.includes(groups.authenticated)) {
      if (isDiscovery(request)) return allowed('discovery');
      if (isSelfReview(request)) return allowed('review of oneself');
    }
    return denied;
  },
};

export type Access =
  | { readonly kind: 'granted'; readonly user: UserInfo }
  | { readonly kind: 'refused'; readonly status: FailureStatus };

/** The whole way in, for requests from the network: 401 for credentials that prove nobody, 403 for a denial. */
export function accessOf(
  authentication: Authentication,
  { request, authorizer }: { readonly request: RequestInfo; readonly authorizer: Authorizer },
): Access {
  if (authentication.kind === 'rejected') return { kind: 'refused', status: unauthorized };
  const user = authentication.kind === 'anonymous' ? anonymousUser : authentication.user;
  const decision = authorizer.authorize({ user, request, origin: 'network' });
  if (decision.kind === 'allowed') return { kind: 'granted', user };
  return { kind: 'refused', status: forbiddenStatus(user, request, decision.reason) };
}

export const unauthorized: FailureStatus = failureStatus({
  code: 401,
  reason: 'Unauthorized',
  message: 'Unauthorized',
});

export function forbiddenStatus(user: UserInfo, request: RequestInfo, reason = ''): FailureStatus {
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

function forbiddenText({ username }: UserInfo, request: RequestInfo): string {
  const who = `User ${JSON.stringify(username)} cannot ${request.verb}`;
  if (!request.isResourceRequest) return `${who} path ${JSON.stringify(request.path)}`;
  const { resource, subresource, group, namespace } = request;
  const what = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} resource ${what} in API group ${JSON.stringify(group)} ${where}`;
}

function isControlPlane(username: string): boolean {
  return (
    username === 'system:kube-scheduler' ||
    username === 'system:kube-controller-manager' ||
    username.startsWith('system:node:')
  );
}

/** As `system:public-info-viewer`. */
function isPublic({ isResourceRequest, verb, path }: RequestInfo): boolean {
  return !isResourceRequest && isRead(verb) && under(path, publicPaths);
}

/** As `system:discovery`. */
function isDiscovery({ isResourceRequest, verb, path }: RequestInfo): boolean {
  return !isResourceRequest && isRead(verb) && under(path, discoveryPaths);
}

/** As `system:basic-user`. */
function isSelfReview({ isResourceRequest, verb, group, resource, subresource }: RequestInfo): boolean {
  if (!isResourceRequest || verb !== 'create' || subresource !== '') return false;
  switch (group) {
    case 'authorization.k8s.io':
      return resource === 'selfsubjectaccessreviews' || resource === 'selfsubjectrulesreviews';
    case 'authentication.k8s.io':
      return resource === 'selfsubjectreviews';
    default:
      return false;
  }
}

const publicPaths = ['/healthz', '/livez', '/readyz', '/version'];
const discoveryPaths = ['/api', '/apis', '/openapi'];

function under(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => path === root || path.startsWith(`${root}/`));
}

function isRead(verb: string): boolean {
  return verb === 'get' || verb === 'head';
}

const denied: Decision = { kind: 'denied', reason: '' };

function allowed(reason: string): Decision {
  return { kind: 'allowed', reason };
}
