// The payload of a service account's token: which account it speaks for, and the object whose end is its end too.
// One shape for issuing and verifying; what a token of ours does not look like is not a token of ours.

export type ObjectRef = { readonly name: string; readonly uid: string };

export type KubernetesClaim = {
  readonly namespace: string;
  readonly serviceaccount: ObjectRef;
  /** The object the token is bound to: at most one of pod and secret; a node also beside a pod. */
  readonly pod?: ObjectRef;
  readonly secret?: ObjectRef;
  readonly node?: { readonly name: string; readonly uid?: string };
  /** From here on (s) its use means a client that does not renew: KEP-1205. */
  readonly warnafter?: number;
};

export type TokenClaims = {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  /** Seconds since the epoch, as the next two. */
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
  readonly jti?: string;
  readonly 'kubernetes.io': KubernetesClaim;
};

/** The claims of a verified token, or undefined where they are not those of a service account. */
export function tokenClaimsOf(payload: Readonly<Record<string, unknown>>): TokenClaims | undefined {
  const { iss, sub, aud, exp, nbf, iat, jti } = payload;
  const kubernetes = kubernetesClaimOf(payload['kubernetes.io']);
  const audiences = typeof aud === 'string' ? [aud] : aud;
  if (typeof iss !== 'string' || typeof sub !== 'string' || typeof exp !== 'number') return undefined;
  if (!Array.isArray(audiences) || !audiences.every((audience) => typeof audience === 'string')) return undefined;
  if (kubernetes === undefined) return undefined;
  return {
    iss,
    sub,
    aud: audiences,
    exp,
    nbf: typeof nbf === 'number' ? nbf : 0,
    iat: typeof iat === 'number' ? iat : 0,
    ...(typeof jti === 'string' ? { jti } : undefined),
    'kubernetes.io': kubernetes,
  };
}

function kubernetesClaimOf(value: unknown): KubernetesClaim | undefined {
  if (!isRecord(value)) return undefined;
  const serviceaccount = refOf(value.serviceaccount);
  if (typeof value.namespace !== 'string' || serviceaccount === undefined) return undefined;
  const pod = refOf(value.pod);
  const secret = refOf(value.secret);
  const node = refOf(value.node);
  // A binding that cannot be read must not become no binding.
  if ((value.pod !== undefined && !pod) || (value.secret !== undefined && !secret)) return undefined;
  if (value.node !== undefined && node === undefined) return undefined;
  return {
    namespace: value.namespace,
    serviceaccount,
    ...(pod && { pod }),
    ...(secret && { secret }),
    ...(node && { node }),
    ...(typeof value.warnafter === 'number' ? { warnafter: value.warnafter } : undefined),
  };
}

function refOf(value: unknown): ObjectRef | undefined {
  if (!isRecord(value) || typeof value.name !== 'string') return undefined;
  return { name: value.name, uid: typeof value.uid === 'string' ? value.uid : '' };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
