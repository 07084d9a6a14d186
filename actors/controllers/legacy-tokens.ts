// Tokens in secrets that were made for service accounts of old and have not been used for a year: first they are marked
// invalid, which whoever still needs one will notice, and a year later they go. Secrets that people made themselves are
// left alone, as are those a pod uses. Since when anybody keeps track of uses is told by a ConfigMap, which has a
// controller of its own here.

import type { ConfigMap, Secret } from '../../streams/resources/config.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { type Controller, nothingToDo, type Plan, type ReconcileInput } from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';

export type LegacyTokenOptions = {
  /** How long (ms) a token may be unused, and how long it is invalid before it goes. */
  readonly cleanUpPeriodMs: number;
  /** Each token is looked at this often (ms). */
  readonly syncPeriodMs: number;
};

const dayMs = 86_400_000;
export const legacyTokenDefaults: LegacyTokenOptions = { cleanUpPeriodMs: 365 * dayMs, syncPeriodMs: dayMs };

const type = 'kubernetes.io/service-account-token';
const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
const tracking = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };

type Account = KubeObject & { readonly secrets?: readonly { readonly name?: string }[] };

/** Notes the day from which uses of such tokens are known. */
export function legacyTokenTracking(): Controller {
  const key = `${tracking.namespace}/${tracking.name}`;
  return {
    name: 'legacy-token-tracking-controller',
    user: 'system:apiserver',
    workers: 1,
    watches: [
      {
        resource: resources.configMaps,
        keys: ({ ref }) => (ref.name === tracking.name && ref.namespace === tracking.namespace ? [key] : []),
      },
    ],
    initialKeys: [key],
    reconcile({ world, nowMs }) {
      const current = world.get<ConfigMap>(resources.configMaps, tracking);
      const data = { ...current?.data, since: dateOf(nowMs) };
      if (current === undefined) {
        const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: tracking, data };
        return { writes: [{ kind: 'create', resource: resources.configMaps, object }] };
      }
      if (isDate(current.data?.since)) return nothingToDo;
      return {
        writes: [{ kind: 'update', resource: resources.configMaps, object: { ...current, data } as ConfigMap }],
      };
    },
  };
}

export function legacyTokenCleaner(options: LegacyTokenOptions = legacyTokenDefaults): Controller {
  return {
    name: 'legacy-serviceaccount-token-cleaner-controller',
    user: 'system:serviceaccount:kube-system:legacy-service-account-token-cleaner',
    workers: 1,
    watches: [
      {
        resource: resources.secrets,
        keys: ({ type: change, current: { object } }) =>
          change !== 'DELETED' && (object as Secret).type === type ? [keyOfObject(object)] : [],
      },
    ],
    reconcile: (input) => reconcile(input, options),
  };
}

function reconcile({ world, key, nowMs }: ReconcileInput, { cleanUpPeriodMs, syncPeriodMs }: LegacyTokenOptions): Plan {
  const secret = world.get<Secret>(resources.secrets, parseKey(key));
  if (secret?.type !== type || secret.metadata.deletionTimestamp !== undefined) return nothingToDo;
  const later: Plan = { writes: [], againAfterMs: syncPeriodMs };
  const limitMs = nowMs - cleanUpPeriodMs;
  if (!isTrackedSince(world, limitMs) || !isUnused(world, secret, limitMs)) return later;
  const { namespace = '', name, uid, labels, resourceVersion } = secret.metadata;
  const invalidSince = labels?.[invalidSinceLabel];
  if (!isDate(invalidSince)) {
    const metadata = { ...secret.metadata, labels: { ...labels, [invalidSinceLabel]: dateOf(nowMs) } };
    return { ...later, writes: [{ kind: 'update', resource: resources.secrets, object: { ...secret, metadata } }] };
  }
  if (invalidSince >= dateOf(limitMs)) return later;
  const version = resourceVersion === undefined ? undefined : { resourceVersion };
  return { writes: [{ kind: 'delete', resource: resources.secrets, namespace, name, uid, ...version }] };
}

/** The day on which tracking began does not count. */
function isTrackedSince(world: ObjectReader, limitMs: number): boolean {
  const since = world.get<ConfigMap>(resources.configMaps, tracking)?.data?.since;
  return isDate(since) && limitMs >= Date.parse(since) + dayMs;
}

/** Made by a control plane of old, not used since the limit, and in no pod's hands. */
function isUnused(world: ObjectReader, { metadata }: Secret, limitMs: number): boolean {
  const { namespace = '', name, labels, annotations, creationTimestamp = '' } = metadata;
  if (Date.parse(creationTimestamp) >= limitMs) return false;
  const lastUsed = labels?.[lastUsedLabel];
  if (lastUsed !== undefined && (!isDate(lastUsed) || lastUsed >= dateOf(limitMs))) return false;
  const account = world.get<Account>(resources.serviceAccounts, {
    namespace,
    name: annotations?.['kubernetes.io/service-account.name'] ?? '',
  });
  const uid = annotations?.['kubernetes.io/service-account.uid'] ?? '';
  if (account === undefined || (uid !== '' && uid !== account.metadata.uid)) return false;
  // An account lists only what was made for it of itself.
  if (account.secrets?.some((secret) => secret.name === name) !== true) return false;
  return !world.list<Pod>(resources.pods, { namespace }).some(({ spec }) => namesSecret(spec, name));
}

/** In every place where a pod names a secret the field says so. */
function namesSecret(value: unknown, name: string, field = ''): boolean {
  if (Array.isArray(value)) return value.some((item) => namesSecret(item, name, field));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, inner]) => {
    if (inner === name) return key === 'secretName' || (key === 'name' && /secret/i.test(field));
    return namesSecret(inner, name, key);
  });
}

function isDate(text: string | undefined): text is string {
  return text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** `2006-01-02` */
function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
