// One object of every kind, with the real kubectl: made, read, described, changed and taken away as on any cluster. And
// what kubectl learns beforehand: which kinds there are, and what their fields mean.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { eventually } from '../kit/eventually.ts';
import { type Golden, goldenKinds } from '../kit/golden-kinds.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

type Listed = { readonly kind: string; readonly metadata: { readonly name: string; readonly labels?: object } };
type List = { readonly items: readonly Listed[] };

/** Their older clients in kubectl describe these in beta versions, which no server of 1.36 serves unless told to. */
const describedInBeta = new Set(['IPAddress', 'ServiceCIDR', 'VolumeAttributesClass']);

const idOf = ({ kind, metadata }: Golden) => `${kind} ${metadata.name}`;

function manifest(objects: readonly Golden[]): string {
  return objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n');
}

describe.skipIf(kubectlPath === undefined)('every kind', () => {
  const cluster = new RunningCluster();
  let file = '';

  beforeAll(async () => {
    await cluster.start();
    file = cluster.file('golden.yaml', manifest(goldenKinds));
  });
  afterAll(() => cluster.dispose());

  /** What is there of the golden objects, as `kind name`. */
  const present = async () => {
    const printed = await cluster.ok(['get', '-f', file, '--ignore-not-found', '-o', 'json']);
    const { items } = (printed === '' ? { items: [] } : JSON.parse(printed)) as List;
    return items.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  };

  test('is created as it is written', async () => {
    const printed = await cluster.ok(['create', '--validate=strict', '-f', file]);
    expect(printed.split('\n')).toHaveLength(goldenKinds.length);
    expect(await present()).toEqual(goldenKinds.map(idOf));
  });

  test('is printed as a table, with what is wide, and as names', async () => {
    for (const output of ['', 'wide', 'name', 'yaml']) {
      const args = output === '' ? [] : ['-o', output];
      const printed = await cluster.ok(['get', '-f', file, ...args]);
      for (const { metadata } of goldenKinds) expect(printed).toContain(metadata.name);
    }
  });

  test('is described', async () => {
    const described = goldenKinds.filter(({ kind }) => !describedInBeta.has(kind));
    const printed = await cluster.ok(['describe', '-f', cluster.file('described.yaml', manifest(described))]);
    expect(printed.match(/^Name: +\S+$/gm)).toHaveLength(described.length);
  });

  test('is labelled, patched and applied server-side', async () => {
    const changed = await cluster.ok(['label', '-f', file, 'golden=yes']);
    expect(changed.split('\n')).toHaveLength(goldenKinds.length);
    const patch = JSON.stringify({ metadata: { annotations: { 'example.com/golden': 'yes' } } });
    const patched = await cluster.ok(['patch', '-f', file, '--type=merge', '-p', patch]);
    expect(patched.split('\n')).toHaveLength(goldenKinds.length);
    const applied = await cluster.ok(['apply', '--server-side', '--force-conflicts', '-f', file]);
    expect(applied.split('\n').every((line) => line.endsWith(' serverside-applied'))).toBe(true);
    const { items } = await cluster.json<List>(['get', '-f', file]);
    for (const { metadata } of items) expect(metadata).toMatchObject({ labels: { golden: 'yes' } });
  });

  test('is dry-run refused where a field is none of its own', async () => {
    for (const golden of goldenKinds.slice(0, 8)) {
      const wrong = { ...golden, metadata: { ...golden.metadata, name: 'wrong' }, nonsense: 1 };
      const ran = await cluster.kubectl(['create', '-f', cluster.file('wrong.yaml', manifest([wrong]))]);
      expect([golden.kind, ran.code, ran.stderr]).toEqual([
        golden.kind,
        1,
        expect.stringContaining('strict decoding error: unknown field "nonsense"'),
      ]);
    }
  });

  test('is deleted', async () => {
    await cluster.ok(['delete', '--wait=false', '--now', '-f', file]);
    await eventually(async () => {
      const left = await present();
      if (left.length > 0) throw new Error(`still there: ${left.join(', ')}`);
    });
  });
});

