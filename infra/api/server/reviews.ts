// Kinds that are questions: who am I, may I, is this token good, and TokenRequest, which answers with a token.
// Nothing of them is stored.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { timestamp } from '../../../streams/resources/meta.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { AuthorizationRequest, Authorizer } from '../auth/authorize.ts';
import { attributesOf, checkReview, type ReviewSpec, subjectOf } from '../auth/review-spec.ts';
import type { TokenIssuer } from '../auth/service-account-tokens.ts';
import type { TokenVerifier } from '../auth/token-authenticators.ts';
import type { UserInfo } from '../auth/user.ts';
import { badRequest, methodNotAllowed } from '../errors.ts';
import { offers } from '../http/negotiate.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Target } from '../registry/registry.ts';
import { sendValue } from './answer.ts';
import { contextOf, formOf } from './call.ts';
import type { ResourceCall } from './resource-requests.ts';
import { answerTokenRequest } from './token-request.ts';
import { bodyOf } from './write-requests.ts';

export type Reviews = {
  handles(kind: Kind): boolean;
  answer(call: ResourceCall): Promise<void>;
  token(call: ResourceCall, asked: TokenAsked): Promise<void>;
};

export type TokenAsked = {
  readonly target: Target;
  readonly account: AnyObject;
  /** Admission's say on the request. */
  readonly admit: (request: AnyObject) => Promise<unknown>;
};

export type ReviewPorts = {
  readonly authorizer: Authorizer;
  /** Issues tokens of service accounts. */
  readonly tokens: TokenIssuer;
  /** Knows tokens of every kind. */
  readonly verifier: TokenVerifier;
  readonly world: ObjectReader;
  now(): number;
};

/** What the answer says beside its kind. */
type Answer = { readonly metadata?: object; readonly spec?: object; readonly status: object };

export function reviews(ports: ReviewPorts): Reviews {
  return {
    handles: ({ group }) => group === 'authorization.k8s.io' || group === 'authentication.k8s.io',
    async answer(call) {
      if (call.info.verb !== 'create') throw methodNotAllowed();
      const { form } = formOf(call, offers.builtIn);
      const body = await bodyOf(call);
      const { kind, group, version } = call.kind;
      const { metadata = {}, ...rest } = await answerTo(call, body, ports);
      sendValue(call, { value: { kind, apiVersion: `${group}/${version}`, metadata, ...rest }, form, status: 201 });
    },
    async token(call, { target, account, admit }) {
      const { form } = formOf(call, offers.builtIn);
      const body = await bodyOf(call, { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' });
      const { warn } = contextOf(call);
      await admit(body);
      const value = await answerTokenRequest({ target, account, body, warn }, ports);
      sendValue(call, { value, form, status: 201 });
    },
  };
}

async function answerTo(call: ResourceCall, body: AnyObject, ports: ReviewPorts): Promise<Answer> {
  const user = call.user as UserInfo;
  const spec = (body.spec ?? {}) as ReviewSpec;
  switch (call.kind.kind) {
    case 'SelfSubjectReview':
      return { metadata: { creationTimestamp: timestamp(ports.now()) }, status: { userInfo: shownUser(user) } };
    case 'SelfSubjectAccessReview':
      checkReview(body, 'self');
      return { spec, status: accessStatus(spec, { user, authorizer: ports.authorizer }) };
    case 'SubjectAccessReview':
      checkReview(body, 'anybody');
      return { spec, status: accessStatus(spec, { user: subjectOf(spec), authorizer: ports.authorizer }) };
    case 'LocalSubjectAccessReview':
      return localAnswer(call, body, ports);
    case 'SelfSubjectRulesReview':
      return { spec: {}, status: rulesStatus(body, { user, authorizer: ports.authorizer }) };
    case 'TokenReview':
      return { spec, status: await tokenStatus(body, ports) };
    default:
      throw methodNotAllowed();
  }
}

function localAnswer({ info }: ResourceCall, body: AnyObject, { authorizer }: ReviewPorts): Answer {
  const { namespace } = info;
  const given = body.metadata?.namespace ?? '';
  if (given !== '' && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  checkReview(body, { namespace });
  const spec = (body.spec ?? {}) as ReviewSpec;
  return { metadata: { namespace }, spec, status: accessStatus(spec, { user: subjectOf(spec), authorizer }) };
}

function accessStatus(
  spec: ReviewSpec,
  { user, authorizer }: { user: AuthorizationRequest['user']; authorizer: Authorizer },
): object {
  const { request, ignored } = attributesOf(spec);
  const { kind, reason } = authorizer.authorize({ user, request });
  return {
    allowed: kind === 'allowed',
    ...(reason !== '' && { reason }),
    ...(ignored.length > 0 && { evaluationError: ignored.join('; ') }),
  };
}

/** What `kubectl auth can-i --list` shows. */
function rulesStatus({ spec }: AnyObject, { user, authorizer }: { user: UserInfo; authorizer: Authorizer }): object {
  const { namespace = '' } = (spec ?? {}) as { readonly namespace?: string };
  if (namespace === '') throw badRequest('no namespace on request');
  const { rules, incomplete, error } = authorizer.rulesFor(user, namespace);
  return {
    resourceRules: rules
      .filter(({ resources = [] }) => resources.length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames !== undefined && resourceNames.length > 0 && { resourceNames }),
      })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete,
    ...(error !== undefined && { evaluationError: error }),
  };
}

async function tokenStatus({ spec }: AnyObject, { tokens, verifier }: ReviewPorts): Promise<object> {
  const { token = '', audiences: asked } = (spec ?? {}) as {
    readonly token?: string;
    readonly audiences?: readonly string[] | null;
  };
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const audiences = asked == null || asked.length === 0 ? tokens.audiences : asked;
  const verified = await verifier.verify(token, audiences);
  if (verified.kind === 'rejected') return { user: {}, error: rejectionText(verified.message) };
  return { authenticated: true, user: shownUser(verified.user), audiences: verified.audiences };
}

const invalidToken = 'invalid bearer token';

function rejectionText(message: string): string {
  return message === invalidToken ? message : `[${invalidToken}, ${message}]`;
}

function shownUser({ username, uid, groups, extra = {} }: UserInfo): object {
  return {
    username,
    ...(uid !== undefined && uid !== '' && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}
