// Bootstrap tokens (`abcdef.0123456789abcdef`): Secrets in kube-system by which a machine that has nothing yet joins the
// cluster. Such a token is its secret: it ends when that is deleted, or at the time that says.

import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../streams/base/clock.ts';
import type { Secret } from '../../../streams/resources/config.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { TokenAuthenticator } from './token-authenticators.ts';
import { groups, withAuthenticatedGroup } from './user.ts';

export type BootstrapTokenOptions = {
  readonly world: ObjectReader;
  readonly clock: Clock;
  /** Those of the API server: the only ones these tokens are for. */
  readonly audiences: readonly string[];
};

const tokenForm = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const secretType = 'bootstrap.kubernetes.io/token';

export function bootstrapTokens({ world, clock, audiences: own }: BootstrapTokenOptions): TokenAuthenticator {
  return {
    verify(token, audiences = own) {
      const [, id = '', key = ''] = tokenForm.exec(token) ?? [];
      if (id === '') return undefined;
      const secret = world.get<Secret>(resources.secrets, { namespace: 'kube-system', name: `bootstrap-token-${id}` });
      const accepted = own.filter((audience) => audiences.includes(audience));
      const tokenGroups = secret === undefined ? undefined : groupsOf(secret, { id, key, nowMs: clock.now() });
      if (tokenGroups === undefined || accepted.length === 0)
        return { kind: 'rejected', message: 'invalid bearer token' };
      const user = { username: `system:bootstrap:${id}`, groups: tokenGroups, extra: {} };
      return { kind: 'authenticated', user: withAuthenticatedGroup(user), audiences: accepted };
    },
  };
}

/** The groups the secret gives to who shows its key; undefined where it gives nothing. */
function groupsOf(
  { metadata, type, data = {} }: Secret,
  { id, key, nowMs }: { id: string; key: string; nowMs: number },
): readonly string[] | undefined {
  const text = (field: string) => Buffer.from(data[field] ?? '', 'base64').toString('utf8');
  if (metadata.deletionTimestamp !== undefined || type !== secretType) return undefined;
  if (!sameSecret(text('token-secret'), key) || text('token-id') !== id) return undefined;
  const expiration = text('expiration');
  // A time that cannot be read has passed.
  if (expiration !== '' && !(Date.parse(expiration) > nowMs)) return undefined;
  if (text('usage-bootstrap-authentication') !== 'true') return undefined;
  const extra = text('auth-extra-groups');
  const more = extra === '' ? [] : extra.split(',');
  if (!more.every((group) => groupForm.test(group))) return undefined;
  return [...new Set([groups.bootstrappers, ...more])].sort();
}

function sameSecret(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
