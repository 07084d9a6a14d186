// Storage as kubectl shows it: volumes made by hand and by the default class, what pods wait for, what becomes of a volume
// whose claim is gone, claims that grow, claims of stateful sets and of pods themselves.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

describe.skipIf(kubectlPath === undefined)('storage', () => {
  const cluster = new RunningCluster(['--nodes', '3']);
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const kubectl = (command: string) => cluster.ok(command.split(' '));
  const apply = (...objects: object[]) =>
    cluster.ok(['apply', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) });
  const until = (command: string, printed: RegExp | string) =>
    eventually(async () => {
      const said = await kubectl(command);
      if (typeof printed === 'string') expect(said).toBe(printed);
      else expect(said).toMatch(printed);
      return said;
    });
  const phase = (name: string) => `get ${name} -o jsonpath={.status.phase}`;

  const claim = (name: string, spec: object = {}) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
  const volume = (name: string, spec: object = {}) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: `/tmp/${name}` }, ...spec },
  });
  const pod = (name: string, volumes: object[], spec: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'nginx' }], volumes, ...spec },
  });
  const uses = (claimName: string) => ({ name: 'data', persistentVolumeClaim: { claimName } });

  test('a new cluster has a default class', async () => {
    expect(await kubectl('get sc')).toMatch(
      /^NAME +PROVISIONER +RECLAIMPOLICY +VOLUMEBINDINGMODE +ALLOWVOLUMEEXPANSION +AGE\nlocal \(default\) +shiplog.dev\/local +Delete +WaitForFirstConsumer +true /,
    );
  });

  test('a claim gets the volume that suits, and keeps the pod waiting until there is one', async () => {
    await apply(claim('manual', { storageClassName: '' }), pod('patient', [uses('manual')]));
    await until(
      'describe pvc manual',
      /Normal +FailedBinding .*persistentvolume-controller +no persistent volumes available for this claim and no storage class is set/,
    );
    await until(
      'describe pod patient',
      /FailedScheduling .* 0\/3 nodes are available: pod has unbound immediate PersistentVolumeClaims\. /,
    );
    await apply(volume('small'), volume('large', { capacity: { storage: '5Gi' } }));
    await kubectl('wait pod/patient --for=condition=Ready --timeout=30s');
    expect(await kubectl('get pvc manual')).toMatch(
      /^NAME +STATUS +VOLUME +CAPACITY +ACCESS MODES +STORAGECLASS +VOLUMEATTRIBUTESCLASS +AGE\nmanual +Bound +small +1Gi +RWO +/,
    );
    await until('get pv', /large +5Gi +RWO +Retain +Available .*\nsmall +1Gi +RWO +Retain +Bound +default\/manual /);
    expect(await kubectl('describe pvc manual')).toMatch(
      /Status: +Bound\nVolume: +small\n(?:.*\n)*Annotations: +pv.kubernetes.io\/bind-completed: yes\n +pv.kubernetes.io\/bound-by-controller: yes\nFinalizers: +\[kubernetes.io\/pvc-protection\]\nCapacity: +1Gi\n(?:.*\n)*Used By: +patient\n/,
    );
  });

  test('a claim in use stays until its pod is gone; the volume is kept', async () => {
    await kubectl('delete pvc manual --wait=false');
    await until('get pvc manual', /Terminating/);
    await kubectl('delete pod patient --grace-period=1');
    await kubectl('wait pvc/manual --for=delete --timeout=30s');
    await until(phase('pv/small'), 'Released');
    await kubectl('delete pv small');
    expect(await kubectl('get pv -o name')).toBe('persistentvolume/large');
  });

  test('a claim may ask for a volume by name, and is told why it cannot have it', async () => {
    await apply(
      claim('named', { storageClassName: '', volumeName: 'large', resources: { requests: { storage: '9Gi' } } }),
    );
    await until(
      'describe pvc named',
      /Warning +VolumeMismatch .*Cannot bind to requested volume "large": requested PV is too small/,
    );
    await kubectl('delete pvc named');
  });

  test('a claim of the default class waits for a pod, and gets a volume where the pod is', async () => {
    await apply(claim('data'));
    await until(
      'describe pvc data',
      /StorageClass: +local\n(?:.*\n)*.*Normal +WaitForFirstConsumer .*waiting for first consumer to be created before binding/,
    );
    expect(await kubectl(phase('pvc/data'))).toBe('Pending');
    await apply(pod('writer', [uses('data')]));
    await kubectl('wait pod/writer --for=condition=Ready --timeout=30s');
    const name = await kubectl('get pvc data -o jsonpath={.spec.volumeName}');
    const node = await kubectl('get pod writer -o jsonpath={.spec.nodeName}');
    expect(name).toBe(`pvc-${await kubectl('get pvc data -o jsonpath={.metadata.uid}')}`);
    expect(await kubectl(`describe pv ${name}`)).toMatch(
      new RegExp(
        `Annotations: +pv.kubernetes.io/provisioned-by: shiplog.dev/local\\n(?:.*\\n)*Node Affinity: +\\n +Required Terms: +\\n +Term 0: +kubernetes.io/hostname in \\[${node}\\]`,
      ),
    );
    await until(
      'describe pvc data',
      /Normal +Provisioning .*shiplog.dev\/local +External provisioner is provisioning volume for claim "default\/data"\n.*Normal +ProvisioningSucceeded .*Successfully provisioned volume pvc-/,
    );
    expect(
      await kubectl('get events --field-selector reason=ExternalProvisioning -o jsonpath={.items[*].message}'),
    ).toContain(
      "Waiting for a volume to be created either by the external provisioner 'shiplog.dev/local' or manually by the system administrator.",
    );
  });

  test('a second pod with the claim goes to the same node, or waits', async () => {
    const node = await kubectl('get pod writer -o jsonpath={.spec.nodeName}');
    await apply(pod('reader', [uses('data')]));
    await kubectl('wait pod/reader --for=condition=Ready --timeout=30s');
    expect(await kubectl('get pod reader -o jsonpath={.spec.nodeName}')).toBe(node);
    await kubectl('delete pod reader --grace-period=1');
    await kubectl(`cordon ${node}`);
    await apply(pod('reader', [uses('data')]));
    await until(
      'describe pod reader',
      /0\/3 nodes are available: 1 node\(s\) were unschedulable, 2 node\(s\) didn't match PersistentVolume's node affinity\./,
    );
    await kubectl(`uncordon ${node}`);
    await kubectl('wait pod/reader --for=condition=Ready --timeout=30s');
    await kubectl('delete pod reader --grace-period=1');
  });

  test('a claim grows', async () => {
    await cluster.ok(['patch', 'pvc', 'data', '-p', '{"spec":{"resources":{"requests":{"storage":"3Gi"}}}}']);
    await until('get pvc data -o jsonpath={.status.capacity.storage}', '3Gi');
    const name = await kubectl('get pvc data -o jsonpath={.spec.volumeName}');
    expect(await kubectl(`get pv ${name} -o jsonpath={.spec.capacity.storage}`)).toBe('3Gi');
    await until(
      'describe pvc data',
      /Normal +Resizing .*External resizer is resizing volume pvc-.*\n.*Normal +VolumeResizeSuccessful .*Resize volume succeeded/,
    );
  });

  test('a volume that was made for a claim goes with it', async () => {
    const name = await kubectl('get pvc data -o jsonpath={.spec.volumeName}');
    await kubectl('delete pod writer --grace-period=1');
    await kubectl('delete pvc data');
    await kubectl(`wait pv/${name} --for=delete --timeout=30s`);
  });

  test('a claim for one pod keeps a second one waiting', async () => {
    await apply(claim('alone', { accessModes: ['ReadWriteOncePod'] }), pod('first', [uses('alone')]));
    await kubectl('wait pod/first --for=condition=Ready --timeout=30s');
    await apply(pod('second', [uses('alone')]));
    await until(
      'describe pod second',
      /FailedScheduling .*node\(s\) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod/,
    );
    await kubectl('delete pod first --grace-period=1');
    await kubectl('wait pod/second --for=condition=Ready --timeout=30s');
    await kubectl('delete pod second --grace-period=1');
    await kubectl('delete pvc alone');
  });

  test('a pod brings its own volume, which goes with it', async () => {
    const volumeClaimTemplate = { spec: claim('x').spec };
    await apply(pod('scratchy', [{ name: 'scratch', ephemeral: { volumeClaimTemplate } }]));
    await kubectl('wait pod/scratchy --for=condition=Ready --timeout=30s');
    expect(await kubectl(phase('pvc/scratchy-scratch'))).toBe('Bound');
    await kubectl('delete pod scratchy --grace-period=1');
    await kubectl('wait pvc/scratchy-scratch --for=delete --timeout=30s');
    await until('get pv -o name', 'persistentvolume/large');
  });

  test('every pod of a stateful set has its own volume, and finds it again', async () => {
    const labels = { app: 'db' };
    await apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        replicas: 2,
        serviceName: 'db',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: pod('x', []).spec },
        volumeClaimTemplates: [claim('data')],
      },
    });
    await kubectl('rollout status statefulset/db --timeout=30s');
    expect(await kubectl('get pvc -o jsonpath={.items[*].metadata.name}')).toBe('data-db-0 data-db-1');
    const where = 'get pod db-0 -o jsonpath={.spec.nodeName}';
    const node = await kubectl(where);
    const uid = await kubectl('get pod db-0 -o jsonpath={.metadata.uid}');
    await kubectl('delete pod db-0 --grace-period=1');
    await eventually(async () => expect(await kubectl('get pod db-0 -o jsonpath={.metadata.uid}')).not.toBe(uid));
    await kubectl('wait pod/db-0 --for=condition=Ready --timeout=30s');
    expect(await kubectl(where)).toBe(node);
  });
});
