// Verifies the tokens of service accounts. A signature is checked once and remembered, because that costs more than the
// rest of a request; time, audience and the existence of the account and of the bound object are checked at every use,
// so that a token ends with its account, not with the memory of it.

import type { JSONWebKeySet } from 'jose';
import type { Clock } from '../../../streams/base/clock.ts';
import { type KubernetesClaim, type ObjectRef, type TokenClaims, tokenClaimsOf } from './service-account-claims.ts';
import { signingAlgorithm } from './service-account-tokens.ts';
import type { TokenVerifier, Verified } from './token-authenticators.ts';
import { serviceAccountGroups, serviceAccountUsername, type UserInfo, withAuthenticatedGroup } from './user.ts';

export type BoundKind = 'Node' | 'Pod' | 'Secret' | 'ServiceAccount';

/** The present object of that name, whatever its uid; undefined where there is none. `namespace` is empty for nodes. */
export type BoundObjectLookup = (object: {
  readonly kind: BoundKind;
  readonly namespace: string;
  readonly name: string;
}) => { readonly uid: string; readonly deletionTimestampMs?: number | undefined } | undefined;

export type TokenVerifierOptions = {
  readonly issuer: string;
  /** Those the API server answers to; a token must be for one of them. */
  readonly audiences: readonly string[];
  /** Current and former signing keys. */
  readonly keys: JSONWebKeySet;
  readonly clock: Clock;
  readonly lookup: BoundObjectLookup;
  /** Tokens whose signature is remembered. */
  readonly rememberedMax?: number;
};

/** Clocks differ; objects that were deleted a moment ago still count. As kube-apiserver. */
const leewaySeconds = 60;

type Known = { readonly user: UserInfo; readonly claims: TokenClaims };

export function tokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuer, clock, rememberedMax = 4_096 } = options;
  const signatures = signatureCheck(options.keys);
  const known = new Map<string, Known>();

  const remember = (token: string, entry: Known) => {
    // A Map keeps the order of insertion.
    if (known.size >= rememberedMax) known.delete(known.keys().next().value ?? '');
    known.set(token, entry);
  };

  const verifySignature = async (token: string, audiences: readonly string[]): Promise<Verified> => {
    const signed = await signatures(token, { issuer, nowMs: clock.now() });
    if (signed.kind === 'rejected') return signed;
    const claims = tokenClaimsOf(signed.payload);
    if (claims === undefined) return rejected('the token is not one of a service account');
    const entry: Known = { claims, user: userOf(claims) };
    if (claims.sub !== entry.user.username) return rejected('the subject is not the service account of the claims');
    remember(token, entry);
    return check(entry, audiences, options);
  };

  return {
    verify(token, audiences = options.audiences) {
      const entry = known.get(token);
      if (entry === undefined) return verifySignature(token, audiences);
      // Moved to the end, so that the one that goes first is the one that was not used for longest.
      known.delete(token);
      known.set(token, entry);
      return check(entry, audiences, options);
    },
  };
}

/** What may change while the token stays the same. */
function check(
  { user, claims }: Known,
  audiences: readonly string[],
  { clock, lookup }: Pick<TokenVerifierOptions, 'clock' | 'lookup'>,
): Verified {
  const nowMs = clock.now();
  const nowSeconds = nowMs / 1_000;
  if (nowSeconds > claims.exp + leewaySeconds) return rejected('service account token has expired');
  if (nowSeconds < claims.nbf - leewaySeconds) return rejected('service account token is not valid yet');
  const accepted = claims.aud.filter((audience) => audiences.includes(audience));
  if (accepted.length === 0) {
    return rejected(`token audiences ${quoted(claims.aud)} is invalid for the target audiences ${quoted(audiences)}`);
  }
  for (const [kind, ref] of boundObjects(claims['kubernetes.io'])) {
    const namespace = kind === 'Node' ? '' : claims['kubernetes.io'].namespace;
    const object = lookup({ kind, namespace, name: ref.name });
    const goneMs = object?.deletionTimestampMs ?? Number.POSITIVE_INFINITY;
    if (object === undefined || goneMs < nowMs - leewaySeconds * 1_000) {
      return rejected(goneText(kind, { namespace, name: ref.name, found: object !== undefined }));
    }
    if (object.uid !== ref.uid) {
      return rejected(otherText(kind, { present: object.uid, claimed: ref.uid }));
    }
  }
  return { kind: 'authenticated', user, audiences: accepted, claims };
}

