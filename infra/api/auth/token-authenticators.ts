// Bearer tokens of several kinds behind one door: the first kind that knows a token for its own decides.

import type { TokenClaims } from './service-account-claims.ts';
import type { UserInfo } from './user.ts';

export type Verified =
  | {
      readonly kind: 'authenticated';
      readonly user: UserInfo;
      /** Those of the audiences asked for that the token is good for. */
      readonly audiences: readonly string[];
      readonly claims?: TokenClaims;
    }
  /** The message is for the log and for TokenReviews, not for the client. */
  | { readonly kind: 'rejected'; readonly message: string };

export type TokenVerifier = {
  /**
   * Answers at once where the token is known. `audiences` stands in for the API server's own, where it is asked on
   * behalf of others (TokenReview).
   */
  verify(token: string, audiences?: readonly string[]): Verified | Promise<Verified>;
};

export type TokenAuthenticator = {
  /** Undefined for a token of another kind. */
  verify(token: string, audiences?: readonly string[]): Verified | undefined | Promise<Verified>;
};

export function anyToken(kinds: readonly TokenAuthenticator[]): TokenVerifier {
  return {
    verify(token, audiences) {
      for (const kind of kinds) {
        const verified = kind.verify(token, audiences);
        if (verified !== undefined) return verified;
      }
      return { kind: 'rejected', message: 'invalid bearer token' };
    },
  };
}
