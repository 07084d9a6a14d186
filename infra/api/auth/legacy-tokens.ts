// Tokens kept in Secrets of type kubernetes.io/service-account-token: made by a controller, without an end of their own.
// Such a token is good as long as its secret holds it and its account is the one it was made for.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { Clock } from '../../../streams/base/clock.ts';
import type { Secret } from '../../../streams/resources/config.ts';
import type { KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { Writer } from '../../host/writer.ts';
import type { TokenAuthenticator, Verified } from './token-authenticators.ts';
import { serviceAccountGroups, serviceAccountUsername, withAuthenticatedGroup } from './user.ts';

export type LegacySubject = {
  readonly namespace: string;
  readonly secret: string;
  readonly account: { readonly name: string; readonly uid: string };
};

const issuer = 'kubernetes/serviceaccount';
const claim = (name: string) => `kubernetes.io/serviceaccount/${name}`;
/** Since this day the secret's token counts as left behind (the cleaner's label): it is refused. */
const invalidSince = 'kubernetes.io/legacy-token-invalid-since';
const lastUsed = 'kubernetes.io/legacy-token-last-used';
const rememberedMax = 1_024;
const encoding = { dsaEncoding: 'ieee-p1363' } as const;

/** Makes the token of a secret; `privateKey` is PEM of the P-256 key that signs. */
export function legacyTokenMint(privateKey: string): (subject: LegacySubject) => string {
  const key = createPrivateKey(privateKey);
  const kid = createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  return ({ namespace, secret, account }) => {
    const payload = {
      iss: issuer,
      [claim('namespace')]: namespace,
      [claim('secret.name')]: secret,
      [claim('service-account.name')]: account.name,
      [claim('service-account.uid')]: account.uid,
      sub: serviceAccountUsername({ namespace, name: account.name }),
    };
    const body = `${encoded({ alg: 'ES256', kid })}.${encoded(payload)}`;
    return `${body}.${sign('sha256', Buffer.from(body), { key, ...encoding }).toString('base64url')}`;
  };
}

export type LegacyTokenOptions = {
  readonly world: ObjectReader;
  readonly privateKey: string;
  /** Those of the API server: the only ones these tokens are for. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
  /** Marks secrets with the day their token was last used on, by which those nobody needs are found. */
  readonly writer: Writer;
};

export function legacyTokens(options: LegacyTokenOptions): TokenAuthenticator {
  const { world, privateKey, audiences: own } = options;
  const markUse = usesMarkedBy(options);
  const key = createPublicKey(createPrivateKey(privateKey));
  const known = new Map<string, LegacySubject>();
  return {
    verify(token, audiences = own) {
      let subject = known.get(token);
      if (subject === undefined) {
        const claims = claimsOf(token);
        if (claims === undefined) return undefined;
        if (!isSigned(token, key)) return rejected('invalid signature');
        subject = subjectOf(claims);
        if (subject === undefined) return rejected('sub claim is invalid');
        if (known.size >= rememberedMax) known.delete(known.keys().next().value ?? '');
        known.set(token, subject);
      }
      const accepted = own.filter((audience) => audiences.includes(audience));
      if (accepted.length === 0) {
        return rejected(`token audiences ${list(own)} is invalid for the target audiences ${list(audiences)}`);
      }
      const verified = check(token, subject, { world, accepted });
      if (verified.kind === 'authenticated') markUse(subject);
      return verified;
    },
  };
}

function check(
  token: string,
  { namespace, secret: secretName, account }: LegacySubject,
  { world, accepted }: { world: ObjectReader; accepted: readonly string[] },
): Verified {
  const secret = world.get<Secret>(resources.secrets, { namespace, name: secretName });
  if (secret === undefined || secret.metadata.deletionTimestamp !== undefined)
    return rejected('Token has been invalidated');
  const held = Buffer.from(secret.data?.token ?? '', 'base64');
  const shown = Buffer.from(token);
  if (held.length !== shown.length || !timingSafeEqual(held, shown)) {
    return rejected("Token does not match server's copy");
  }
  const { name } = account;
  const present = world.get<KubeObject>(resources.serviceAccounts, { namespace, name })?.metadata;
  if (present === undefined) return rejected(`serviceaccounts ${JSON.stringify(name)} not found`);
  if (present.deletionTimestamp !== undefined) return rejected(`ServiceAccount ${namespace}/${name} has been deleted`);
  if (present.uid !== account.uid) {
    return rejected(`ServiceAccount UID (${present.uid}) does not match claim (${account.uid})`);
  }
  if ((secret.metadata.labels?.[invalidSince] ?? '') !== '') {
    return rejected(
      `the token in secret ${namespace}/${secretName} for service account ${namespace}/${name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSince}' label from the secret to temporarily allow use of this token`,
    );
  }
  const user = {
    username: serviceAccountUsername({ namespace, name }),
    uid: account.uid,
    groups: serviceAccountGroups({ namespace }),
    extra: {},
  };
  return { kind: 'authenticated', user: withAuthenticatedGroup(user), audiences: accepted };
}

/** At most one write of a secret is on its way, and nobody waits for it: what fails is done at the next use. */
function usesMarkedBy({ world, writer, clock }: LegacyTokenOptions): (subject: LegacySubject) => void {
  const marking = new Set<string>();
  return ({ namespace, secret: name }) => {
    const day = new Date(clock.now()).toISOString().slice(0, 10);
    const secret = world.get<Secret>(resources.secrets, { namespace, name });
    const id = `${namespace}/${name}`;
    if (secret === undefined || secret.metadata.labels?.[lastUsed] === day || marking.has(id)) return;
    marking.add(id);
    const metadata = { ...secret.metadata, labels: { ...secret.metadata.labels, [lastUsed]: day } };
    const object: Secret = { ...secret, metadata };
    const context = { user: 'system:apiserver', agent: 'kube-apiserver', cause: null };
    const written = writer.write({ kind: 'update', resource: resources.secrets, object }, context);
    void written.finally(() => marking.delete(id));
  };
}

type Claims = Readonly<Record<string, unknown>>;

/** What the token says, unproven; undefined where it is not of this kind. */
function claimsOf(token: string): Claims | undefined {
  const [, payload = '', signature] = token.split('.');
  if (signature === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims | null;
    return claims?.iss === issuer ? claims : undefined;
  } catch {
    return undefined;
  }
}

function isSigned(token: string, key: KeyObject): boolean {
  const end = token.lastIndexOf('.');
  const [header = ''] = token.split('.', 1);
  try {
    const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as { readonly alg?: unknown };
    const signature = Buffer.from(token.slice(end + 1), 'base64url');
    return alg === 'ES256' && verify('sha256', Buffer.from(token.slice(0, end)), { key, ...encoding }, signature);
  } catch {
    return false;
  }
}

function subjectOf(claims: Claims): LegacySubject | undefined {
  const text = (name: string) => claims[claim(name)];
  const [namespace, secret] = [text('namespace'), text('secret.name')];
  const [name, uid] = [text('service-account.name'), text('service-account.uid')];
  const all = [namespace, secret, name, uid];
  if (!all.every((value) => typeof value === 'string' && value !== '')) return undefined;
  const subject = { namespace, secret, account: { name, uid } } as LegacySubject;
  return claims.sub === serviceAccountUsername({ namespace: subject.namespace, name: subject.account.name })
    ? subject
    : undefined;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function list(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

function rejected(message: string): Verified {
  return { kind: 'rejected', message };
}
