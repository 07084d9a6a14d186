// The controllers around access as tables: aggregated cluster roles, and tokens kept in Secrets.

import { describe, expect, test } from 'vitest';
import { clusterRoleAggregationController } from '../../actors/controllers/clusterrole-aggregation.ts';
import { serviceAccountTokenController } from '../../actors/controllers/service-account-token.ts';
import type { Secret } from '../../streams/resources/config.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { ClusterRole, PolicyRule } from '../../streams/resources/rbac.ts';
import { planOf, reconciled, worldOf } from '../kit/given-world.ts';
import { aClusterRole } from '../kit/rbac.ts';

const gets = (resource: string): PolicyRule => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });

describe('an aggregated cluster role', () => {
  const label = (of: string) => ({ [`to-${of}`]: 'true' });
  const joins = (name: string, of: string, ...rules: PolicyRule[]): ClusterRole => {
    const role = aClusterRole(name, rules);
    return { ...role, metadata: { ...role.metadata, labels: label(of) } };
  };
  const gathers = (name: string, of: readonly string[], rules: readonly PolicyRule[] = []): ClusterRole =>
    aClusterRole(name, rules, {
      aggregationRule: { clusterRoleSelectors: of.map((one) => ({ matchLabels: label(one) })) },
    });

  function rulesOf(key: string, ...roles: ClusterRole[]): readonly string[] | undefined {
    const [write] = planOf(clusterRoleAggregationController(), worldOf(...roles), { key }).writes;
    if (write?.kind !== 'update') return undefined;
    return ((write.object as ClusterRole).rules ?? []).map(({ resources }) => String(resources));
  }

  test('has the rules of the roles it selects, by their names', () => {
    const roles = [
      joins('b', 'view', gets('pods')),
      joins('a', 'view', gets('services')),
      joins('c', 'edit', gets('secrets')),
    ];
    expect(rulesOf('view', gathers('view', ['view']), ...roles)).toEqual(['services', 'pods']);
  });

  test('has each rule once, in the order of its selectors', () => {
    const roles = [joins('a', 'view', gets('pods')), joins('b', 'edit', gets('secrets'), gets('pods'))];
    expect(rulesOf('edit', gathers('edit', ['edit', 'view']), ...roles)).toEqual(['secrets', 'pods']);
  });

  test('does not gather itself', () => {
    const own = gathers('view', ['view'], [gets('nodes')]);
    const labelled = { ...own, metadata: { ...own.metadata, labels: label('view') } };
    expect(rulesOf('view', labelled, joins('a', 'view', gets('pods')))).toEqual(['pods']);
  });

  test('loses what it no longer selects', () => {
    expect(rulesOf('view', gathers('view', ['view'], [gets('pods')]))).toEqual([]);
  });

  test('is left alone where it is right, and so are the roles that gather nothing', () => {
    const right = gathers('view', ['view'], [gets('pods')]);
    const role = joins('a', 'view', gets('pods'));
    expect(rulesOf('view', right, role)).toBeUndefined();
    expect(rulesOf('a', right, role)).toBeUndefined();
  });

  test('is looked at when a role joins or leaves it, and no other is', () => {
    const [watch] = clusterRoleAggregationController().watches;
    const world = worldOf(gathers('edit', ['edit']), gathers('view', ['view']), joins('a', 'view', gets('pods')));
    const resource = { group: 'rbac.authorization.k8s.io', resource: 'clusterroles' };
    const current = world.stored(resource, { name: 'a' });
    if (current === undefined) throw new Error('the role is there');
    const keys = (type: 'ADDED' | 'DELETED') =>
      watch?.keys({ type, ref: current.ref, current, previous: undefined }, world);
    expect(keys('ADDED')).toEqual(['view']);
    expect(keys('DELETED')).toEqual(['view']);
  });
});

describe('a secret that is a service account’s token', () => {
  const mint = ({ secret, account }: { secret: string; account: { name: string } }) =>
    `token of ${account.name} in ${secret}`;
  const controller = serviceAccountTokenController({ ca: 'the CA', mint });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const account = (uid = 'u'): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'd', name: 'builder', uid },
  });
  const secret = (change: Partial<Secret> = {}, uid?: string): Secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace: 'd',
      name: 's',
      uid: 'su',
      annotations: {
        'kubernetes.io/service-account.name': 'builder',
        ...(uid !== undefined && { 'kubernetes.io/service-account.uid': uid }),
      },
    },
    type: 'kubernetes.io/service-account-token',
    ...change,
  });
  const when = (...objects: KubeObject[]) => reconciled(controller, worldOf(...objects), { key: 'd/s' });
  const full = { 'ca.crt': base64('the CA'), namespace: base64('d'), token: base64('kept') };

  test('is filled with the token, the CA and the namespace', () => {
    const [write] = planOf(controller, worldOf(account(), secret({ data: { mine: 'x' } })), { key: 'd/s' }).writes;
    if (write?.kind !== 'update') throw new Error('an update was planned');
    const filled = write.object as Secret;
    expect(filled.data).toEqual({ ...full, token: base64('token of builder in s'), mine: 'x' });
    expect(filled.metadata.annotations?.['kubernetes.io/service-account.uid']).toBe('u');
  });

  test('keeps its token, and gets a new CA', () => {
    const old = secret({ data: { ...full, 'ca.crt': base64('old') } }, 'u');
    expect(when(account(), old)).toEqual([expect.stringContaining('data.ca.crt')]);
    expect(when(account(), secret({ data: full }, 'u'))).toEqual([]);
  });

  test('goes with its account, and with one that is another by that name', () => {
    expect(when(secret({ data: full }, 'u'))).toEqual([expect.stringContaining('delete secrets s')]);
    expect(when(account('v'), secret({ data: full }, 'u'))).toEqual([expect.stringContaining('delete secrets s')]);
  });

  test('of another type is left alone', () => {
    expect(when(secret({ type: 'Opaque' }))).toEqual([]);
  });
});
