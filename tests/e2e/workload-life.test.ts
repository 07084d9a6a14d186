// What becomes of workloads when the world around them changes, with the real kubectl: tainted and failing nodes, nodes that
// are added, quotas that grow, owners that are deleted in each of the three ways, and namespaces that end.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

type List<T = KubeObject> = { readonly items: readonly T[] };

describe.skipIf(kubectlPath === undefined)('the life of workloads', () => {
  const cluster = new RunningCluster(['--nodes', '3', '--node-monitor-grace-period', '15s']);
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const kubectl = (line: string) => cluster.ok(line.split(' '));
  const shiplog = async (line: string) => {
    const { code, stdout, stderr } = await cluster.shiplog([...line.split(' '), '--kubeconfig', cluster.kubeconfig]);
    return { code, text: `${stdout}${stderr}`.trim() };
  };
  const apply = (...items: readonly object[]) =>
    cluster.ok(['apply', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) });
  const items = async <T = KubeObject>(line: string) =>
    (await cluster.json<List<T>>(['get', ...line.split(' ')])).items;
  const names = async (line: string) => (await items(line)).map(({ metadata }) => metadata.name);
  const rolledOut = (name: string) => kubectl(`rollout status deployment/${name} --timeout=60s`);

  const containers = [{ name: 'c', image: 'nginx:1.27' }];
  const template = (app: string, spec: object = {}) => ({
    metadata: { labels: { app } },
    spec: { containers, terminationGracePeriodSeconds: 1, ...spec },
  });
  const workload = (kind: string, name: string, spec: object, podSpec: object = {}) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, template: template(name, podSpec), ...spec },
  });

  test('a NoExecute taint drives pods away, each after the time it tolerates it', async () => {
    const toleration = { key: 'ill', operator: 'Exists', effect: 'NoExecute' };
    const pod = (name: string, tolerations: readonly object[]) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { taint: 'yes' } },
      spec: { ...template(name).spec, nodeName: 'node-2', tolerations },
    });
    await apply(
      pod('leaves', []),
      pod('leaves-later', [{ ...toleration, tolerationSeconds: 3 }]),
      pod('stays', [toleration]),
    );
    await kubectl('wait pod -l taint=yes --for=condition=Ready --timeout=30s');
    await kubectl('taint node node-2 ill=yes:NoExecute');
    await kubectl('wait pod/leaves --for=delete --timeout=30s');
    expect(await names('pods -l taint=yes')).toEqual(['leaves-later', 'stays']);
    await kubectl('wait pod/leaves-later --for=delete --timeout=30s');
    expect(await kubectl('events --for pod/leaves-later')).toContain(
      'TaintManagerEviction   Pod/leaves-later   Marking for deletion Pod default/leaves-later',
    );
    expect(await names('pods -l taint=yes')).toEqual(['stays']);
    await kubectl('taint node node-2 ill-');
    await kubectl('delete pod stays --now');
  });

  test('a cordoned node takes no more pods and keeps those it has', async () => {
    await kubectl('create deployment cordoned --image=nginx --replicas=3');
    await rolledOut('cordoned');
    const nodesOf = async () => (await items<Pod>('pods -l app=cordoned')).map(({ spec }) => spec.nodeName).sort();
    expect(await nodesOf()).toEqual(['node-1', 'node-2', 'node-3']);
    await kubectl('cordon node-1');
    expect(await kubectl('get node node-1 --no-headers')).toMatch(/Ready,SchedulingDisabled/);
    await kubectl('scale deployment/cordoned --replicas=6');
    await rolledOut('cordoned');
    expect((await nodesOf()).filter((node) => node === 'node-1')).toHaveLength(1);
    await kubectl('uncordon node-1');
    await kubectl('scale deployment/cordoned --replicas=9');
    await rolledOut('cordoned');
    expect((await nodesOf()).filter((node) => node === 'node-1')).toHaveLength(3);
    await kubectl('delete deployment cordoned');
  });

  describe('a deployment that is deleted', () => {
    const owners = async (line: string) => (await items(line)).map(({ metadata }) => metadata.ownerReferences);
    const made = async (name: string) => {
      await apply(workload('Deployment', name, { replicas: 2 }));
      await rolledOut(name);
    };

    test('in the background goes at once, and what it owns after it', async () => {
      await made('background');
      await kubectl('delete deployment background --cascade=background');
      expect(await names('deployments')).not.toContain('background');
      await eventually(async () => expect(await names('replicasets,pods -l app=background')).toEqual([]));
    });

    test('in the foreground waits for all it owns', async () => {
      await made('foreground');
      const [held = ''] = await names('pods -l app=foreground');
      const finalizers = (list: readonly string[] | null) =>
        cluster.ok(['patch', 'pod', held, '--type=merge', '-p', JSON.stringify({ metadata: { finalizers: list } })]);
      await finalizers(['example.com/hold']);
      await kubectl('delete deployment foreground --cascade=foreground --wait=false');
      await eventually(async () => expect(await names('pods -l app=foreground')).toEqual([held]));
      const waiting = [...(await items('deployments')), ...(await items('replicasets -l app=foreground'))];
      expect(waiting.map(({ kind, metadata }) => [kind, metadata.finalizers])).toEqual([
        ['Deployment', ['foregroundDeletion']],
        ['ReplicaSet', ['foregroundDeletion']],
      ]);
      expect(waiting.every(({ metadata }) => metadata.deletionTimestamp !== undefined)).toBe(true);
      await finalizers(null);
      await kubectl('wait deployment/foreground --for=delete --timeout=30s');
      expect(await names('replicasets,pods -l app=foreground')).toEqual([]);
    });

    test('as an orphan leaves what it owned to itself, and to the next that fits', async () => {
      await made('orphan');
      const pods = await names('pods -l app=orphan');
      await kubectl('delete deployment orphan --cascade=orphan');
      expect(await names('pods -l app=orphan')).toEqual(pods);
      expect(await owners('replicasets -l app=orphan')).toEqual([undefined]);
      expect(await owners('pods -l app=orphan')).toEqual([expect.anything(), expect.anything()]);
      await made('orphan');
      expect(await names('pods -l app=orphan')).toEqual(pods);
      expect(await owners('replicasets -l app=orphan')).toEqual([[expect.objectContaining({ name: 'orphan' })]]);
      await kubectl('delete deployment orphan');
    });
  });

  test('a deployment that its quota holds back says so, and goes on when the quota grows', async () => {
    await kubectl('create namespace narrow');
    const limits = [{ type: 'Container', defaultRequest: { cpu: '100m' }, default: { cpu: '200m' } }];
    await apply({
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'defaults', namespace: 'narrow' },
      spec: { limits },
    });
    await kubectl('create quota cpu --hard=requests.cpu=250m -n narrow');
    await eventually(async () => expect(await kubectl('describe quota cpu -n narrow')).toContain('250m'));
    await kubectl('create deployment web --image=nginx --replicas=4 -n narrow');
    await eventually(async () => {
      expect(await kubectl('describe deployment web -n narrow')).toMatch(/ReplicaFailure +True +FailedCreate/);
      expect(await kubectl('describe replicaset -n narrow')).toMatch(
        /Warning +FailedCreate .*replicaset-controller +Error creating: pods "web-\w+-\w+" is forbidden: exceeded quota: cpu, requested: requests.cpu=100m, used: requests.cpu=200m, limited: requests.cpu=250m/,
      );
      expect(await kubectl('describe quota cpu -n narrow')).toMatch(/requests.cpu +200m +250m/);
    });
    expect(await names('pods -n narrow')).toHaveLength(2);
    await cluster.ok(['patch', 'quota', 'cpu', '-n', 'narrow', '-p', '{"spec":{"hard":{"requests.cpu":"1"}}}']);
    await kubectl('rollout status deployment/web -n narrow --timeout=60s');
    expect(await kubectl('describe deployment web -n narrow')).not.toContain('ReplicaFailure');
  });

  test('a daemon set comes to nodes that are added, and leaves with those that are removed', async () => {
    await apply(workload('DaemonSet', 'everywhere', {}));
    const ready = (count: number) =>
      kubectl(`wait daemonset/everywhere --for=jsonpath={.status.numberReady}=${count} --timeout=30s`);
    await ready(3);
    await shiplog('nodes add 2 --prefix new');
    await ready(5);
    expect((await items<Pod>('pods -l app=everywhere')).map(({ spec }) => spec.nodeName).sort()).toEqual([
      'new-1',
      'new-2',
      'node-1',
      'node-2',
      'node-3',
    ]);
    await shiplog('nodes remove new-1 new-2');
    await eventually(async () =>
      expect(await kubectl('get daemonset everywhere --no-headers')).toMatch(/everywhere +3 +3 +3 +3 +3 /),
    );
    await kubectl('delete daemonset everywhere');
  });

  test('a namespace ends with workloads of every kind in it', async () => {
    await kubectl('create namespace whole');
    const job = { template: template('job', { restartPolicy: 'Never' }) };
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const inNamespace = (apiVersion: string, kind: string, spec: object) => ({
      apiVersion,
      kind,
      metadata: { name: 'x' },
      spec,
    });
    const objects = [
      workload('Deployment', 'deployment', { replicas: 2 }),
      workload('ReplicaSet', 'replicaset', { replicas: 1 }),
      workload('StatefulSet', 'statefulset', { replicas: 2, serviceName: 'x', volumeClaimTemplates: [claim] }),
      workload('DaemonSet', 'daemonset', {}),
      inNamespace('v1', 'ReplicationController', { replicas: 1, selector: { app: 'rc' }, template: template('rc') }),
      inNamespace('batch/v1', 'Job', job),
      inNamespace('batch/v1', 'CronJob', { schedule: '@every 1s', jobTemplate: { spec: job } }),
      inNamespace('policy/v1', 'PodDisruptionBudget', { minAvailable: 1, selector: { matchLabels: { app: 'rc' } } }),
      inNamespace('autoscaling/v2', 'HorizontalPodAutoscaler', {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'deployment' },
        maxReplicas: 3,
      }),
    ].map((object) => ({ ...object, metadata: { ...object.metadata, namespace: 'whole' } }));
    await apply(...objects);
    await eventually(async () => {
      const running = await names('pods -n whole --field-selector=status.phase=Running');
      for (const app of ['deployment-', 'replicaset-', 'statefulset-1', 'daemonset-', 'x-'])
        expect(running.filter((name) => name.startsWith(app))).not.toEqual([]);
      expect((await names('jobs -n whole')).length).toBeGreaterThan(1);
    });
    await kubectl('delete namespace whole --timeout=60s');
    expect((await cluster.kubectl(['get', 'namespace', 'whole'])).stderr).toContain('namespaces "whole" not found');
    const kinds = 'deploy,rs,sts,ds,rc,job,cj,pdb,hpa,pods,pvc,controllerrevisions,endpointslices,events,secrets,cm,sa';
    expect(await names(`${kinds} -n whole`)).toEqual([]);
    await eventually(async () =>
      expect(
        (await items<KubeObject & { spec: { claimRef?: { namespace?: string } } }>('pv')).filter(
          ({ spec }) => spec.claimRef?.namespace === 'whole',
        ),
      ).toEqual([]),
    );
  });

  test('a node that crashes is given up: Unknown, tainted, its pods replaced; and is taken back when it returns', async () => {
    const impatient = ['unreachable', 'not-ready'].map((state) => ({
      key: `node.kubernetes.io/${state}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 1,
    }));
    await apply(workload('Deployment', 'steady', { replicas: 6 }, { tolerations: impatient }));
    await rolledOut('steady');
    const pods = () => items<Pod>('pods -l app=steady');
    const lost = (await pods()).filter(({ spec }) => spec.nodeName === 'node-3').map(({ metadata }) => metadata.name);
    expect(lost).not.toEqual([]);
    expect((await shiplog('nodes crash node-3')).text).toBe('node-3 crashed');
    await kubectl('wait node/node-3 --for=condition=Ready=Unknown --timeout=30s');
    await eventually(async () => {
      const told = await kubectl('describe node node-3');
      expect(told).toContain('node.kubernetes.io/unreachable:NoExecute');
      expect(told).toContain('node.kubernetes.io/unreachable:NoSchedule');
      expect(told).toMatch(/Ready +Unknown .* NodeStatusUnknown +Kubelet stopped posting node status\./);
      expect(told).toMatch(/Normal +NodeNotReady .*node-controller +Node node-3 status is now: NodeNotReady/);
    });
    await eventually(async () => {
      const serving = (await pods()).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      expect(serving.map(({ spec }) => spec.nodeName === 'node-3')).toEqual(Array(6).fill(false));
    });
    await rolledOut('steady');
    const going = (await pods()).filter(({ metadata }) => lost.includes(metadata.name));
    expect(
      going.map(({ status }) => status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason),
    ).toEqual(lost.map(() => 'DeletionByTaintManager'));
    expect((await shiplog('nodes restart node-3')).text).toBe('node-3 restarted');
    await kubectl('wait node/node-3 --for=condition=Ready --timeout=30s');
    await eventually(async () => {
      const [node] = await items<Node>('nodes --field-selector=metadata.name=node-3');
      expect(node?.spec?.taints).toBeUndefined();
      expect((await names('pods -l app=steady')).filter((name) => lost.includes(name))).toEqual([]);
    });
  });
});
