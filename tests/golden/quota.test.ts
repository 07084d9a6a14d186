// The controllers that count and protect, as tables: resource quotas, and claims and volumes in use.

import { describe, expect, test } from 'vitest';
import { resourceQuotaController } from '../../actors/controllers/quota/resource-quota.ts';
import {
  pvcProtection,
  pvcProtectionController,
  pvProtection,
  pvProtectionController,
} from '../../actors/controllers/storage-protection.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Pod, PodSpec, Quantities } from '../../streams/resources/pod.ts';
import type { ResourceQuota } from '../../streams/resources/quota.ts';
import { planOf, reconciled, worldOf } from '../kit/given-world.ts';
import { aConfigMap, aPod, aService, at, atMs, type Meta, meta, type PodTraits, somePods } from '../kit/workloads.ts';

function aQuota(hard: Quantities, more: Partial<ResourceQuota> = {}): ResourceQuota {
  const { spec, ...rest } = more;
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: meta('q'), spec: { hard, ...spec }, ...rest };
}

function asking(cpu: string, memory: string, traits: PodTraits = {}): PodTraits {
  const resources = { requests: { cpu, memory } };
  return { ...traits, spec: { containers: [{ name: 'c', image: 'x', resources }], ...traits.spec } };
}

describe('a quota', () => {
  const controller = resourceQuotaController();
  const used = (
    hard: Quantities,
    objects: readonly KubeObject[],
    nowMs = atMs(0),
    spec: ResourceQuota['spec'] = {},
  ) => {
    const [write] = planOf(controller, worldOf(aQuota(hard, { spec }), ...objects), { key: 'default/q', nowMs }).writes;
    return write?.kind === 'update' ? (write.object as ResourceQuota).status?.used : undefined;
  };

  test.each<[what: string, hard: Quantities, objects: readonly KubeObject[], used: Quantities]>([
    ['nothing', { pods: '1', 'limits.cpu': '1' }, [], { pods: '0', 'limits.cpu': '0' }],
    [
      'objects by number',
      { configmaps: '1', 'count/configmaps': '1' },
      [aConfigMap('a'), aConfigMap('b')],
      { configmaps: '2', 'count/configmaps': '2' },
    ],
    ['objects of its namespace', { configmaps: '1' }, [aConfigMap('a', { namespace: 'other' })], { configmaps: '0' }],
    [
      'what pods ask for',
      { cpu: '9', 'requests.memory': '9Gi' },
      somePods('p', 3, asking('500m', '1Gi')),
      { cpu: '1500m', 'requests.memory': '3Gi' },
    ],
    [
      'pods that are over by number only',
      { pods: '9', 'count/pods': '9', cpu: '9' },
      [aPod('a', asking('1', '1Gi', { phase: 'Succeeded' })), aPod('b', asking('1', '1Gi'))],
      { pods: '1', 'count/pods': '2', cpu: '1' },
    ],
    [
      'overhead too',
      { cpu: '9' },
      [aPod('a', asking('1', '1Gi', { spec: { overhead: { cpu: '250m' } } as Partial<PodSpec> }))],
      { cpu: '1250m' },
    ],
    [
      'ports of services',
      { 'services.nodeports': '9', 'services.loadbalancers': '9' },
      [aService('a', { type: 'NodePort' }), aService('b', { type: 'LoadBalancer' }), aService('c')],
      { 'services.nodeports': '2', 'services.loadbalancers': '1' },
    ],
  ])('counts %s', (_, hard, objects, expected) => {
    expect(used(hard, objects)).toEqual(expected);
  });

  test('does not count a pod that should have been gone by now', () => {
    const pod = aPod('a', { meta: { deletionTimestamp: at(0), deletionGracePeriodSeconds: 30 } });
    expect(used({ pods: '1' }, [pod], atMs(30))).toEqual({ pods: '1' });
    expect(used({ pods: '1' }, [pod], atMs(31))).toEqual({ pods: '0' });
  });

  test('counts what is in its scopes', () => {
    const ending = aPod('a', { spec: { activeDeadlineSeconds: 5 } as Partial<PodSpec> });
    expect(used({ pods: '9' }, [ending, aPod('b')], atMs(0), { scopes: ['Terminating'] })).toEqual({ pods: '1' });
  });

  test.each<[scope: string, operator: string, values: string[], counts: boolean]>([
    ['VolumeAttributesClass', 'Exists', [], true],
    ['VolumeAttributesClass', 'In', ['gold'], true],
    ['VolumeAttributesClass', 'In', ['silver'], true],
    ['VolumeAttributesClass', 'In', ['bronze'], false],
    ['PriorityClass', 'Exists', [], false],
  ])('counts a claim that goes from silver to gold in scope %s %s %j: %s', (scopeName, operator, values, counts) => {
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: meta('c'),
      spec: { volumeAttributesClassName: 'gold' },
      status: { currentVolumeAttributesClassName: 'silver' },
    } as KubeObject;
    const scopeSelector = { matchExpressions: [{ scopeName, operator, ...(values.length > 0 && { values }) }] };
    const expected = { persistentvolumeclaims: counts ? '1' : '0' };
    expect(used({ persistentvolumeclaims: '9' }, [claim], atMs(0), { scopeSelector })).toEqual(expected);
  });

  test.each<[term: object, counts: boolean]>([
    [{ topologyKey: 'z' }, false],
    [{ topologyKey: 'z', namespaces: ['other'] }, true],
    [{ topologyKey: 'z', namespaceSelector: {} }, true],
  ])('counts a pod that looks across namespaces: %j %s', (term, counts) => {
    const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    const pod = aPod('a', { spec: { affinity } as Partial<PodSpec> });
    const spec = { scopes: ['CrossNamespacePodAffinity'] };
    expect(used({ pods: '9' }, [pod], atMs(0), spec)).toEqual({ pods: counts ? '1' : '0' });
  });

  test('counts storage, by class too', () => {
    const claim = (name: string, storageClassName?: string): KubeObject =>
      ({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: meta(name),
        spec: { resources: { requests: { storage: '1Gi' } }, ...(storageClassName && { storageClassName }) },
      }) as KubeObject;
    const hard = {
      'requests.storage': '9Gi',
      persistentvolumeclaims: '9',
      'fast.storageclass.storage.k8s.io/requests.storage': '9Gi',
    };
    expect(used(hard, [claim('a'), claim('b', 'fast')])).toEqual({
      'requests.storage': '2Gi',
      persistentvolumeclaims: '2',
      'fast.storageclass.storage.k8s.io/requests.storage': '1Gi',
    });
  });

  test('is written where something differs, and looked at again after five minutes', () => {
    const status = { hard: { pods: '1' }, used: { pods: '0' } };
    const when = (objects: readonly KubeObject[]) => reconciled(controller, worldOf(...objects), { key: 'default/q' });
    expect(when([aQuota({ pods: '1' }, { status })])).toEqual(['again after 300000 ms']);
    expect(when([aQuota({ pods: '2' }, { status })])).toEqual([
      'update resourcequotas/status q: status.hard.pods "1" → "2"',
      'again after 300000 ms',
    ]);
  });
});

