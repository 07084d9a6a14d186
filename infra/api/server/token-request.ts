// `POST serviceaccounts/x/token`: a token for the account, for some audiences and a time, and bound, where the request
// says so, to a Pod, Node or Secret whose end is then the token's too.

import type { AnyObject, KubeObject, ResourceName } from '../../../streams/resources/meta.ts';
import { timestamp } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { TokenIssuer, TokenRequest } from '../auth/service-account-tokens.ts';
import { badRequest, conflict, type FieldError, invalid, notFound } from '../errors.ts';
import type { Target } from '../registry/registry.ts';

export type TokenRequestPorts = { readonly tokens: TokenIssuer; readonly world: ObjectReader; now(): number };

type BoundObjectRef = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
};

type Spec = {
  readonly audiences?: readonly string[] | null;
  readonly expirationSeconds?: number | null;
  readonly boundObjectRef?: BoundObjectRef | null;
};

const group = 'authentication.k8s.io';
const kind = 'TokenRequest';

/** The answer to the request in `body`; a shortened lifetime is told through `warn`. */
export async function answerTokenRequest(
  { target, account, body, warn }: { target: Target; account: AnyObject; body: AnyObject; warn(text: string): void },
  { tokens, world, now }: TokenRequestPorts,
): Promise<object> {
  const { name, namespace = '', uid } = account.metadata;
  checkMetadata(body, { name, namespace, uid });
  const spec = (body.spec ?? {}) as Spec;
  const boundTo = spec.boundObjectRef == null ? undefined : boundObject(spec.boundObjectRef, { target, world });
  const issued = await tokens.issue({
    namespace,
    serviceAccount: { name, uid },
    ...(boundTo !== undefined && { boundTo }),
    ...(spec.audiences == null ? undefined : { audiences: spec.audiences }),
    ...(spec.expirationSeconds == null ? undefined : { expirationSeconds: spec.expirationSeconds }),
  });
  if (issued.kind === 'refused') throw issued.error;
  if (issued.warning !== undefined) warn(issued.warning);
  const { token, expirationTimestamp, audiences, expirationSeconds } = issued;
  return {
    kind,
    apiVersion: `${group}/v1`,
    metadata: { name, namespace, uid, creationTimestamp: timestamp(now()) },
    spec: { audiences, expirationSeconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token, expirationTimestamp },
  };
}

function checkMetadata(
  { metadata }: AnyObject,
  account: { readonly name: string; readonly namespace: string; readonly uid: string },
): void {
  const given: Partial<AnyObject['metadata']> = metadata ?? {};
  for (const field of ['name', 'namespace'] as const) {
    const value = given[field] ?? '';
    if (value === '' || value === account[field]) continue;
    const detail = `must match the service account ${field} if specified`;
    const error: FieldError = { type: 'Invalid', field: `metadata.${field}`, value, detail };
    throw invalid({ group, kind }, account.name, [error]);
  }
  const uid = given.uid ?? '';
  if (uid === '' || uid === account.uid) return;
  const why = `the UID in the token request (${uid}) does not match the UID of the service account (${account.uid})`;
  throw conflict({ group, kind, resource: kind }, account.name, why);
}

function boundObject(
  ref: BoundObjectRef,
  { target, world }: { target: Target; world: ObjectReader },
): NonNullable<TokenRequest['boundTo']> {
  const { apiVersion = '', kind: boundKind = '', name = '' } = ref;
  const { namespace } = target;
  const core = !apiVersion.includes('/');
  const found = (resource: ResourceName, where: { namespace?: string }): KubeObject => {
    const object = world.get(resource, { ...where, name });
    if (object === undefined) throw notFound({ ...resource, kind: boundKind }, name);
    const { uid } = object.metadata;
    if ((ref.uid ?? '') !== '' && ref.uid !== uid) {
      const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
      throw conflict({ group: '', kind: boundKind, resource: boundKind }, name, why);
    }
    return object;
  };
  switch (core ? boundKind : '') {
    case 'Pod':
      return boundPod(found(resources.pods, { namespace }), { account: target.name, world });
    case 'Node':
      return { kind: 'Node', ref: refOf(found(resources.nodes, {})) };
    case 'Secret':
      return { kind: 'Secret', ref: refOf(found(resources.secrets, { namespace })) };
    default: {
      const slash = apiVersion.indexOf('/');
      const asked = `${slash < 0 ? '' : apiVersion.slice(0, slash)}/${apiVersion.slice(slash + 1)}, Kind=${boundKind}`;
      throw badRequest(`cannot bind token to object of type ${asked}`);
    }
  }
}

/** With the node it runs on, as information. */
function boundPod(
  pod: KubeObject,
  { account, world }: { account: string; world: ObjectReader },
): NonNullable<TokenRequest['boundTo']> {
  const { spec } = pod as KubeObject & { spec: { serviceAccountName?: string; nodeName?: string } };
  if (spec.serviceAccountName !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
    );
  }
  const { nodeName = '' } = spec;
  if (nodeName === '') return { kind: 'Pod', ref: refOf(pod) };
  const node = world.get(resources.nodes, { name: nodeName });
  return { kind: 'Pod', ref: refOf(pod), node: node === undefined ? { name: nodeName } : refOf(node) };
}

function refOf({ metadata: { name, uid } }: KubeObject): { readonly name: string; readonly uid: string } {
  return { name, uid };
}