describe.skipIf(kubectlPath === undefined)('what kubectl learns of the kinds', () => {
  const cluster = new RunningCluster(['--memory']);
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  test('names, short names, versions and scopes', async () => {
    const printed = await cluster.ok(['api-resources', '--no-headers']);
    const rows = printed.split('\n').map((line) => line.split(/\s+/));
    const of = (name: string) => rows.find(([first]) => first === name)?.slice(1);
    // Kubernetes' own, and the two of metrics.k8s.io.
    expect(rows).toHaveLength(67 + 2);
    expect(of('persistentvolumeclaims')).toEqual(['pvc', 'v1', 'true', 'PersistentVolumeClaim']);
    expect(of('certificatesigningrequests')).toEqual([
      'csr',
      'certificates.k8s.io/v1',
      'false',
      'CertificateSigningRequest',
    ]);
    expect(of('horizontalpodautoscalers')).toEqual(['hpa', 'autoscaling/v2', 'true', 'HorizontalPodAutoscaler']);
    expect(of('clusterroles')).toEqual(['rbac.authorization.k8s.io/v1', 'false', 'ClusterRole']);
    const extensions = await cluster.ok(['api-resources', '--categories=api-extensions', '-o', 'name']);
    expect(extensions.split('\n')).toHaveLength(8);
  });

  test('what fields mean', async () => {
    // biome-ignore format: a table is read by columns
    const texts: readonly (readonly [path: string, text: string])[] = [
      ['pod.spec.restartPolicy', 'Restart policy for all containers'],
      ['ingress.spec.rules.http.paths.pathType', 'ImplementationSpecific'],
      ['csr.spec.signerName', 'Well-known Kubernetes signers'],
      ['customresourcedefinition.spec.versions', 'served'],
      ['apiservice.spec.groupPriorityMinimum', 'priority'],
      ['pv.metadata.finalizers', 'Must be empty before the object is deleted'],
      ['resourceslice.spec.devices', 'Devices lists some or all of the devices in this pool'],
    ];
    for (const [path, text] of texts) expect(await cluster.ok(['explain', path])).toContain(text);
    const whole = await cluster.ok(['explain', '--recursive', 'validatingwebhookconfiguration']);
    expect(whole).toMatch(/admissionReviewVersions\s+<\[\]string> -required-/);
  });

  test('which group versions the server answers for, and that it is well', async () => {
    await eventually(() => cluster.ok(['get', '--raw', '/readyz']));
    const services = await cluster.ok(['get', 'apiservices', '--no-headers']);
    const rows = services.split('\n').map((line) => line.split(/\s+/).slice(0, 3));
    // Kubernetes' own, and metrics.k8s.io.
    expect(rows).toHaveLength(21 + 1);
    expect(rows.every(([, service, available]) => service === 'Local' && available === 'True')).toBe(true);
    const health = await cluster.ok(['get', 'cs', '--no-headers']);
    expect(health.split('\n').map((line) => line.split(/\s+/).slice(0, 3))).toEqual([
      ['scheduler', 'Healthy', 'ok'],
      ['controller-manager', 'Healthy', 'ok'],
      ['etcd-0', 'Healthy', 'ok'],
    ]);
  });

  test('who may ask how much', async () => {
    const levels = await cluster.ok(['get', 'prioritylevelconfigurations', '-o', 'name']);
    expect(levels.split('\n').map((name) => name.split('/')[1])).toEqual([
      'catch-all',
      'exempt',
      'global-default',
      'leader-election',
      'node-high',
      'system',
      'workload-high',
      'workload-low',
    ]);
    await eventually(async () => {
      const schemas = await cluster.ok(['get', 'flowschemas', '--no-headers']);
      // NAME PRIORITYLEVEL MATCHINGPRECEDENCE DISTINGUISHERMETHOD AGE MISSINGPL
      expect(schemas.match(/ False$/gm)).toHaveLength(11);
    });
    const changed = await cluster.kubectl([
      'patch',
      'flowschema',
      'exempt',
      '--type=merge',
      '-p',
      '{"spec":{"matchingPrecedence":7}}',
    ]);
    expect(changed.stderr).toContain("spec of 'exempt' must equal the fixed value");
  });

  test('a group of custom resources is registered for as long as it is defined', async () => {
    const names = { plural: 'ships', singular: 'ship', kind: 'Ship' };
    const schema = { openAPIV3Schema: { type: 'object' } };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'ships.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names,
        versions: [{ name: 'v2beta1', served: true, storage: true, schema }],
      },
    };
    await cluster.ok(['create', '-f', cluster.file('ships.yaml', stringify(definition))]);
    const service = ['get', 'apiservices', 'v2beta1.example.com', '--ignore-not-found', '--no-headers'];
    await eventually(async () => {
      expect(await cluster.ok(service)).toMatch(/^v2beta1\.example\.com\s+Local\s+True\s/);
    });
    await cluster.ok(['delete', 'crd', 'ships.example.com']);
    await eventually(async () => expect(await cluster.ok(service)).toBe(''));
  });

  test('a certificate request is approved and denied with its own command', async () => {
    const request = goldenKinds.filter(({ kind }) => kind === 'CertificateSigningRequest');
    await cluster.ok(['create', '-f', cluster.file('csr.yaml', manifest(request))]);
    expect(await cluster.ok(['get', 'csr', 'golden', '--no-headers'])).toMatch(/kubernetes-admin\s+60m\s+Pending$/);
    expect(await cluster.ok(['certificate', 'approve', 'golden'])).toContain('golden approved');
    expect(await cluster.ok(['get', 'csr', 'golden', '--no-headers'])).toMatch(/Approved$/);
    const denied = await cluster.kubectl(['certificate', 'deny', 'golden']);
    expect(denied.code).toBe(1);
    expect(
      await cluster.ok(['get', 'csr', '--field-selector', 'spec.signerName=example.com/golden', '-o', 'name']),
    ).toBe('certificatesigningrequest.certificates.k8s.io/golden');
  });
});
