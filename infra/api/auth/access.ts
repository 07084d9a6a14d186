// The whole way in for a request from the network: who it is from, who they act as, and whether they may.

import type { ApiRequest } from '../http/exchange.ts';
import type { RequestInfo } from '../http/request-info.ts';
import { type FailureStatus, failureStatus } from '../http/status.ts';
import type { Authentication } from './authenticate.ts';
import { type Authorizer, forbiddenStatus } from './authorize.ts';
import { impersonate, wantedUserOf } from './impersonation.ts';
import { anonymousUser, type UserInfo } from './user.ts';

export type Access =
  | {
      readonly kind: 'granted';
      /** Who the request is made as. */
      readonly user: UserInfo;
      /** Who really makes it, where they act as somebody else. */
      readonly impersonator?: UserInfo;
    }
  | { readonly kind: 'refused'; readonly status: FailureStatus };

/** 401 for credentials that prove nobody. */
export function userOf(authentication: Authentication): UserInfo | undefined {
  if (authentication.kind === 'rejected') return undefined;
  return authentication.kind === 'anonymous' ? anonymousUser : authentication.user;
}

/**
 * The whole way in, for requests from the network: 401 for credentials that prove nobody, 403 for a denial. Throws
 * BadRequest for headers that want to act as nobody in particular.
 */
export function accessOf(
  authentication: Authentication,
  {
    request,
    headers,
    authorizer,
  }: { readonly request: RequestInfo; readonly headers?: ApiRequest['headers']; readonly authorizer: Authorizer },
): Access {
  const requestor = userOf(authentication);
  if (requestor === undefined) return { kind: 'refused', status: unauthorized };
  const wanted = headers === undefined ? undefined : wantedUserOf(headers);
  let user = requestor;
  if (wanted !== undefined) {
    const impersonation = impersonate(wanted, { requestor, request, authorizer });
    if (impersonation.kind === 'refused') return impersonation;
    user = impersonation.user;
  }
  const decision = authorizer.authorize({ user, request });
  if (decision.kind === 'allowed')
    return { kind: 'granted', user, ...(user !== requestor && { impersonator: requestor }) };
  return { kind: 'refused', status: forbiddenStatus(user, request, decision.reason) };
}

export const unauthorized: FailureStatus = failureStatus({
  code: 401,
  reason: 'Unauthorized',
  message: 'Unauthorized',
});
