// What each endpoint of a kind may touch, what is filled in, and what a writer is warned of.

import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { goldenOf } from '../../../kit/golden-kinds.ts';
import { created, updated } from '../../../kit/written.ts';

const now = '2026-01-01T00:00:00Z';
const with_ = (object: AnyObject, more: object): AnyObject => ({ ...object, ...more }) as AnyObject;

describe('a certificate request', () => {
  const request = created(goldenOf('CertificateSigningRequest')).object;
  const approved = { type: 'Approved', status: 'True', reason: 'ok' };

  test('is its writer’s, whatever it says', () => {
    const forged = {
      ...goldenOf('CertificateSigningRequest'),
      spec: { ...(request.spec as object), username: 'root', groups: ['system:masters'], uid: '0' },
    };
    expect(created(forged).object.spec).toMatchObject({ username: 'jane', uid: 'u1', groups: ['testers'] });
  });

  test('does not change through its main endpoint', () => {
    const next = with_(request, {
      spec: { ...(request.spec as object), usages: ['server auth'] },
      status: { conditions: [approved] },
    });
    expect(updated(request, next).object).toEqual(request);
  });

  test('is approved through /approval, which dates the verdict and leaves the rest', () => {
    const next = with_(request, { spec: {}, status: { conditions: [approved], certificate: 'eA==' } });
    const { object, problems } = updated(request, next, 'approval');
    expect(problems).toEqual([]);
    expect(object.spec).toEqual(request.spec);
    expect(object.status).toEqual({ conditions: [{ ...approved, lastUpdateTime: now, lastTransitionTime: now }] });
  });

  test('is not approved through /status', () => {
    const next = with_(request, { status: { conditions: [approved] } });
    expect(updated(request, next, 'status').problems).toEqual([
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
    ]);
  });

  test('cannot be both approved and denied, and keeps its verdict', () => {
    const both = with_(request, { status: { conditions: [approved, { type: 'Denied', status: 'True' }] } });
    expect(updated(request, both, 'approval').problems).toEqual([
      'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    ]);
    const decided = updated(request, with_(request, { status: { conditions: [approved] } }), 'approval').object;
    expect(updated(decided, with_(decided, { status: {} }), 'approval').problems).toEqual([
      'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
    ]);
  });

  test('takes certificates, and once', () => {
    const rubbish = with_(request, { status: { certificate: Buffer.from('hello').toString('base64') } });
    expect(updated(request, rubbish, 'status').problems).toEqual([
      'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
    ]);
    const issued = with_(request, { status: { certificate: 'eA==' } });
    expect(updated(issued, with_(issued, { status: { certificate: 'eQ==' } }), 'status').problems).toContain(
      'status.certificate: Forbidden: updates may not modify existing certificate content',
    );
  });
});

describe('a volume', () => {
  const volume = created(goldenOf('PersistentVolume')).object;

  test('is pending since it was made, and kept when it is released', () => {
    expect(volume.status).toEqual({ phase: 'Pending', lastPhaseTransitionTime: now });
    expect(volume.spec).toMatchObject({
      persistentVolumeReclaimPolicy: 'Retain',
      volumeMode: 'Filesystem',
      hostPath: { path: '/data', type: '' },
    });
  });

  test('tells when it enters a phase', () => {
    const old = with_(volume, { status: { phase: 'Pending', lastPhaseTransitionTime: '2025-01-01T00:00:00Z' } });
    expect(updated(old, with_(old, { status: { phase: 'Bound' } }), 'status').object.status).toEqual({
      phase: 'Bound',
      lastPhaseTransitionTime: now,
    });
    expect(updated(old, with_(old, { status: { phase: 'Pending' } }), 'status').object.status).toEqual(old.status);
  });
});

test('a claim’s older and newer source of data say the same', () => {
  const dataSource = { kind: 'PersistentVolumeClaim', name: 'other' };
  const claim = goldenOf('PersistentVolumeClaim');
  const spec = claim.spec as object;
  expect(created({ ...claim, spec: { ...spec, dataSource } }).object.spec).toMatchObject({
    dataSource,
    dataSourceRef: dataSource,
  });
  const foreign = { apiGroup: 'x.example.com', kind: 'Data', name: 'd' };
  expect(created({ ...claim, spec: { ...spec, dataSource: foreign } }).object.spec).not.toHaveProperty('dataSource');
  expect(created({ ...claim, spec: { ...spec, dataSourceRef: foreign } }).object.spec).toMatchObject({
    dataSource: foreign,
    dataSourceRef: foreign,
  });
});

describe('what is left out is filled in', () => {
  // biome-ignore format: a table is read by columns
  test.each<[kind: string, filled: object]>([
    ['StorageClass', { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }],
    ['CSIDriver', { spec: { attachRequired: true, podInfoOnMount: false, storageCapacity: false, fsGroupPolicy: 'ReadWriteOnceWithFSType', volumeLifecycleModes: ['Persistent'], requiresRepublish: false, seLinuxMount: false } }],
    ['NetworkPolicy', { spec: { policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }] } }],
    ['PriorityClass', { preemptionPolicy: 'PreemptLowerPriority' }],
    ['FlowSchema', { spec: { matchingPrecedence: 1_000 }, status: {} }],
    ['PriorityLevelConfiguration', { spec: { limited: { nominalConcurrencyShares: 30, lendablePercent: 0 } } }],
    ['MutatingWebhookConfiguration', { webhooks: [{ failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10, reinvocationPolicy: 'Never', namespaceSelector: {}, objectSelector: {}, clientConfig: { service: { port: 443 } }, rules: [{ scope: '*' }] }] }],
    ['ValidatingAdmissionPolicy', { spec: { failurePolicy: 'Fail', matchConstraints: { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, resourceRules: [{ scope: '*' }] } } }],
    ['APIService', { spec: { service: { port: 443 } }, status: {} }],
    ['ResourceClaim', { spec: { devices: { requests: [{ exactly: { allocationMode: 'ExactCount', count: 1 } }] } }, status: {} }],
    ['Ingress', { status: { loadBalancer: {} } }],
  ])('of %s', (kind, filled) => {
    expect(created(goldenOf(kind)).object).toMatchObject(filled);
  });

  test('of a binding’s group and subjects', () => {
    const short = {
      ...goldenOf('RoleBinding'),
      roleRef: { apiGroup: '', kind: 'Role', name: 'r' },
      subjects: [
        { kind: 'Group', name: 'g' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
      ],
    };
    const { roleRef, subjects } = created(short).object as unknown as { roleRef: object; subjects: object[] };
    expect(roleRef).toMatchObject({ apiGroup: 'rbac.authorization.k8s.io' });
    expect(subjects).toEqual([
      { kind: 'Group', name: 'g', apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'ServiceAccount', name: 's', namespace: 'n' },
    ]);
  });
});

test('the address of an ingress is warned of where it is spelled oddly, and refused where it is none', () => {
  const ingress = created(goldenOf('Ingress')).object;
  const at = (ip: string) =>
    updated(ingress, with_(ingress, { status: { loadBalancer: { ingress: [{ ip }] } } }), 'status');
  expect(at('2001:DB8::1').warnings).toEqual([
    'status.loadBalancer.ingress[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
  ]);
  expect(at('192.0.2.1')).toMatchObject({ problems: [], warnings: [] });
  expect(at('192.0.2.01').problems).toEqual([
    'status.loadBalancer.ingress[0].ip: Invalid value: "192.0.2.01": must not have leading 0s',
  ]);
});

test('a local API service is available at once', () => {
  const local = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1.x.y' },
    spec: { group: 'x.y', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 },
  };
  expect(created(local)).toMatchObject({
    problems: [],
    object: { status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] } },
  });
});

