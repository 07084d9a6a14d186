// The namespace, service account and root CA controllers as tables: given these objects, when the namespace is looked
// at, then these writes.

import { describe, expect, test } from 'vitest';
import { namespaceController } from '../../actors/controllers/namespace.ts';
import { rootCaPublisher } from '../../actors/controllers/root-ca-publisher.ts';
import { serviceAccountController } from '../../actors/controllers/service-account.ts';
import type { Namespace } from '../../streams/resources/config.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { planOf, reconciled, worldOf } from '../kit/given-world.ts';
import { aConfigMap, aNamespace, aPod, aService, at } from '../kit/workloads.ts';

const key = 'default';
const leaving = (change: Partial<Namespace> = {}) =>
  aNamespace(key, { meta: { deletionTimestamp: at(0) }, status: { phase: 'Terminating' }, ...change });

function when(...objects: KubeObject[]): string[] {
  return reconciled(namespaceController(), worldOf(...objects), { key });
}

describe('a namespace that is to go', () => {
  test('first loses its pods, and tells what is left', () => {
    expect(when(leaving({ status: { phase: 'Active' } }), aPod('a'), aService('s'), aConfigMap('c'))).toEqual([
      'delete pods a Background',
      expect.stringContaining('status.phase "Active" → "Terminating"'),
      'again after 15000 ms',
    ]);
  });

  test('says it in the words kubectl shows', () => {
    const finalizers = ['example.com/hold'];
    const world = worldOf(
      leaving(),
      aPod('a'),
      aPod('b', { meta: { finalizers } }),
      aService('s', { meta: { finalizers } }),
    );
    const write = planOf(namespaceController(), world, { key }).writes.at(-1);
    if (write?.kind !== 'update') throw new Error('no status was planned');
    expect(
      (write.object as Namespace).status?.conditions?.map(({ type, status, message }) => [type, status, message]),
    ).toEqual([
      ['NamespaceDeletionDiscoveryFailure', 'False', 'All resources successfully discovered'],
      ['NamespaceDeletionGroupVersionParsingFailure', 'False', 'All legacy kube types successfully parsed'],
      ['NamespaceDeletionContentFailure', 'False', 'All content successfully deleted, may be waiting on finalization'],
      [
        'NamespaceContentRemaining',
        'True',
        'Some resources are remaining: pods. has 2 resource instances, services. has 1 resource instances',
      ],
      [
        'NamespaceFinalizersRemaining',
        'True',
        'Some content in the namespace has finalizers remaining: example.com/hold in 2 resource instances',
      ],
    ]);
  });

  test('waits for its pods to end before anything else goes', () => {
    const ending = aPod('a', { meta: { deletionTimestamp: at(30) } });
    expect(when(leaving(), ending, aService('s')).some((line) => line.startsWith('delete'))).toBe(false);
  });

  test('then loses everything else', () => {
    const lines = when(leaving(), aService('s'), aConfigMap('c'), aConfigMap('elsewhere', { namespace: 'other' }));
    expect(lines.filter((line) => line.startsWith('delete'))).toEqual([
      'delete configmaps c Background',
      'delete services s Background',
    ]);
  });

  test('once it is empty is let go', () => {
    expect(when(leaving(), aConfigMap('elsewhere', { namespace: 'other' }))).toEqual([
      'update namespaces/finalize default: spec.finalizers ["kubernetes"] → []',
    ]);
  });

  test('is deleted for good where only its spec held it, and left to others where they hold it', () => {
    expect(when(leaving({ spec: { finalizers: [] } }))).toEqual(['delete namespaces default']);
    expect(when(leaving({ spec: { finalizers: ['example.com/mine'] } }))).toEqual([]);
    const held = { deletionTimestamp: at(0), finalizers: ['example.com/mine'] };
    expect(when(aNamespace(key, { meta: held, spec: { finalizers: [] } }))).toEqual([]);
  });

  test('tells what could not be deleted', () => {
    const write = { kind: 'delete', resource: { group: '', resource: 'pods' }, namespace: key, name: 'a' } as const;
    const failures = [{ write, reason: 'Forbidden', message: 'not allowed' } as const];
    const plan = planOf(namespaceController(), worldOf(leaving(), aPod('a')), { key, failures });
    expect(JSON.stringify(plan.writes.at(-1))).toContain(
      'Failed to delete all resource types, 1 remaining: not allowed',
    );
  });
});

test('a namespace that stays is left alone', () => {
  expect(when(aNamespace(key), aPod('a'))).toEqual([]);
});

describe('every namespace', () => {
  test.each([
    ['has a service account', serviceAccountController(), 'create serviceaccounts default'],
    ["has the cluster's CA", rootCaPublisher('PEM'), 'create configmaps kube-root-ca.crt'],
  ])('%s', (_, controller, line) => {
    expect(reconciled(controller, worldOf(aNamespace(key)), { key })).toEqual([line]);
    expect(reconciled(controller, worldOf(leaving()), { key })).toEqual([]);
    expect(reconciled(controller, worldOf(), { key })).toEqual([]);
  });

  test('that has a service account is not given another', () => {
    const account = { ...aConfigMap('default'), kind: 'ServiceAccount' };
    expect(reconciled(serviceAccountController(), worldOf(aNamespace(key), account), { key })).toEqual([]);
  });

  test('gets the CA back where it was changed', () => {
    const [write] = planOf(rootCaPublisher('PEM'), worldOf(aNamespace(key)), { key }).writes;
    if (write?.kind !== 'create') throw new Error('nothing was planned');
    const published = { ...write.object, metadata: { ...write.object.metadata, uid: 'u', name: 'kube-root-ca.crt' } };
    const { description } = { description: 'kubernetes.io/description' };
    expect(published.metadata.annotations?.[description]).toMatch(/^Contains a CA bundle/);
    const when = (object: KubeObject) => reconciled(rootCaPublisher('PEM'), worldOf(aNamespace(key), object), { key });
    expect(when(published as KubeObject)).toEqual([]);
    expect(when({ ...published, data: { 'ca.crt': 'forged' } } as KubeObject)).toEqual([
      'update configmaps kube-root-ca.crt: data.ca.crt "forged" → "PEM"',
    ]);
  });
});
