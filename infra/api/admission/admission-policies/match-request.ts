// Whether a policy or a binding is about a request: rules by group, version, resource, operation, scope and name, and
// selectors of the namespace and of the object.

import { matchesSelector } from '../../../../streams/resources/labels.ts';
import type { KubeObject, LabelSelector } from '../../../../streams/resources/meta.ts';
import type { AdmissionRequest } from '../admission.ts';
import type { MatchResources, ResourceRule } from './policy.ts';
import { namespaceOf, newObjectOf, oldObjectOf, operationOf } from './request-values.ts';

export function matchesRequest(match: MatchResources | undefined, request: AdmissionRequest): boolean {
  if (match === undefined) return true;
  const { resourceRules = [], excludeResourceRules = [] } = match;
  if (!matchesNamespace(match.namespaceSelector, request)) return false;
  if (!matchesObject(match.objectSelector, request)) return false;
  const equivalent = match.matchPolicy !== 'Exact';
  if (excludeResourceRules.some((rule) => matchesRule(rule, request, equivalent))) return false;
  return resourceRules.length === 0 || resourceRules.some((rule) => matchesRule(rule, request, equivalent));
}

/** Equivalent: a rule for one version of a resource is about all of them. */
function matchesRule(rule: ResourceRule, request: AdmissionRequest, equivalent: boolean): boolean {
  const { kind, subresource = '', name } = request;
  const { resourceNames = [] } = rule;
  return (
    includes(rule.operations, operationOf(request)) &&
    includes(rule.apiGroups, kind.group) &&
    (equivalent || includes(rule.apiVersions, kind.version)) &&
    matchesScope(rule.scope, request) &&
    (rule.resources ?? []).some((resource) => matchesResource(resource, kind.resource, subresource)) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}

function includes(list: readonly string[] = [], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

function matchesScope(scope: string | undefined, { kind, namespace }: AdmissionRequest): boolean {
  if (scope === undefined || scope === '*') return true;
  const isNamespace = kind.group === '' && kind.resource === 'namespaces';
  return (scope === 'Namespaced') === (namespace !== '' && !isNamespace);
}

// `pods`, `pods/status`, all subresources, all resources: a star stands for any name.
function matchesResource(wanted: string, resource: string, subresource: string): boolean {
  const [name = '', sub = ''] = wanted.split('/');
  return (name === '*' || name === resource) && (sub === '*' || sub === subresource);
}

function isEmpty({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** Objects without a namespace are not excluded by one. */
function matchesNamespace(selector: LabelSelector | undefined, request: AdmissionRequest): boolean {
  if (selector === undefined || isEmpty(selector)) return true;
  const { kind } = request;
  if (kind.group === '' && kind.resource === 'namespaces') {
    const namespace = newObjectOf(request) ?? oldObjectOf(request);
    return matchesSelector(selector, namespace?.metadata.labels);
  }
  if (request.namespace === '') return true;
  return matchesSelector(selector, namespaceOf(request)?.metadata.labels);
}

function matchesObject(selector: LabelSelector | undefined, request: AdmissionRequest): boolean {
  if (selector === undefined || isEmpty(selector)) return true;
  const matches = (object: KubeObject | null) => object !== null && matchesSelector(selector, object.metadata.labels);
  return matches(newObjectOf(request)) || matches(oldObjectOf(request));
}
