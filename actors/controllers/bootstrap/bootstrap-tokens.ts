// Bootstrap tokens, by which a machine that has nothing yet joins the cluster: the signer proves to those who know a token
// that kube-public/cluster-info is the cluster's, and the cleaner removes tokens that have expired
// (pkg/controller/bootstrap; the form of the secrets is k8s.io/cluster-bootstrap's).

import type { ConfigMap, Secret } from '../../../streams/resources/config.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import {
  type Controller,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../../kit/controller.ts';

/** A JSON Web Signature over `content` with HMAC-SHA-256, its payload left out: `header..signature`. */
export type SignDetached = (content: string, key: { readonly id: string; readonly secret: string }) => string;

const secretType = 'bootstrap.kubernetes.io/token';
const tokenNamespace = 'kube-system';
const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' } as const;
const clusterInfoKey = `${clusterInfo.namespace}/${clusterInfo.name}`;
const signaturePrefix = 'jws-kubeconfig-';
const idForm = /^[a-z0-9]{6}$/;
const secretForm = /^[a-z0-9]{16}$/;

export function bootstrapSigner(signDetached: SignDetached): Controller {
  return {
    name: 'bootstrap-signer-controller',
    user: 'system:serviceaccount:kube-system:bootstrap-signer',
    workers: 1,
    watches: [
      {
        resource: resources.configMaps,
        keys: ({ ref }) =>
          ref.name === clusterInfo.name && ref.namespace === clusterInfo.namespace ? [clusterInfoKey] : [],
      },
      { resource: resources.secrets, keys: (change) => (isToken(change) ? [clusterInfoKey] : []) },
    ],
    reconcile: (input) => sign(input, signDetached),
  };
}

export function tokenCleaner(): Controller {
  return {
    name: 'token-cleaner-controller',
    user: 'system:serviceaccount:kube-system:token-cleaner',
    workers: 1,
    watches: [{ resource: resources.secrets, keys: (change) => (isToken(change) ? [change.ref.name] : []) }],
    reconcile: clean,
  };
}

function sign({ world, nowMs }: ReconcileInput, signDetached: SignDetached): Plan {
  const info = world.get<ConfigMap>(resources.configMaps, clusterInfo);
  const content = info?.data?.kubeconfig;
  if (info === undefined || content === undefined || info.metadata.deletionTimestamp !== undefined) return nothingToDo;
  const signatures = tokensOf(world, nowMs).map(
    ({ id, secret }) => [`${signaturePrefix}${id}`, signDetached(content, { id, secret })] as const,
  );
  const rest = Object.entries(info.data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix));
  const data = Object.fromEntries([...rest, ...signatures]);
  const before = info.data ?? {};
  const same =
    Object.keys(data).length === Object.keys(before).length &&
    Object.entries(data).every(([key, value]) => before[key] === value);
  if (same) return nothingToDo;
  const object: ConfigMap = { ...info, data };
  return { writes: [{ kind: 'update', resource: resources.configMaps, object }] };
}

function clean({ world, key, nowMs }: ReconcileInput): Plan {
  const secret = world.get<Secret>(resources.secrets, { namespace: tokenNamespace, name: key });
  const expiration = secret === undefined ? '' : textOf(secret, 'expiration');
  if (secret?.type !== secretType || expiration === '' || secret.metadata.deletionTimestamp !== undefined) {
    return nothingToDo;
  }
  const dueMs = Date.parse(expiration);
  // A time that cannot be read has passed, as for those who show the token.
  if (dueMs > nowMs) return { writes: [], againAfterMs: dueMs - nowMs };
  const { name, uid } = secret.metadata;
  return { writes: [{ kind: 'delete', resource: resources.secrets, namespace: tokenNamespace, name, uid }] };
}

/** The tokens that sign, in the order of their names. */
function tokensOf(world: ObjectReader, nowMs: number): readonly { readonly id: string; readonly secret: string }[] {
  return world.list<Secret>(resources.secrets, { namespace: tokenNamespace }).flatMap((secret) => {
    if (secret.type !== secretType || secret.metadata.deletionTimestamp !== undefined) return [];
    const id = textOf(secret, 'token-id');
    const token = textOf(secret, 'token-secret');
    const expiration = textOf(secret, 'expiration');
    const signs = textOf(secret, 'usage-bootstrap-signing') === 'true';
    const current = expiration === '' || Date.parse(expiration) > nowMs;
    const wellFormed = idForm.test(id) && secretForm.test(token) && secret.metadata.name === `bootstrap-token-${id}`;
    return signs && current && wellFormed ? [{ id, secret: token }] : [];
  });
}

function isToken({ ref, current }: WatchedChange): boolean {
  return ref.namespace === tokenNamespace && (current.object as Secret).type === secretType;
}

function textOf({ data = {} }: Secret, key: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(data[key] ?? ''), (letter) => letter.charCodeAt(0)));
}
