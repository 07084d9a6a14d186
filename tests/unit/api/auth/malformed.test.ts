// What is wrong with a role or binding is told to its author, and never stands in the way of anybody else's decision.

import { describe, expect, test } from 'vitest';
import { apiWorld, type Body } from '../../../kit/api-world.ts';

const group = 'rbac.authorization.k8s.io';
const api = `/apis/${group}/v1`;
const author = { commonName: 'author', organizations: ['authors'] };
const user = [{ kind: 'User', apiGroup: group, name: 'jane' }];
const roleRef = { kind: 'ClusterRole', name: 'x', apiGroup: group };

describe('a malformed', () => {
  test.each<[string, string, Body]>([
    ['rule', 'clusterroles', { rules: [{}] }],
    ['list of verbs', 'clusterroles', { rules: [{ verbs: null, apiGroups: [''], resources: ['x'] }] }],
    ['list of groups', 'clusterroles', { rules: [{ verbs: ['get'], apiGroups: null, resources: ['x'] }] }],
    ['list of rules', 'clusterroles', { rules: 'all' }],
    ['selector', 'clusterroles', { aggregationRule: { clusterRoleSelectors: [] } }],
    ['reference', 'clusterrolebindings', { subjects: user }],
    [
      'reference to a role of no namespace',
      'clusterrolebindings',
      { subjects: user, roleRef: { ...roleRef, kind: 'Role' } },
    ],
    ['kind of role', 'clusterrolebindings', { subjects: user, roleRef: { ...roleRef, kind: 'Thing' } }],
    ['service account', 'clusterrolebindings', { subjects: [{ kind: 'ServiceAccount', name: 'a' }], roleRef }],
    ['subject', 'clusterrolebindings', { subjects: [{ kind: 'Robot', name: 'a' }], roleRef }],
  ])('%s is refused, also before its author’s rights are counted', async (_, resource, body) => {
    const world = await apiWorld();
    await world.create(`clusterroles.${group}`, {
      metadata: { name: 'authors' },
      rules: [{ verbs: ['create', 'bind'], apiGroups: [group], resources: ['clusterroles', 'clusterrolebindings'] }],
    });
    await world.create(`clusterrolebindings.${group}`, {
      metadata: { name: 'authors' },
      subjects: [{ kind: 'Group', apiGroup: group, name: 'authors' }],
      roleRef: { ...roleRef, name: 'authors' },
    });
    const asked = { method: 'POST', body: { metadata: { name: 'a' }, ...body } };
    for (const options of [asked, { ...asked, user: author }]) {
      const { code } = await world.refused(`${api}/${resource}`, options);
      expect([400, 403, 422]).toContain(code);
    }
  });
});
