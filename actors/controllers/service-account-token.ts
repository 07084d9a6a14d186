// The service account token controller: fills Secrets of type kubernetes.io/service-account-token with a token, the
// cluster's CA and the namespace, and removes those whose account is gone. Such tokens are made only where somebody
// asks by creating the Secret.

import type { Secret } from '../../streams/resources/config.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';
import { parseKey } from '../kit/object-key.ts';

export type TokenControllerOptions = {
  /** PEM of the CA clients know the API server by. */
  readonly ca: string;
  /** Signs the token of a secret. */
  readonly mint: (subject: {
    readonly namespace: string;
    readonly secret: string;
    readonly account: { readonly name: string; readonly uid: string };
  }) => string;
};

const type = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

export function serviceAccountTokenController(options: TokenControllerOptions): Controller {
  return {
    name: 'serviceaccount-token-controller',
    user: 'system:kube-controller-manager',
    workers: 5,
    watches: [
      { resource: resources.secrets, keys: keysOfSecret },
      { resource: resources.serviceAccounts, keys: keysOfAccount },
    ],
    reconcile: (input) => reconcile(input, options),
  };
}

function reconcile({ world, key }: ReconcileInput, { ca, mint }: TokenControllerOptions): Plan {
  const { namespace, name } = parseKey(key);
  const secret = world.get<Secret>(resources.secrets, { namespace, name });
  if (secret?.type !== type || secret.metadata.deletionTimestamp !== undefined) return nothingToDo;
  const { annotations = {}, uid } = secret.metadata;
  const account = world.get<KubeObject>(resources.serviceAccounts, {
    namespace,
    name: annotations[nameAnnotation] ?? '',
  });
  const claimed = annotations[uidAnnotation] ?? '';
  if (account === undefined || (claimed !== '' && claimed !== account.metadata.uid)) {
    return { writes: [{ kind: 'delete', resource: resources.secrets, namespace, name, uid }] };
  }
  const { data = {} } = secret;
  const wanted = { 'ca.crt': base64(ca), namespace: base64(namespace) };
  const complete = data['ca.crt'] === wanted['ca.crt'] && data.namespace === wanted.namespace && data.token;
  if (complete && claimed !== '') return nothingToDo;
  const subject = { namespace, secret: name, account: { name: account.metadata.name, uid: account.metadata.uid } };
  const token = data.token || base64(mint(subject));
  const object: Secret = {
    ...secret,
    metadata: { ...secret.metadata, annotations: { ...annotations, [uidAnnotation]: account.metadata.uid } },
    data: { ...data, ...wanted, token },
  };
  return { writes: [{ kind: 'update', resource: resources.secrets, object }] };
}

function keysOfSecret({ type: change, ref, current }: WatchedChange): readonly Key[] {
  return change !== 'DELETED' && current.object.type === type ? [`${ref.namespace}/${ref.name}`] : [];
}

/** Its secrets: to be filled when it comes, to go when it has gone. */
function keysOfAccount({ ref }: WatchedChange, world: ObjectReader): readonly Key[] {
  return world
    .list<Secret>(resources.secrets, { namespace: ref.namespace })
    .filter((secret) => secret.type === type && secret.metadata.annotations?.[nameAnnotation] === ref.name)
    .map((secret) => `${ref.namespace}/${secret.metadata.name}`);
}

/** Text as a Secret's data holds it. */
function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes));
}
