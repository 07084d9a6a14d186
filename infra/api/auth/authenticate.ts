// Who sends a request: the first credential that proves somebody wins, in kube-apiserver's order (client certificate,
// then bearer token). Invariant: credentials that were sent and prove nobody are never taken for none at all.

import type { ApiRequest } from '../http/exchange.ts';
import type { TokenVerifier } from './token-authenticators.ts';
import { type UserInfo, withAuthenticatedGroup } from './user.ts';

export type Authentication =
  | { readonly kind: 'authenticated'; readonly user: UserInfo }
  | { readonly kind: 'anonymous' }
  /** The message is for the log; clients are told `Unauthorized` and no more. */
  | { readonly kind: 'rejected'; readonly message: string };

export type Authenticator = {
  /** Answers at once where no unknown token must be verified. */
  authenticate(request: Pick<ApiRequest, 'headers' | 'peer'>): Authentication | Promise<Authentication>;
};

export function authenticator({ tokens }: { readonly tokens: TokenVerifier }): Authenticator {
  return {
    authenticate({ headers, peer }) {
      if (peer.certificate !== undefined && peer.certificate.commonName !== '') {
        return certificateUser(peer.certificate);
      }
      const token = bearerToken(headers.authorization);
      if (token !== undefined) return tokens.verify(token);
      if (peer.certificateError !== undefined) {
        return { kind: 'rejected', message: `client certificate: ${peer.certificateError}` };
      }
      return anonymous;
    },
  };
}

const anonymous: Authentication = { kind: 'anonymous' };

type Certificate = NonNullable<ApiRequest['peer']['certificate']>;

/** A connection keeps its certificate, so its user is made once. */
const users = new WeakMap<Certificate, Authentication>();

/** The common name is the user and the organizations are its groups. */
function certificateUser(certificate: Certificate): Authentication {
  const known = users.get(certificate);
  if (known !== undefined) return known;
  const { commonName, organizations } = certificate;
  const user = withAuthenticatedGroup({ username: commonName, groups: organizations, extra: {} });
  const authentication: Authentication = { kind: 'authenticated', user };
  users.set(certificate, authentication);
  return authentication;
}

/** The token of `Authorization: Bearer …`. Other schemes are not looked at, as upstream. */
function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const [scheme = '', token = ''] = authorization.trim().split(' ', 2);
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}
