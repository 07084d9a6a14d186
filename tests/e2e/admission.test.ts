// What admission does for and against a user, seen with the real kubectl: limits that fill in, quotas that refuse,
// pod security, disruption budgets that hold a drain up, default classes, the addresses of services.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

type Named = { readonly items: readonly { readonly metadata: { readonly name: string } }[] };

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

describe.skipIf(kubectlPath === undefined)('admission, as kubectl shows it', () => {
  const cluster = new RunningCluster();
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const apply = (objects: readonly object[]) =>
    cluster.kubectl(['apply', '-f', '-'], {
      stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
    });
  const applied = async (...objects: readonly object[]) => {
    const ran = await apply(objects);
    if (ran.code !== 0) throw new Error(ran.stderr);
    return ran;
  };
  const inNamespace = async (name: string, labels: Readonly<Record<string, string>> = {}) => {
    await applied({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
    await eventually(() => cluster.ok(['get', 'serviceaccount', 'default', '-n', name]));
  };
  const pod = (namespace: string, name: string, spec: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
  });

  test('limits of a namespace fill a pod in and refuse one that asks for too much', async () => {
    await inNamespace('limited');
    const limit = {
      type: 'Container',
      default: { cpu: '300m' },
      defaultRequest: { cpu: '100m' },
      max: { cpu: '500m' },
    };
    await applied(
      {
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'l', namespace: 'limited' },
        spec: { limits: [limit] },
      },
      pod('limited', 'filled'),
    );
    const described = await cluster.ok(['describe', 'pod', 'filled', '-n', 'limited']);
    expect(described).toMatch(/Limits:\s+cpu:\s+300m\s+Requests:\s+cpu:\s+100m/);
    expect(described).toContain('kubernetes.io/limit-ranger: LimitRanger plugin set: cpu request for container c');
    const large = { containers: [{ name: 'c', image: 'x', resources: { limits: { cpu: '1' } } }] };
    expect((await apply([pod('limited', 'large', large)])).stderr).toContain(
      'pods "large" is forbidden: maximum cpu usage per Container is 500m, but limit is 1',
    );
  });

  test('a quota refuses what is too much, shows what is used, and is free again after a deletion', async () => {
    await inNamespace('small');
    await cluster.ok(['create', 'quota', 'q', '--hard=pods=2,count/configmaps=2', '-n', 'small']);
    await applied(pod('small', 'a'), pod('small', 'b'));
    expect((await apply([pod('small', 'c')])).stderr).toContain(
      'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    );
    await eventually(async () =>
      expect(await cluster.ok(['describe', 'quota', 'q', '-n', 'small'])).toMatch(
        /count\/configmaps\s+1\s+2\s+pods\s+2\s+2/,
      ),
    );
    await cluster.ok(['delete', 'pod', 'a', '-n', 'small', '--now']);
    await eventually(async () => expect((await apply([pod('small', 'c')])).code).toBe(0));
  });

  test('a deployment that its quota holds back says why', async () => {
    await cluster.ok(['create', 'deployment', 'web', '--image=nginx', '--replicas=3', '-n', 'small']);
    await eventually(async () => {
      const events = await cluster.ok(['get', 'events', '-n', 'small', '--field-selector=reason=FailedCreate']);
      expect(events).toMatch(/Error creating: pods "web-[^"]+" is forbidden: exceeded quota: q/);
    });
  });

  test('pod security refuses pods, warns of templates, and of a level its pods do not meet', async () => {
    await inNamespace('guarded', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect((await apply([pod('guarded', 'p')])).stderr).toContain(
      'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
    const made = await cluster.kubectl(['create', 'deployment', 'd', '--image=nginx', '-n', 'guarded']);
    expect(made.stderr).toContain('Warning: would violate PodSecurity "restricted:latest": allowPrivilegeEscalation');
    expect(made.code).toBe(0);
    const labelled = await cluster.kubectl([
      'label',
      'namespace',
      'limited',
      'pod-security.kubernetes.io/enforce=restricted',
    ]);
    expect(labelled.stderr).toContain(
      'Warning: existing pods in namespace "limited" violate the new PodSecurity enforce level "restricted:latest"',
    );
  });

  test('a drain waits for a disruption budget, and passes once it allows', async () => {
    await inNamespace('busy');
    await cluster.ok(['create', 'deployment', 'web', '--image=nginx', '--replicas=2', '-n', 'busy']);
    await cluster.ok(['rollout', 'status', 'deployment/web', '-n', 'busy', '--timeout=60s']);
    await cluster.ok(['create', 'pdb', 'web', '--selector=app=web', '--min-available=2', '-n', 'busy']);
    await eventually(async () =>
      expect(await cluster.ok(['get', 'pdb', 'web', '-n', 'busy'])).toMatch(/web\s+2\s+N\/A\s+0/),
    );
    const pods = await cluster.json<{ items: { spec: { nodeName: string } }[] }>(['get', 'pods', '-n', 'busy']);
    const node = pods.items[0]?.spec.nodeName ?? '';
    const drain = (timeout: string) =>
      cluster.kubectl(['drain', node, '--force', '--pod-selector=app=web', `--timeout=${timeout}`]);
    const held = await drain('3s');
    expect(held.code).not.toBe(0);
    expect(held.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    await cluster.ok(['patch', 'pdb', 'web', '-n', 'busy', '--type=merge', '-p', '{"spec":{"minAvailable":1}}']);
    const passed = await drain('60s');
    expect([passed.code, passed.stdout]).toEqual([0, expect.stringContaining(`node/${node} drained`)]);
    await cluster.ok(['uncordon', node]);
  });

  test('a claim without a class gets the default one, and is kept while it is used', async () => {
    await inNamespace('stored');
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await applied(
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: 'fast', annotations },
        provisioner: 'example.com/disk',
      },
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace: 'stored' }, spec },
    );
    expect(await cluster.ok(['get', 'pvc', 'data', '-n', 'stored', '-o', 'jsonpath={.spec.storageClassName}'])).toBe(
      'fast',
    );
    await cluster.ok(['delete', 'pvc', 'data', '-n', 'stored', '--timeout=20s']);
  });

  test('services have their addresses listed, from the cluster’s network', async () => {
    expect(await cluster.ok(['get', 'servicecidrs'])).toMatch(/^NAME\s+CIDRS\s+AGE\nkubernetes\s+10\.96\.0\.0\/16\s/);
    await eventually(async () =>
      expect(
        await cluster.ok([
          'get',
          'servicecidr',
          'kubernetes',
          '-o',
          'jsonpath={.status.conditions[0].type}={.status.conditions[0].status} {.metadata.finalizers}',
        ]),
      ).toBe('Ready=True ["networking.k8s.io/service-cidr-finalizer"]'),
    );
    await cluster.ok(['create', 'service', 'clusterip', 'web', '--tcp=80', '--clusterip=10.96.0.77']);
    expect(await cluster.ok(['get', 'ipaddresses'])).toMatch(
      /^NAME\s+PARENTREF\n10\.96\.0\.1\s+services\/default\/kubernetes[\s\S]*10\.96\.0\.77\s+services\/default\/web/,
    );
    const again = await cluster.kubectl([
      'create',
      'service',
      'clusterip',
      'other',
      '--tcp=80',
      '--clusterip=10.96.0.77',
    ]);
    expect(again.stderr).toContain('failed to allocate IP 10.96.0.77: provided IP is already allocated');
    await cluster.ok(['delete', 'service', 'web']);
    const { items } = await cluster.json<Named>(['get', 'ipaddresses']);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['10.96.0.1']);
  });

  test('priority classes of the system are there, and a name nobody knows is refused', async () => {
    expect(await cluster.ok(['get', 'priorityclasses'])).toMatch(/system-cluster-critical\s+2000000000\s+false/);
    expect((await apply([pod('default', 'x', { priorityClassName: 'nobody' })])).stderr).toContain(
      'pods "x" is forbidden: no PriorityClass with name nobody was found',
    );
  });
});