describe('a claim', () => {
  const controller = pvcProtectionController();
  const claim = (change: Meta): KubeObject => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: meta('data', change),
  });
  const when = (...objects: readonly KubeObject[]) =>
    reconciled(controller, worldOf(...objects), { key: 'default/data' });
  const user = (traits: PodTraits = {}): Pod =>
    aPod('a', {
      ...traits,
      spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } as Partial<PodSpec>,
    });
  const leaving = claim({ deletionTimestamp: at(0), finalizers: [pvcProtection] });

  test('has its finalizer while it lives', () => {
    expect(when(claim({}))).toEqual([
      `update persistentvolumeclaims data: metadata.finalizers none → ["${pvcProtection}"]`,
    ]);
    expect(when(claim({ finalizers: [pvcProtection] }))).toEqual([]);
  });

  test('that is to go stays as long as a pod uses it', () => {
    expect(when(leaving, user())).toEqual([]);
    const goes = [`update persistentvolumeclaims data: metadata.finalizers ["${pvcProtection}"] → none`];
    expect(when(leaving)).toEqual(goes);
    // A pod uses what it names until it is gone, also after it is over (pvc_protection_controller.go).
    expect(when(leaving, user({ phase: 'Succeeded' }))).toEqual([]);
    expect(when(leaving, user({ node: '', phase: 'Pending' }))).toEqual(goes);
    expect(when(leaving, aPod('other'))).toEqual(goes);
  });
});

test('a volume that is to go stays as long as a claim is bound to it', () => {
  const volume = (phase: string): KubeObject => {
    const { namespace: _, ...metadata } = meta('v', { deletionTimestamp: at(0), finalizers: [pvProtection] });
    return { apiVersion: 'v1', kind: 'PersistentVolume', metadata, status: { phase } } as KubeObject;
  };
  const when = (phase: string) => reconciled(pvProtectionController(), worldOf(volume(phase)), { key: 'v' });
  expect(when('Bound')).toEqual([]);
  expect(when('Released')).toEqual([`update persistentvolumes v: metadata.finalizers ["${pvProtection}"] → none`]);
});
