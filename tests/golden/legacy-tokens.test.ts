// Tokens kept in secrets of old, as a table: given one that was used or not, a year later or two, then it is marked, or goes.

import { describe, expect, test } from 'vitest';
import { legacyTokenCleaner, legacyTokenTracking } from '../../actors/controllers/legacy-tokens.ts';
import type { ConfigMap, Secret } from '../../streams/resources/config.ts';
import type { KubeObject, Labels } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { planOf, reconciled, worldOf } from '../kit/given-world.ts';
import { aPod, meta, startMs } from '../kit/workloads.ts';

const cleaner = legacyTokenCleaner();
const dayMs = 86_400_000;

/** The tests' time is 1 January 2026, a year after 1 January 2025; the day on which tracking begins does not count. */
function tracked(since: string): KubeObject {
  const metadata = meta('kube-apiserver-legacy-service-account-token-tracking', { namespace: 'kube-system' });
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { since } } as ConfigMap;
}

function account(secrets: readonly string[] = ['token']): KubeObject {
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta('robot') };
  return { ...object, secrets: secrets.map((name) => ({ name })) } as KubeObject;
}

function token(labels: Labels = {}, creationTimestamp = '2020-01-01T00:00:00Z'): Secret {
  const annotations = {
    'kubernetes.io/service-account.name': 'robot',
    'kubernetes.io/service-account.uid': 'uid-of-robot',
  };
  const metadata = meta('token', { creationTimestamp, annotations, labels });
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/service-account-token' };
}

function podWith(spec: object): Pod {
  const pod = aPod('p');
  return { ...pod, spec: { ...pod.spec, ...spec } };
}

const used = (day: string) => ({ 'kubernetes.io/legacy-token-last-used': day });
const invalid = (day: string) => ({ 'kubernetes.io/legacy-token-invalid-since': day });
const known = tracked('2024-12-31');
const later = [`again after ${dayMs} ms`];
const marked = [
  'update secrets token: metadata.labels.kubernetes.io/legacy-token-invalid-since none → "2026-01-01"',
  ...later,
];

describe('a token', () => {
  test.each<[string, readonly KubeObject[], readonly string[]]>([
    ['that was never used is marked invalid', [known, account(), token()], marked],
    ['that was used more than a year ago is marked invalid', [known, account(), token(used('2024-12-31'))], marked],
    ['that was used a year ago is kept', [known, account(), token(used('2025-01-01'))], later],
    ['whose use is not known is kept', [known, account(), token(used('lately'))], later],
    ['is kept until uses have been tracked for a year', [tracked('2025-01-01'), account(), token()], later],
    ['is kept where nobody tracks uses', [account(), token()], later],
    ['that is young is kept', [known, account(), token({}, '2025-06-01T00:00:00Z')], later],
    ['that somebody made by hand is kept', [known, account([]), token()], later],
    [
      'of another account of the name is kept',
      [known, { ...account(), metadata: meta('robot', { uid: 'x' }) }, token()],
      later,
    ],
    [
      'that a pod mounts is kept',
      [known, account(), token(), podWith({ volumes: [{ name: 'v', secret: { secretName: 'token' } }] })],
      later,
    ],
    [
      'that a pod reads is kept',
      [
        known,
        account(),
        token(),
        podWith({ containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'token' } }] }] }),
      ],
      later,
    ],
    [
      'whose name something else has is no less unused',
      [
        known,
        account(),
        token(),
        podWith({ containers: [{ name: 'token', envFrom: [{ configMapRef: { name: 'token' } }] }] }),
      ],
      marked,
    ],
    ['that was marked less than a year ago is kept', [known, account(), token(invalid('2025-01-01'))], later],
    [
      'that was marked more than a year ago goes',
      [known, account(), token(invalid('2024-12-31'))],
      ['delete secrets token'],
    ],
  ])('%s', (_, objects, lines) => {
    expect(reconciled(cleaner, worldOf(...objects), { key: 'default/token' })).toEqual(lines);
  });
});

describe('tracking', () => {
  const key = 'kube-system/kube-apiserver-legacy-service-account-token-tracking';
  test('begins on the day it is first looked at', () => {
    const [write] = planOf(legacyTokenTracking(), worldOf(), { key, nowMs: startMs + dayMs }).writes;
    expect(write).toMatchObject({ kind: 'create', object: { data: { since: '2026-01-02' } } });
  });
  test('is not begun again', () => {
    expect(reconciled(legacyTokenTracking(), worldOf(known), { key })).toEqual([]);
  });
  test('begins anew where nobody can tell when it began', () => {
    expect(reconciled(legacyTokenTracking(), worldOf(tracked('')), { key })).toEqual([
      'update configmaps kube-apiserver-legacy-service-account-token-tracking: data.since "" → "2026-01-01"',
    ]);
  });
});
