// What the user of a request may do, asked in an expression: `authorizer.group('apps').resource('deployments')
// .namespace('n').check('create').allowed()`. Who decides is a port; here is only how the question is put together.

import { nameProblem } from '../../registry/names.ts';
import { CelError, type Result } from '../values.ts';
import { kubernetesType, Opaque } from './opaque.ts';
import type { Library } from './signature.ts';

export type AuthorizationQuestion =
  | { readonly kind: 'path'; readonly path: string; readonly verb: string }
  | ({ readonly kind: 'resource'; readonly verb: string } & ResourceQuestion);

export type ResourceQuestion = {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
};

export type AuthorizationAnswer = { readonly allowed: boolean; readonly reason: string; readonly error?: string };

/** Answers for the user of the request, or for a service account. */
export type AskAuthorizer = (
  question: AuthorizationQuestion,
  as?: { readonly namespace: string; readonly name: string },
) => AuthorizationAnswer;

abstract class Question extends Opaque {
  protected same(other: Opaque): boolean {
    return this === other;
  }
}

export class AuthorizerValue extends Question {
  readonly type = kubernetesType('authorization.Authorizer');
  readonly ask: (question: AuthorizationQuestion) => AuthorizationAnswer;
  readonly #port: AskAuthorizer;

  constructor(port: AskAuthorizer, as?: { readonly namespace: string; readonly name: string }) {
    super();
    this.#port = port;
    this.ask = (question) => port(question, as);
  }

  as(namespace: string, name: string): AuthorizerValue {
    return new AuthorizerValue(this.#port, { namespace, name });
  }
}

class PathCheck extends Question {
  readonly type = kubernetesType('authorization.PathCheck');
  readonly authorizer: AuthorizerValue;
  readonly path: string;

  constructor(authorizer: AuthorizerValue, path: string) {
    super();
    this.authorizer = authorizer;
    this.path = path;
  }
}

class GroupCheck extends Question {
  readonly type = kubernetesType('authorization.GroupCheck');
  readonly authorizer: AuthorizerValue;
  readonly group: string;

  constructor(authorizer: AuthorizerValue, group: string) {
    super();
    this.authorizer = authorizer;
    this.group = group;
  }
}

export class ResourceCheck extends Question {
  readonly type = kubernetesType('authorization.ResourceCheck');
  readonly authorizer: AuthorizerValue;
  readonly question: ResourceQuestion;

  constructor(authorizer: AuthorizerValue, question: ResourceQuestion) {
    super();
    this.authorizer = authorizer;
    this.question = question;
  }

  with(more: Partial<ResourceQuestion>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.question, ...more });
  }
}

class Decision extends Question {
  readonly type = kubernetesType('authorization.Decision');
  readonly answer: AuthorizationAnswer;

  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }
}

const A = 'kubernetes.authorization.Authorizer';
const R = 'kubernetes.authorization.ResourceCheck';
const D = 'kubernetes.authorization.Decision';

export const AUTHORIZER: Library = {
  path: { [`.authorizer_path(${A}, string) kubernetes.authorization.PathCheck`]: pathOf },
  group: {
    [`.authorizer_group(${A}, string) kubernetes.authorization.GroupCheck`]: (of: AuthorizerValue, group: string) =>
      new GroupCheck(of, group),
  },
  serviceAccount: { [`.authorizer_serviceaccount(${A}, string, string) ${A}`]: serviceAccount },
  resource: { [`.groupcheck_resource(kubernetes.authorization.GroupCheck, string) ${R}`]: resourceOf },
  subresource: narrowing('resourcecheck_subresource', 'subresource'),
  namespace: narrowing('resourcecheck_namespace', 'namespace'),
  name: narrowing('resourcecheck_name', 'name'),
  fieldSelector: narrowing('authorizer_fieldselector', 'fieldSelector'),
  labelSelector: narrowing('authorizer_labelselector', 'labelSelector'),
  check: {
    [`.pathcheck_check(kubernetes.authorization.PathCheck, string) ${D}`]: (of: PathCheck, verb: string) =>
      new Decision(of.authorizer.ask({ kind: 'path', path: of.path, verb })),
    [`.resourcecheck_check(${R}, string) ${D}`]: (of: ResourceCheck, verb: string) =>
      new Decision(of.authorizer.ask({ kind: 'resource', verb, ...of.question })),
  },
  allowed: { [`.decision_allowed(${D}) bool`]: ({ answer }: Decision) => answer.allowed },
  reason: { [`.decision_reason(${D}) string`]: ({ answer }: Decision) => answer.reason },
  errored: { [`.decision_errored(${D}) bool`]: ({ answer }: Decision) => answer.error !== undefined },
  error: { [`.decision_error(${D}) string`]: ({ answer }: Decision) => answer.error ?? '' },
};

function pathOf(of: AuthorizerValue, path: string): Result {
  return path.trim() === '' ? new CelError('path must not be empty') : new PathCheck(of, path);
}

function resourceOf({ authorizer, group }: GroupCheck, resource: string): Result {
  if (resource.trim() === '') return new CelError('resource must not be empty');
  return new ResourceCheck(authorizer, { group, resource });
}

function serviceAccount(of: AuthorizerValue, namespace: string, name: string): Result {
  if (nameProblem(name, 'subdomain') !== undefined) return new CelError('Invalid service account name');
  if (nameProblem(namespace, 'label') !== undefined) return new CelError('Invalid service account namespace');
  return of.as(namespace, name);
}

function narrowing(id: string, field: keyof ResourceQuestion): Library[string] {
  return { [`.${id}(${R}, string) ${R}`]: (of: ResourceCheck, value: string) => of.with({ [field]: value }) };
}
