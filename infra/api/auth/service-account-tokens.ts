// Issues the tokens service accounts present (TokenRequest, KEP-1205) and publishes the keys others verify them with.
// Owns the bounds of their lifetime: at least ten minutes, by default an hour, at most a year.

import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import type { Clock } from '../../../streams/base/clock.ts';
import type { Random } from '../../../streams/base/random.ts';
import { type ApiError, invalid } from '../errors.ts';
import type { KubernetesClaim, ObjectRef, TokenClaims } from './service-account-claims.ts';
import { serviceAccountUsername } from './user.ts';

/** The issuer, and the audience of tokens meant for the API server itself. */
export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local';
export const signingAlgorithm = 'ES256';
export const openidConfigurationPath = '/.well-known/openid-configuration';
export const jwksPath = '/openid/v1/jwks';

const secondsMin = 600;
const secondsDefault = 3_600;
const secondsMax = 365 * 24 * 3_600;
/** What the kubelet asks for its pods' tokens. Clients that read their token once must outlive it: they get a year. */
const secondsExtended = 3_607;

export type TokenIssuerOptions = {
  /** PEM of the P-256 key that signs. */
  readonly privateKey: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly issuer?: string;
  /** Audiences of the API server; the first request without audiences gets these. */
  readonly audiences?: readonly string[];
};

export type TokenRequest = {
  readonly namespace: string;
  readonly serviceAccount: ObjectRef;
  /** The object whose deletion ends the token; of a pod also the node it runs on. */
  readonly boundTo?:
    | { readonly kind: 'Pod'; readonly ref: ObjectRef; readonly node?: KubernetesClaim['node'] }
    | { readonly kind: 'Node' | 'Secret'; readonly ref: ObjectRef };
  /** Empty means the API server's. */
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
};

export type IssuedToken = {
  readonly kind: 'issued';
  readonly token: string;
  /** RFC 3339, as in TokenRequest's status. */
  readonly expirationTimestamp: string;
  /** What the spec of the answer says: the request with its defaults. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** For a `Warning` header. */
  readonly warning?: string;
};

export type TokenIssuer = {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys: JSONWebKeySet;
  issue(request: TokenRequest): Promise<IssuedToken | { readonly kind: 'refused'; readonly error: ApiError }>;
  /** The discovery document for those who verify tokens outside the API server; `jwksUri` is where they reach it. */
  openidConfiguration(jwksUri: string): OpenidConfiguration;
};

export type OpenidConfiguration = {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly response_types_supported: readonly string[];
  readonly subject_types_supported: readonly string[];
  readonly id_token_signing_alg_values_supported: readonly string[];
};

export function tokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { clock, random, issuer = defaultIssuer } = options;
  const audiences = options.audiences ?? [issuer];
  const key = createPrivateKey(options.privateKey);
  const publicKey = createPublicKey(key);
  const kid = keyId(publicKey);
  return {
    issuer,
    audiences,
    keys: { keys: [{ use: 'sig', kid, alg: signingAlgorithm, ...publicKey.export({ format: 'jwk' }) }] },
    async issue(request) {
      const lifetime = lifetimeOf(request, audiences);
      if (lifetime.kind === 'refused') return lifetime;
      const asked = request.audiences === undefined || request.audiences.length === 0 ? audiences : request.audiences;
      const iat = Math.floor(clock.now() / 1_000);
      const claims: TokenClaims = {
        iss: issuer,
        sub: serviceAccountUsername({ namespace: request.namespace, name: request.serviceAccount.name }),
        aud: asked,
        exp: iat + lifetime.actualSeconds,
        nbf: iat,
        iat,
        jti: random.uuid(),
        'kubernetes.io': kubernetesClaim(request, lifetime.extended ? iat + lifetime.seconds : undefined),
      };
      // Loaded with the first token: most clusters that are started for a test see none.
      const { SignJWT } = await import('jose');
      const token = await new SignJWT({ ...claims, aud: [...asked] })
        .setProtectedHeader({ alg: signingAlgorithm, kid })
        .sign(key);
      return {
        kind: 'issued',
        token,
        expirationTimestamp: rfc3339(iat + lifetime.seconds),
        audiences: asked,
        expirationSeconds: lifetime.seconds,
        ...(lifetime.warning === undefined ? undefined : { warning: lifetime.warning }),
      };
    },
    openidConfiguration: (jwksUri) => ({
      issuer,
      jwks_uri: jwksUri,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [signingAlgorithm],
    }),
  };
}

type Lifetime = {
  readonly kind: 'granted';
  /** As the client is told. */
  readonly seconds: number;
  /** As the token says. */
  readonly actualSeconds: number;
  readonly extended: boolean;
  readonly warning?: string;
};

function lifetimeOf(
  { expirationSeconds = secondsDefault, audiences = [], boundTo }: TokenRequest,
  ownAudiences: readonly string[],
): Lifetime | { readonly kind: 'refused'; readonly error: ApiError } {
  if (expirationSeconds < secondsMin) {
    return refused(expirationSeconds, 'may not specify a duration less than 10 minutes');
  }
  if (expirationSeconds > 2 ** 32) {
    return refused(expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  }
  if (expirationSeconds > secondsMax) {
    const warning = `requested expiration of ${expirationSeconds} seconds shortened to ${secondsMax} seconds`;
    return { kind: 'granted', seconds: secondsMax, actualSeconds: secondsMax, extended: false, warning };
  }
  const forApiServer = audiences.every((audience) => ownAudiences.includes(audience));
  const extended = expirationSeconds === secondsExtended && boundTo?.kind === 'Pod' && forApiServer;
  return {
    kind: 'granted',
    seconds: expirationSeconds,
    actualSeconds: extended ? secondsMax : expirationSeconds,
    extended,
  };
}

function refused(value: number, detail: string): { readonly kind: 'refused'; readonly error: ApiError } {
  const error = invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
    { type: 'Invalid', field: 'spec.expirationSeconds', value, detail },
  ]);
  return { kind: 'refused', error };
}

function kubernetesClaim(
  { namespace, serviceAccount, boundTo }: TokenRequest,
  warnafter: number | undefined,
): KubernetesClaim {
  return {
    namespace,
    serviceaccount: serviceAccount,
    ...(boundTo?.kind === 'Pod' && { pod: boundTo.ref }),
    ...(boundTo?.kind === 'Pod' && boundTo.node && { node: boundTo.node }),
    ...(boundTo?.kind === 'Secret' && { secret: boundTo.ref }),
    ...(boundTo?.kind === 'Node' && { node: boundTo.ref }),
    ...(warnafter !== undefined && { warnafter }),
  };
}

/** As kube-apiserver names its keys: the digest of the public key's DER. */
function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

function rfc3339(seconds: number): string {
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`;
}
