// Nobody gives away rights they do not have. Whoever writes a role must hold every rule of it, or the right to
// `escalate`; whoever binds one must hold its rules, or the right to `bind` it. Components of this process, whose rights
// are the program's own, and the administrators' group may write any.

import type { AnyObject } from '../../../../streams/resources/meta.ts';
import type { Binding, ClusterRole, PolicyRule } from '../../../../streams/resources/rbac.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission/admission.ts';
import { ApiError, forbidden } from '../../errors.ts';
import { equal } from '../../registry/equal.ts';
import type { Attributes, Authorizer } from '../authorize.ts';
import { groups, type UserInfo } from '../user.ts';
import type { PolicyIndex } from './policy-index.ts';
import { joined } from './rbac-authorizer.ts';
import { compacted, fullAuthority, missingRules, quoted, ruleText } from './rule.ts';

export type EscalationPorts = { readonly index: PolicyIndex; readonly authorizer: Authorizer };

const group = 'rbac.authorization.k8s.io';

export function escalationCheck(ports: EscalationPorts): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    admit(request) {
      const { kind, operation, object, before, context, subresource } = request;
      if (kind.group !== group || operation === 'delete' || subresource !== undefined) return object;
      if (context.inProcess === true || context.user.groups.includes(groups.masters)) return object;
      if (before !== undefined && differsForDeletionOnly(object, before)) return object;
      switch (kind.resource) {
        case 'roles':
        case 'clusterroles':
          checkRole(request, ports);
          break;
        case 'rolebindings':
        case 'clusterrolebindings':
          checkBinding(request, ports);
          break;
      }
      return object;
    },
  };
}

function checkRole(request: AdmissionRequest, { index, authorizer }: EscalationPorts): void {
  const { kind, name, object, before, operation } = request;
  const user = userOf(request);
  // A creation names nobody yet: the right must then be for every name.
  const asked = operation === 'create' ? '' : name;
  const where = { namespace: namespaceOf(request), resource: kind.resource, name: asked };
  if (authorizer.authorize({ user, request: attributes('escalate', where) }).kind === 'allowed') return;
  const role = object as unknown as ClusterRole;
  const rules = Array.isArray(role.rules) ? role.rules : [];
  const complaint = complaintOf(rules, { user, namespace: where.namespace, index });
  if (complaint !== undefined) throw forbidden(kind, name, complaint);
  if (!aggregates(role) && !aggregates(before as unknown as ClusterRole | undefined)) return;
  if (complaintOf(fullAuthority, { user, namespace: where.namespace, index }) === undefined) return;
  throw forbidden(kind, name, 'must have cluster-admin privileges to use the aggregationRule');
}

function checkBinding(request: AdmissionRequest, { index, authorizer }: EscalationPorts): void {
  const { kind, name, object } = request;
  const { roleRef } = object as unknown as Binding;
  const resource = roleRef?.kind === 'ClusterRole' ? 'clusterroles' : roleRef?.kind === 'Role' ? 'roles' : undefined;
  // What no role is called by is the validation's to refuse.
  if (resource === undefined || (resource === 'roles' && kind.resource === 'clusterrolebindings')) return;
  const user = userOf(request);
  const namespace = namespaceOf(request);
  const bind = attributes('bind', { namespace, resource, name: roleRef.name });
  if (authorizer.authorize({ user, request: { ...bind, group: roleRef.apiGroup ?? group } }).kind === 'allowed') return;
  const rules = index.rulesOf(roleRef, namespace);
  if (typeof rules === 'string') {
    const details = { name: roleRef.name, group, kind: resource.slice(0, -1) };
    throw new ApiError({ code: 404, reason: 'NotFound', message: rules, details });
  }
  const complaint = complaintOf(rules, { user, namespace, index });
  if (complaint !== undefined) throw forbidden(kind, name, complaint);
}

function complaintOf(
  wanted: readonly PolicyRule[],
  { user, namespace, index }: { user: UserInfo; namespace: string; index: PolicyIndex },
): string | undefined {
  const { rules, missing } = index.rulesFor(user, namespace);
  const lacking = missingRules(rules, wanted);
  if (lacking.length === 0) return undefined;
  const told = [...new Set(compacted(lacking).map(ruleText))].sort();
  const who = `user ${JSON.stringify(user.username)} (groups=${quoted(user.groups)})`;
  const unresolved = missing.length === 0 ? '' : `; resolution errors: [${joined(missing)}]`;
  return `${who} is attempting to grant RBAC permissions not currently held:\n${told.join('\n')}${unresolved}`;
}

function aggregates(role: ClusterRole | undefined): boolean {
  return (role?.aggregationRule?.clusterRoleSelectors?.length ?? 0) > 0;
}

/** The garbage collector's changes: owners and finalizers let go. */
function differsForDeletionOnly(next: AnyObject, before: AnyObject): boolean {
  return equal(withoutOwners(next), withoutOwners(before));
}

function withoutOwners({ metadata, ...rest }: AnyObject): object {
  const { ownerReferences: _, finalizers: __, resourceVersion: ___, managedFields: ____, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

function userOf({ context }: AdmissionRequest): UserInfo {
  return { extra: {}, ...context.user };
}

function namespaceOf({ kind, namespace }: AdmissionRequest): string {
  return kind.namespaced ? namespace : '';
}

function attributes(verb: string, what: { namespace: string; resource: string; name: string }): Attributes {
  return {
    isResourceRequest: true,
    path: '',
    verb,
    group,
    subresource: '',
    fieldSelector: '',
    labelSelector: '',
    ...what,
  };
}
