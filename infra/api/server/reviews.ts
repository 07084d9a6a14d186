// Kinds that are questions: who am I, may I, is this token good, and TokenRequest, which answers with a token.
// Nothing of them is stored.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import type { AuthorizationRequest, Authorizer } from '../auth/authorize.ts';
import type { TokenIssuer } from '../auth/service-account-tokens.ts';
import type { UserInfo } from '../auth/user.ts';
import { methodNotAllowed } from '../errors.ts';
import { offers } from '../http/negotiate.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Target } from '../registry/registry.ts';
import { sendValue } from './answer.ts';
import { formOf } from './call.ts';
import type { ResourceCall } from './resource-requests.ts';
import { bodyOf } from './write-requests.ts';

export type Reviews = {
  handles(kind: Kind): boolean;
  answer(call: ResourceCall): Promise<void>;
  token(call: ResourceCall, asked: { target: Target; account: AnyObject }): Promise<void>;
};

export type ReviewPorts = {
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
  readonly tokens: TokenIssuer;
};

type Spec = Readonly<Record<string, unknown>>;

export function reviews(ports: ReviewPorts): Reviews {
  return {
    handles: ({ group }) => group === 'authorization.k8s.io' || group === 'authentication.k8s.io',
    async answer(call) {
      if (call.info.verb !== 'create') throw methodNotAllowed();
      const { form } = formOf(call, offers.builtIn);
      const body = await bodyOf(call);
      const status = await statusFor(call, body, ports);
      const { metadata, spec } = body;
      const value = {
        kind: call.kind.kind,
        apiVersion: `${call.kind.group}/${call.kind.version}`,
        metadata: metadata ?? {},
        ...(spec === undefined ? undefined : { spec }),
        status,
      };
      sendValue(call, { value, form, status: 201 });
    },
    async token(call, { target, account }) {
      const { form } = formOf(call, offers.builtIn);
      const body = await bodyOf(call, { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' });
      const spec = (body.spec ?? {}) as {
        readonly audiences?: readonly string[] | null;
        readonly expirationSeconds?: number | null;
      };
      const issued = await ports.tokens.issue({
        namespace: target.namespace,
        serviceAccount: { name: target.name, uid: account.metadata.uid },
        ...(spec.audiences == null ? undefined : { audiences: spec.audiences }),
        ...(spec.expirationSeconds == null ? undefined : { expirationSeconds: spec.expirationSeconds }),
      });
      if (issued.kind === 'refused') throw issued.error;
      const { token, expirationTimestamp, audiences, expirationSeconds } = issued;
      const { name, namespace } = account.metadata;
      const value = {
        kind: 'TokenRequest',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: { name, namespace },
        spec: { audiences, expirationSeconds },
        status: { token, expirationTimestamp },
      };
      sendValue(call, { value, form, status: 201 });
    },
  };
}

async function statusFor({ kind, user }: ResourceCall, body: AnyObject, ports: ReviewPorts): Promise<object> {
  const spec = (body.spec ?? {}) as Spec;
  switch (kind.kind) {
    case 'SelfSubjectReview':
      return { userInfo: user };
    case 'SelfSubjectAccessReview':
      return decide(ports.authorizer, { user: user as UserInfo, request: requestOf(spec) });
    case 'SubjectAccessReview': {
      const asked = { username: String(spec.user ?? ''), groups: (spec.groups ?? []) as readonly string[] } as UserInfo;
      return decide(ports.authorizer, { user: asked, request: requestOf(spec) });
    }
    case 'SelfSubjectRulesReview':
      return rulesOf(user as UserInfo);
    case 'TokenReview':
      return tokenStatus(String(spec.token ?? ''), ports);
    default:
      throw methodNotAllowed();
  }
}

function decide(authorizer: Authorizer, asked: AuthorizationRequest): object {
  const decision = authorizer.authorize(asked);
  return {
    allowed: decision.kind === 'allowed',
    ...(decision.reason === '' ? undefined : { reason: decision.reason }),
  };
}

/** The request a review asks about. */
function requestOf(spec: Spec): RequestInfo {
  const resource = (spec.resourceAttributes ?? undefined) as Readonly<Record<string, string>> | undefined;
  const path = (spec.nonResourceAttributes ?? {}) as Readonly<Record<string, string>>;
  return {
    isResourceRequest: resource !== undefined,
    path: path.path ?? '',
    verb: resource?.verb ?? path.verb ?? '',
    apiPrefix: resource?.group ? 'apis' : 'api',
    group: resource?.group ?? '',
    version: resource?.version ?? '',
    namespace: resource?.namespace ?? '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    name: resource?.name ?? '',
    parts: [],
    fieldSelector: '',
    labelSelector: '',
  };
}

/** What the skeleton's rule amounts to, as a list of rules. */
function rulesOf({ groups }: UserInfo): object {
  const everything = groups.includes('system:masters');
  return {
    resourceRules: everything
      ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
      : [
          {
            verbs: ['create'],
            apiGroups: ['authorization.k8s.io', 'authentication.k8s.io'],
            resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews'],
          },
        ],
    nonResourceRules: everything
      ? [{ verbs: ['*'], nonResourceURLs: ['*'] }]
      : [
          {
            verbs: ['get'],
            nonResourceURLs: [
              '/api',
              '/api/*',
              '/apis',
              '/apis/*',
              '/healthz',
              '/livez',
              '/openapi/*',
              '/readyz',
              '/version',
            ],
          },
        ],
    incomplete: false,
  };
}

async function tokenStatus(token: string, { authenticator }: ReviewPorts): Promise<object> {
  const outcome = await authenticator.authenticate({
    headers: { authorization: `Bearer ${token}` },
    peer: { address: '' },
  });
  if (outcome.kind === 'authenticated') return { authenticated: true, user: outcome.user };
  return outcome.kind === 'rejected' ? { authenticated: false, error: outcome.message } : { authenticated: false };
}
