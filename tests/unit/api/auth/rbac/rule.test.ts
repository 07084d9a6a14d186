import { describe, expect, test } from 'vitest';
import { compacted, missingRules, ruleAllows, ruleText } from '../../../../../infra/api/auth/rbac/rule.ts';
import type { PolicyRule } from '../../../../../streams/resources/rbac.ts';
import { about } from '../../../../kit/rbac.ts';

/** `verbs | groups | resources | names`, or `verbs | paths`. */
function rule(text: string): PolicyRule {
  const [verbs = [], first = [], resources, resourceNames] = text.split(' | ').map((column) => column.split(' '));
  if (resources === undefined) return { verbs, nonResourceURLs: first };
  const apiGroups = first.map((group) => (group === 'core' ? '' : group));
  return { verbs, apiGroups, resources, ...(resourceNames && { resourceNames }) };
}

const d = '/api/v1/namespaces/d';

describe('a rule', () => {
  test.each([
    ['get | core | pods', `GET ${d}/pods/a`],
    ['* | core | pods', `DELETE ${d}/pods`],
    ['list watch | core | pods', `GET ${d}/pods?watch=1`],
    ['get | * | *', 'GET /apis/apps/v1/namespaces/d/deployments/a'],
    ['get | core | pods/log', `GET ${d}/pods/a/log`],
    ['get | core | *', `GET ${d}/pods/a/log`],
    ['update | * | */scale', 'PUT /apis/apps/v1/namespaces/d/deployments/a/scale'],
    ['get | core | configmaps | one two', `GET ${d}/configmaps/two`],
    ['list | core | configmaps | one', `GET ${d}/configmaps?fieldSelector=metadata.name=one`],
    ['get | /version', 'GET /version'],
    ['get | /api/*', 'GET /api/v1'],
    ['get | *', 'GET /whatever'],
    ['get | /a**', 'GET /abc'],
    ['head | /healthz', 'HEAD /healthz'],
  ])('%s allows %s', (text, line) => {
    expect(ruleAllows(rule(text), about(line))).toBe(true);
  });

  test.each([
    ['get | core | pods', `GET ${d}/pods`],
    ['get | core | pods', `GET ${d}/pods/a/log`],
    ['get | core | pods/*', `GET ${d}/pods/a/log`],
    ['get | apps | pods', `GET ${d}/pods/a`],
    ['update | * | */scale', 'PUT /apis/apps/v1/namespaces/d/deployments/a/status'],
    ['update | * | */scale', 'PUT /apis/apps/v1/namespaces/d/deployments/a'],
    ['get | core | configmaps | one', `GET ${d}/configmaps/two`],
    ['list | core | configmaps | one', `GET ${d}/configmaps`],
    ['create | core | configmaps | one', `POST ${d}/configmaps`],
    ['get | /api/*', 'GET /api'],
    ['get | /api', 'GET /api/'],
    ['post | /version', 'GET /version'],
    ['* | * | *', 'GET /version'],
    ['* | *', `GET ${d}/pods`],
    ['get | core | Pods', `GET ${d}/pods/a`],
  ])('%s does not allow %s', (text, line) => {
    expect(ruleAllows(rule(text), about(line))).toBe(false);
  });
});

describe('held rules', () => {
  test.each<[string, string[], string[]]>([
    ['the same', ['get | core | pods'], ['get | core | pods']],
    ['stars', ['* | * | *'], ['get list | core apps | pods deployments/scale | a b']],
    ['several that each hold a part', ['get | core | pods', 'list | core | pods'], ['get list | core | pods']],
    ['every name, for one', ['get | core | secrets'], ['get | core | secrets | a']],
    ['a subresource of all', ['get | * | */scale'], ['get | apps | deployments/scale']],
    ['a path', ['get | /api/*'], ['get | /api/v1 /api/*']],
    ['anything, nothing', ['get | core | pods'], []],
  ])('cover %s', (_, held, wanted) => {
    expect(missingRules(held.map(rule), wanted.map(rule))).toEqual([]);
  });

  test.each<[string, string[], string[], string[]]>([
    [
      'a verb more',
      ['get | core | pods'],
      ['get list | core | pods'],
      ['{APIGroups:[""], Resources:["pods"], Verbs:["list"]}'],
    ],
    [
      'all names, by one',
      ['get | core | secrets | a'],
      ['get | core | secrets'],
      ['{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'],
    ],
    [
      'another name',
      ['get | core | secrets | a'],
      ['get | core | secrets | a b'],
      ['{APIGroups:[""], Resources:["secrets"], ResourceNames:["b"], Verbs:["get"]}'],
    ],
    [
      'verbs of one resource, told together',
      [],
      ['get | apps | deployments', 'list watch | apps | deployments'],
      ['{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list" "watch"]}'],
    ],
    ['a path beyond', ['get | /api'], ['get | /api/*'], ['{NonResourceURLs:["/api/*"], Verbs:["get"]}']],
    [
      'the resource, by its subresource',
      ['get | * | */scale'],
      ['get | apps | deployments'],
      ['{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}'],
    ],
  ])('do not cover %s', (_, held, wanted, lacking) => {
    expect(compacted(missingRules(held.map(rule), wanted.map(rule))).map(ruleText)).toEqual(lacking);
  });
});