describe('a writer is warned', () => {
  // biome-ignore format: a table is read by columns
  test.each<[kind: string, change: object, warning: string]>([
    ['PersistentVolume', { spec: { persistentVolumeReclaimPolicy: 'Recycle' } }, 'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.'],
    ['PersistentVolumeClaim', { spec: { resources: { requests: { storage: '1500m' } } } }, 'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer'],
    ['StorageClass', { allowedTopologies: [{ matchLabelExpressions: [{ key: 'failure-domain.beta.kubernetes.io/zone', values: ['a'] }] }] }, 'allowedTopologies[0].matchLabelExpressions[0].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
    ['Ingress', { metadata: { name: 'golden', annotations: { 'kubernetes.io/ingress.class': 'x' } } }, `annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`],
    ['NetworkPolicy', { spec: { ingress: [{ from: [{ ipBlock: { cidr: 'FD00::/8' } }] }] } }, 'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")'],
    ['RuntimeClass', { scheduling: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } }, 'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ['CSIDriver', { spec: { tokenRequests: [{ audience: 'a' }] } }, 'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes'],
    ['ValidatingWebhookConfiguration', { metadata: { name: 'a.static.k8s.io' } }, 'metadata.name: names ending with ".static.k8s.io" are reserved for static manifest-based configurations and cannot be managed via the API'],
  ])('of %s', (kind, change, warning) => {
    const golden = goldenOf(kind);
    const spec = { ...(golden.spec as object | undefined), ...('spec' in change ? (change.spec as object) : undefined) };
    expect(created({ ...golden, ...change, ...('spec' in golden && { spec }) }).warnings).toEqual([warning]);
  });
});
