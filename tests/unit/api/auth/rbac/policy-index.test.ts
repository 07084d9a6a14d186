// The index against the definition: whatever is written in whatever order, a decision is the one a search through every
// role and binding comes to.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PolicyIndex } from '../../../../../infra/api/auth/rbac/policy-index.ts';
import { rbacAuthorizer } from '../../../../../infra/api/auth/rbac/rbac-authorizer.ts';
import { ruleAllows } from '../../../../../infra/api/auth/rbac/rule.ts';
import type { UserInfo } from '../../../../../infra/api/auth/user.ts';
import type { Revision } from '../../../../../streams/base/brand.ts';
import type { EventId } from '../../../../../streams/log/event.ts';
import { subjectOf } from '../../../../../streams/log/subjects.ts';
import { encodeObject } from '../../../../../streams/resources/encode.ts';
import type { Binding, PolicyRule, Role } from '../../../../../streams/resources/rbac.ts';
import { ObjectView } from '../../../../../streams/views/object-view.ts';
import { resourceByKind } from '../../../../kit/given-world.ts';
import { aBinding, about, aClusterRole, aRole, user } from '../../../../kit/rbac.ts';

const namespaces = ['d', 'e'];
const verbs = ['get', 'list'];
const users: readonly UserInfo[] = [
  user('jane', 'devs'),
  user('bob'),
  user('system:serviceaccount:d:sa', 'system:serviceaccounts'),
];
const requests = [
  ...namespaces.map((namespace) => about(`GET /api/v1/namespaces/${namespace}/pods/x`)),
  about('GET /api/v1/namespaces/d/pods'),
  about('GET /api/v1/pods'),
];

const rule = fc
  .record({ verbs: fc.subarray(verbs, { minLength: 1 }) })
  .map(({ verbs: some }): PolicyRule => ({ verbs: some, apiGroups: [''], resources: ['pods'] }));
const rules = fc.array(rule, { minLength: 1, maxLength: 2 });
// Few names, so that most bindings find their role.
const name = fc.constantFrom('a', 'a', 'b');
const namespace = fc.constantFrom(...namespaces);
const subject = fc.constantFrom('User jane', 'User bob', 'Group devs', 'ServiceAccount d/sa', 'ServiceAccount sa');
const written = fc.oneof(
  fc.tuple(name, rules).map(([role, some]) => aClusterRole(role, some)),
  fc.tuple(namespace, name, rules).map(([where, role, some]) => aRole(`${where}/${role}`, some)),
  fc
    .tuple(
      fc.constantFrom('x', 'd/x', 'e/x', 'd/y'),
      fc.constantFrom('ClusterRole', 'Role'),
      name,
      fc.array(subject, { minLength: 1, maxLength: 3 }),
    )
    .map(([where, kind, role, subjects]) => aBinding(where, `${kind} ${role}`, ...subjects)),
);
const step = fc.record({ object: written, gone: fc.nat(4).map((chance) => chance === 0) });

type Stored = Role | Binding;

function idOf({ kind, metadata }: Stored): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

/** A view that is told what happens, beside the objects there are. */
function cluster() {
  const view = new ObjectView();
  const objects = new Map<string, Stored>();
  let revision = 0;
  const happens = (object: Stored, gone: boolean) => {
    const resource = resourceByKind[object.kind];
    if (resource === undefined) throw new Error(`no resource for ${object.kind}`);
    const { name: called, namespace: where = '' } = object.metadata;
    if (gone && !objects.delete(idOf(object))) return;
    if (!gone) objects.set(idOf(object), object);
    revision++;
    view.apply({
      id: `e${revision}` as EventId,
      type: 'x.happened',
      from: gone ? 'Present' : null,
      to: gone ? null : 'Present',
      timeMs: revision,
      author: { user: 'test' },
      cause: null,
      seen: 0 as Revision,
      object: encodeObject(object),
      stream: 'LOG',
      subject: subjectOf({ group: resource.group, resource: resource.resource, namespace: where, name: called }),
      revision: revision as Revision,
    });
  };
  return { view, objects, happens };
}

function isBound(
  { kind, name: called, namespace: of }: NonNullable<Binding['subjects']>[number],
  who: UserInfo,
  where: string,
) {
  if (kind === 'User') return called === who.username;
  if (kind === 'Group') return who.groups.includes(called);
  const home = of ?? where;
  return home !== '' && who.username === `system:serviceaccount:${home}:${called}`;
}

function searched(objects: ReadonlyMap<string, Stored>, who: UserInfo, request: (typeof requests)[number]): boolean {
  return [...objects.values()].some((object) => {
    if (!('roleRef' in object)) return false;
    const where = object.metadata.namespace ?? '';
    if (where !== '' && where !== request.namespace) return false;
    if (!(object.subjects ?? []).some((one) => isBound(one, who, where))) return false;
    const { kind, name: called } = object.roleRef;
    const role = objects.get(`${kind} ${kind === 'Role' ? where : ''}/${called}`) as Role | undefined;
    return (role?.rules ?? []).some((one) => ruleAllows(one, request));
  });
}

test('a decision is what a search through everything comes to, after every change', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) => {
      const { view, objects, happens } = cluster();
      const authorizer = rbacAuthorizer(new PolicyIndex(view));
      for (const { object, gone } of steps) {
        happens(object, gone);
        for (const who of users) {
          for (const request of requests) {
            const allowed = authorizer.authorize({ user: who, request }).kind === 'allowed';
            expect(allowed).toBe(searched(objects, who, request));
          }
        }
      }
    }),
  );
});
