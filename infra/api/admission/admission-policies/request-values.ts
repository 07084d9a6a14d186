// A request as the values expressions see: the object in the version asked for, what it replaces, who asks for what, and
// whom to ask what they may do.

import type { KubeObject } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { Authorizer } from '../../auth/authorize.ts';
import { serviceAccountGroups, serviceAccountUsername, type UserInfo } from '../../auth/user.ts';
import type { Bindings } from '../../cel/cel.ts';
import { dynamicValue } from '../../cel/json-values.ts';
import { type AskAuthorizer, AuthorizerValue, ResourceCheck } from '../../cel/library/authorizer.ts';
import type { AdmissionRequest } from '../admission.ts';

export type RequestValues = {
  readonly request: AdmissionRequest;
  readonly params: KubeObject | undefined;
  readonly authorizer: Authorizer;
};

const OPERATIONS = { create: 'CREATE', update: 'UPDATE', delete: 'DELETE', connect: 'CONNECT' } as const;

export function operationOf({ operation }: AdmissionRequest): string {
  return OPERATIONS[operation];
}

/** Deletions and connections bring no object along. */
export function newObjectOf({ operation, object }: AdmissionRequest): KubeObject | null {
  return operation === 'create' || operation === 'update' ? object : null;
}

export function oldObjectOf({ operation, object, before }: AdmissionRequest): KubeObject | null {
  return operation === 'delete' ? object : (before ?? null);
}

export function requestBindings({ request, params, authorizer }: RequestValues): Bindings {
  const asked = new AuthorizerValue(askFor(request, authorizer));
  return {
    object: dynamicValue(newObjectOf(request)),
    oldObject: dynamicValue(oldObjectOf(request)),
    request: dynamicValue(admissionRequest(request)),
    namespaceObject: dynamicValue(namespaceOf(request) ?? null),
    params: dynamicValue(params ?? null),
    authorizer: asked,
    'authorizer.requestResource': new ResourceCheck(asked, {
      group: request.kind.group,
      resource: request.kind.resource,
      subresource: request.subresource ?? '',
      namespace: request.namespace,
      name: request.name,
    }),
  };
}

/** Undefined for what is in no namespace, and for namespaces themselves. */
export function namespaceOf({ kind, namespace, world }: AdmissionRequest): KubeObject | undefined {
  if (namespace === '' || (kind.group === '' && kind.resource === 'namespaces')) return undefined;
  return world.get<KubeObject>(resources.namespaces, { name: namespace });
}

function admissionRequest(request: AdmissionRequest): object {
  const { kind, subresource = '', context } = request;
  const gvk = { group: kind.group, version: kind.version, kind: kind.kind };
  const gvr = { group: kind.group, version: kind.version, resource: kind.resource };
  const { username, uid, groups } = context.user;
  return {
    kind: gvk,
    resource: gvr,
    ...(subresource !== '' && { subResource: subresource, requestSubResource: subresource }),
    requestKind: gvk,
    requestResource: gvr,
    name: request.name,
    namespace: request.namespace,
    operation: operationOf(request),
    userInfo: { username, ...(uid !== undefined && { uid }), groups, extra: extraOf(context.user) },
    dryRun: context.dryRun,
  };
}

function extraOf(user: AdmissionRequest['context']['user']): UserInfo['extra'] {
  return (user as Partial<UserInfo>).extra ?? {};
}

function askFor({ context }: AdmissionRequest, authorizer: Authorizer): AskAuthorizer {
  return (question, as) => {
    const user: UserInfo =
      as === undefined
        ? { ...context.user, extra: extraOf(context.user) }
        : { username: serviceAccountUsername(as), groups: serviceAccountGroups(as), extra: {} };
    const nothing = { group: '', namespace: '', resource: '', subresource: '', name: '' };
    const asked =
      question.kind === 'path'
        ? { ...nothing, isResourceRequest: false, path: question.path, verb: question.verb }
        : { ...nothing, ...question, isResourceRequest: true, path: '' };
    const request = { fieldSelector: '', labelSelector: '', ...asked };
    const decision = authorizer.authorize({ user, request });
    return { allowed: decision.kind === 'allowed', reason: decision.reason };
  };
}
