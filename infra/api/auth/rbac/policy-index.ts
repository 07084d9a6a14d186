// Which rules a user has in a namespace. Bindings are indexed by whom they name and kept up by the view's changes; what
// a user is granted is put together once and remembered until a role or binding changes, so that a decision on the hot
// path neither searches nor allocates. Invariant: after a change nothing of the time before it is answered.

import { resources } from '../../../../streams/resources/names.ts';
import type { PolicyRule, Role, Binding as RoleBinding, RoleRef, Subject } from '../../../../streams/resources/rbac.ts';
import type { ObjectView } from '../../../../streams/views/object-view.ts';
import type { StoredObject } from '../../../../streams/views/stored-object.ts';
import { serviceAccountUsername, type UserInfo } from '../user.ts';

/** What one binding gives to a user. */
export type Grant = {
  /** Who is bound to what, e.g. `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`. */
  readonly source: string;
  readonly rules: readonly PolicyRule[];
};

export type Grants = {
  readonly granted: readonly Grant[];
  /** Roles that are bound and are not there, e.g. `clusterrole.rbac.authorization.k8s.io "x" not found`. */
  readonly missing: readonly string[];
};

type Bound = { readonly stored: StoredObject; readonly namespace: string };
/** Bindings of one namespace, or of the cluster, by the name of those they are for. */
type Scope = { readonly users: Map<string, Set<Bound>>; readonly groups: Map<string, Set<Bound>>; size: number };
type Remembered = { readonly generation: number; readonly byNamespace: Map<string, Grants> };

const clusterWide = '';
const nothing: Grants = { granted: [], missing: [] };

export class PolicyIndex {
  readonly #view: ObjectView;
  readonly #scopes = new Map<string, Scope>();
  readonly #bound = new Map<string, Bound>();
  readonly #remembered = new WeakMap<UserInfo, Remembered>();
  #generation = 0;
  #following = false;

  /** The view may still be booting: it is read when the first question is asked. */
  constructor(view: ObjectView) {
    this.#view = view;
  }

  /** What the bindings of the whole cluster give to the user. */
  clusterGrants(user: UserInfo): Grants {
    return this.#grants(user, clusterWide);
  }

  /** What those of one namespace add; an empty namespace has none. */
  namespaceGrants(user: UserInfo, namespace: string): Grants {
    this.#follow();
    if (namespace === '' || !this.#scopes.has(namespace)) return nothing;
    return this.#grants(user, namespace);
  }

  /** Every rule the user has there, and the roles that are missing. */
  rulesFor(user: UserInfo, namespace: string): { rules: readonly PolicyRule[]; missing: readonly string[] } {
    const both = [this.clusterGrants(user), this.namespaceGrants(user, namespace)];
    const rules = both.flatMap(({ granted }) => granted.flatMap((grant) => grant.rules));
    return { rules, missing: both.flatMap(({ missing }) => missing) };
  }

  /** The rules of the role a binding in that namespace refers to; the text says which role there is not. */
  rulesOf({ kind = '', name = '' }: Partial<RoleRef>, namespace: string): readonly PolicyRule[] | string {
    switch (kind) {
      case 'ClusterRole': {
        const role = this.#view.get<Role>(resources.clusterRoles, { name });
        return role === undefined ? missing('clusterrole', name) : (role.rules ?? []);
      }
      case 'Role': {
        const role = this.#view.get<Role>(resources.roles, { namespace, name });
        return role === undefined ? missing('role', name) : (role.rules ?? []);
      }
      default:
        return `unsupported role reference kind: ${JSON.stringify(kind)}`;
    }
  }

  #grants(user: UserInfo, namespace: string): Grants {
    this.#follow();
    let remembered = this.#remembered.get(user);
    if (remembered?.generation !== this.#generation) {
      remembered = { generation: this.#generation, byNamespace: new Map() };
      this.#remembered.set(user, remembered);
    }
    let grants = remembered.byNamespace.get(namespace);
    if (grants === undefined) {
      grants = this.#collect(user, namespace);
      remembered.byNamespace.set(namespace, grants);
    }
    return grants;
  }

  #collect(user: UserInfo, namespace: string): Grants {
    const scope = this.#scopes.get(namespace);
    if (scope === undefined) return nothing;
    const found = new Set(scope.users.get(user.username));
    for (const group of user.groups) for (const bound of scope.groups.get(group) ?? []) found.add(bound);
    const granted: Grant[] = [];
    const missingRoles: string[] = [];
    for (const { stored } of [...found].sort((a, b) => (a.stored.key < b.stored.key ? -1 : 1))) {
      const binding = bindingOf(stored);
      const rules = this.rulesOf(binding.roleRef ?? {}, namespace);
      if (typeof rules === 'string') missingRoles.push(rules);
      else granted.push({ source: sourceText(binding, user), rules });
    }
    return { granted, missing: missingRoles };
  }