/** The objects that must exist. A node beside a pod is information: the pod's end is what ends the token. */
function boundObjects({
  serviceaccount,
  pod,
  secret,
  node,
}: KubernetesClaim): readonly (readonly [BoundKind, ObjectRef])[] {
  const objects: [BoundKind, ObjectRef][] = [['ServiceAccount', serviceaccount]];
  if (pod !== undefined) objects.push(['Pod', pod]);
  if (secret !== undefined) objects.push(['Secret', secret]);
  if (node !== undefined && pod === undefined) objects.push(['Node', { name: node.name, uid: node.uid ?? '' }]);
  return objects;
}

function userOf({ jti, 'kubernetes.io': { namespace, serviceaccount, pod, node } }: TokenClaims): UserInfo {
  const account = { namespace, name: serviceaccount.name };
  const extra: Record<string, readonly string[]> = {};
  if (jti !== undefined) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${jti}`];
  if (node !== undefined) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    if (node.uid !== undefined && node.uid !== '') extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  if (pod !== undefined) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  return withAuthenticatedGroup({
    username: serviceAccountUsername(account),
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(account),
    extra,
  });
}

type Signed =
  | { readonly kind: 'signed'; readonly payload: Readonly<Record<string, unknown>> }
  | { readonly kind: 'rejected'; readonly message: string };

/** The library is loaded with the first token: most clusters that are started for a test see none. */
function signatureCheck(keys: JSONWebKeySet) {
  const library = async () => {
    const jose = await import('jose');
    return { jose, keySet: jose.createLocalJWKSet(keys) };
  };
  let loading: ReturnType<typeof library> | undefined;
  return async (token: string, { issuer, nowMs }: { issuer: string; nowMs: number }): Promise<Signed> => {
    loading ??= library();
    const { jose, keySet } = await loading;
    const currentDate = new Date(nowMs);
    const rules = { issuer, algorithms: [signingAlgorithm], clockTolerance: leewaySeconds, currentDate };
    try {
      const { payload } = await jose.jwtVerify(token, keySet, rules);
      return { kind: 'signed', payload };
    } catch (error) {
      const { JWTExpired, JWSSignatureVerificationFailed } = jose.errors;
      if (error instanceof JWTExpired) return { kind: 'rejected', message: 'service account token has expired' };
      if (error instanceof JWSSignatureVerificationFailed) return { kind: 'rejected', message: 'invalid signature' };
      // A token that is none of ours is told no more about.
      return { kind: 'rejected', message: 'invalid bearer token' };
    }
  };
}

function goneText(kind: BoundKind, { namespace, name, found }: { namespace: string; name: string; found: boolean }) {
  if (kind !== 'ServiceAccount') return 'service account token has been invalidated';
  return found
    ? `service account ${namespace}/${name} has been deleted`
    : `serviceaccounts ${JSON.stringify(name)} not found`;
}

function otherText(kind: BoundKind, { present, claimed }: { present: string; claimed: string }): string {
  if (kind === 'ServiceAccount') return `service account UID (${present}) does not match claim (${claimed})`;
  const what = kind.toLowerCase();
  return `${what} UID (${present}) does not match service account ${what} ref claim (${claimed})`;
}

function quoted(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

function rejected(message: string): Verified {
  return { kind: 'rejected', message };
}
