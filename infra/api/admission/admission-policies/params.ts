// The objects a binding hands to its policy as `params`: one by name, or all a selector finds.

import { matchesSelector } from '../../../../streams/resources/labels.ts';
import type { KubeObject } from '../../../../streams/resources/meta.ts';
import type { KindTable } from '../../kinds/kind-table.ts';
import type { AdmissionRequest } from '../admission.ts';
import type { Binding, Policy } from './policy.ts';

export type Params =
  /** Undefined: the policy is asked once, without parameters. */
  | { readonly kind: 'found'; readonly params: readonly (KubeObject | undefined)[] }
  | { readonly kind: 'misconfigured'; readonly message: string };

export function paramsOf(policy: Policy, binding: Binding, request: AdmissionRequest, kinds: KindTable): Params {
  const { paramKind } = policy.spec;
  const { paramRef } = binding.spec;
  if (paramKind === undefined || paramRef === undefined) return { kind: 'found', params: [undefined] };
  const kind = kinds.byApiVersion(paramKind.apiVersion, paramKind.kind);
  if (kind === undefined)
    return misconfigured(
      `paramKind kind \`&ParamKind{Kind:${paramKind.kind},APIVersion:${paramKind.apiVersion},}\` not known`,
    );
  if (!kind.namespaced && paramRef.namespace)
    return misconfigured('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const namespace = kind.namespaced ? paramRef.namespace || request.namespace : '';
  if (kind.namespaced && namespace === '')
    return misconfigured('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  const { name = '', selector, parameterNotFoundAction } = paramRef;
  if (name === '' && selector === undefined) return misconfigured('one of name or selector must be provided');
  const found = selector === undefined ? one(request, kind, { namespace, name }) : all(request, kind, namespace);
  const params =
    selector === undefined ? found : found.filter((each) => matchesSelector(selector, each.metadata.labels));
  if (params.length === 0 && parameterNotFoundAction === 'Deny')
    return misconfigured('no params found for policy binding with `Deny` parameterNotFoundAction');
  return { kind: 'found', params };
}

type Resource = { readonly group: string; readonly resource: string };

function one(
  { world }: AdmissionRequest,
  resource: Resource,
  key: { readonly namespace: string; readonly name: string },
): readonly KubeObject[] {
  const found = world.get<KubeObject>(resource, key);
  return found === undefined ? [] : [found];
}

function all({ world }: AdmissionRequest, resource: Resource, namespace: string): readonly KubeObject[] {
  return world.list<KubeObject>(resource, namespace === '' ? undefined : { namespace });
}

function misconfigured(message: string): Params {
  return { kind: 'misconfigured', message };
}