  #follow(): void {
    if (this.#following) return;
    this.#following = true;
    for (const name of [resources.clusterRoleBindings, resources.roleBindings]) {
      const view = this.#view.resource(name);
      for (const stored of view.select()) this.#put(stored);
      view.listen(({ type, current }) => {
        this.#generation++;
        this.#remove(current);
        if (type !== 'DELETED') this.#put(current);
      });
    }
    for (const name of [resources.clusterRoles, resources.roles]) {
      this.#view.resource(name).listen(() => {
        this.#generation++;
      });
    }
  }

  #put(stored: StoredObject): void {
    const { namespace } = stored.ref;
    const bound: Bound = { stored, namespace };
    this.#bound.set(idOf(stored), bound);
    let scope = this.#scopes.get(namespace);
    if (scope === undefined) {
      scope = { users: new Map(), groups: new Map(), size: 0 };
      this.#scopes.set(namespace, scope);
    }
    scope.size++;
    for (const { index, name } of namesOf(stored)) {
      const known = scope[index].get(name);
      if (known === undefined) scope[index].set(name, new Set([bound]));
      else known.add(bound);
    }
  }

  #remove(stored: StoredObject): void {
    const bound = this.#bound.get(idOf(stored));
    if (bound === undefined) return;
    this.#bound.delete(idOf(stored));
    const scope = this.#scopes.get(bound.namespace);
    if (scope === undefined) return;
    for (const { index, name } of namesOf(bound.stored)) {
      const known = scope[index].get(name);
      known?.delete(bound);
      if (known?.size === 0) scope[index].delete(name);
    }
    if (--scope.size === 0) this.#scopes.delete(bound.namespace);
  }
}

function idOf({ ref, key }: StoredObject): string {
  return `${ref.resource}/${key}`;
}

function bindingOf(stored: StoredObject): RoleBinding {
  return stored.object as unknown as RoleBinding;
}

type Named = { readonly index: 'users' | 'groups'; readonly name: string };

function namesOf(stored: StoredObject): Named[] {
  const { namespace } = stored.ref;
  return (bindingOf(stored).subjects ?? []).flatMap((subject): Named[] => {
    switch (subject.kind) {
      case 'User':
        return [{ index: 'users', name: subject.name }];
      case 'Group':
        return [{ index: 'groups', name: subject.name }];
      case 'ServiceAccount': {
        const username = accountOf(subject, namespace);
        return username === undefined ? [] : [{ index: 'users', name: username }];
      }
      default:
        return [];
    }
  });
}

/** The username of a service account that is a subject; undefined where nothing says which namespace it is in. */
function accountOf({ name, namespace = '' }: Subject, bindingNamespace: string): string | undefined {
  const where = namespace === '' ? bindingNamespace : namespace;
  return where === '' ? undefined : serviceAccountUsername({ namespace: where, name });
}

function sourceText({ metadata, kind, roleRef, subjects }: RoleBinding, user: UserInfo): string {
  const { name, namespace = '' } = metadata;
  const subject = (subjects ?? []).find((candidate) => applies(candidate, { user, namespace }));
  const binding = `${kind} ${JSON.stringify(namespace === '' ? name : `${name}/${namespace}`)}`;
  const role = `${roleRef.kind} ${JSON.stringify(roleRef.name)}`;
  return `${binding} of ${role} to ${subject === undefined ? '' : subjectText(subject, namespace)}`;
}

function applies(subject: Subject, { user, namespace }: { user: UserInfo; namespace: string }): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.name === user.username;
    case 'Group':
      return user.groups.includes(subject.name);
    default:
      return accountOf(subject, namespace) === user.username;
  }
}

function subjectText({ kind, name, namespace = '' }: Subject, bindingNamespace: string): string {
  const told = kind === 'ServiceAccount' ? `${name}/${namespace === '' ? bindingNamespace : namespace}` : name;
  return `${kind} ${JSON.stringify(told)}`;
}

function missing(resource: string, name: string): string {
  return `${resource}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`;
}
