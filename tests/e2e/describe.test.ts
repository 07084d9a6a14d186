// What kubectl describe says of workloads and what is around them: the lines people look for, made of what the cluster
// keeps of each object and has told of it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

describe.skipIf(kubectlPath === undefined)('kubectl describe', () => {
  const cluster = new RunningCluster(['--nodes', '2', '--horizontal-pod-autoscaler-sync-period', '1s']);
  const kubectl = (line: string) => cluster.ok(line.split(' '));
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const user = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'user' },
    spec: {
      containers: [{ name: 'c', image: 'nginx:1.27', volumeMounts: [{ name: 'd', mountPath: '/d' }] }],
      volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }],
    },
  };

  beforeAll(async () => {
    await cluster.start();
    await kubectl('create deployment web --image=nginx:1.27 --replicas=2 --port=80');
    await kubectl('set resources deployment web --requests=cpu=100m,memory=64Mi --limits=cpu=200m');
    await kubectl('create pdb web --selector=app=web --min-available=1');
    await kubectl('autoscale deployment web --min=2 --max=5 --cpu-percent=50');
    await kubectl('create job once --image=busybox -- true');
    await cluster.ok(['create', 'cronjob', 'tick', '--image=busybox', '--schedule=@every 1s', '--', 'true']);
    const items = [claim, user];
    await cluster.ok(['apply', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) });
    await kubectl('rollout status deployment/web --timeout=60s');
    await kubectl('wait job/once --for=condition=Complete --timeout=60s');
    await kubectl('wait pod/user --for=condition=Ready --timeout=60s');
  });
  afterAll(() => cluster.dispose());

  const pod = String.raw`web-\w+-\w+`;
  // biome-ignore format: a table is read by columns
  const lines: readonly (readonly [what: string, lines: readonly RegExp[]])[] = [
    ['deployment/web', [
      /^Annotations: +deployment\.kubernetes\.io\/revision: 2$/m,
      /^Selector: +app=web$/m,
      /^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m,
      /^ {2}Available +True +MinimumReplicasAvailable$/m,
      /^ {2}Progressing +True +NewReplicaSetAvailable$/m,
      /^OldReplicaSets: +web-\w+ \(0\/0 replicas created\)$/m,
      /^NewReplicaSet: +web-\w+ \(2\/2 replicas created\)$/m,
      /Normal +ScalingReplicaSet .* deployment-controller +Scaled down replica set web-\w+ from 1 to 0$/m,
    ]],
    ['replicaset', [
      /^Controlled By: +Deployment\/web$/m,
      /deployment\.kubernetes\.io\/desired-replicas: 2$/m,
      /deployment\.kubernetes\.io\/max-replicas: 3$/m,
      /^Replicas: +2 current \/ 2 desired$/m,
      /^Pods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed$/m,
      new RegExp(`Normal +SuccessfulCreate .* replicaset-controller +Created pod: ${pod}$`, 'm'),
      new RegExp(`Normal +SuccessfulDelete .* replicaset-controller +Deleted pod: ${pod}$`, 'm'),
    ]],
    ['job/once', [
      /^Selector: +batch\.kubernetes\.io\/controller-uid=[0-9a-f-]{36}$/m,
      /^Completion Mode: +NonIndexed$/m,
      /^Backoff Limit: +6$/m,
      /^Completed At: +\w{3}, /m,
      /^Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed$/m,
      /Normal +SuccessfulCreate .* job-controller +Created pod: once-\w+$/m,
      /Normal +Completed .* job-controller +Job completed$/m,
    ]],
    ['cronjob/tick', [
      /^Schedule: +@every 1s$/m,
      /^Concurrency Policy: +Allow$/m,
      /^Successful Job History Limit: +3$/m,
      /^Failed Job History Limit: +1$/m,
      /^Last Schedule Time: +\w{3}, /m,
      /Normal +SuccessfulCreate .* cronjob-controller +Created job tick-\d+$/m,
      /Normal +SawCompletedJob .* cronjob-controller +Saw completed job: tick-\d+, condition: Complete$/m,
    ]],
    ['pdb/web', [
      /^Min available: +1$/m,
      /^Selector: +app=web$/m,
      /^ {4}Allowed disruptions: +1\n {4}Current: +2\n {4}Desired: +1\n {4}Total: +2$/m,
    ]],
    ['hpa/web', [
      /^Reference: +Deployment\/web$/m,
      /resource cpu on pods +\(as a percentage of request\): +\d+% \(\d+m?\) \/ 50%/,
      /^Min replicas: +2$/m,
      /^Max replicas: +5$/m,
      /^Deployment pods: +2 current \/ 2 desired$/m,
      /^ {2}AbleToScale +True +\w+ +\S/m,
      /^ {2}ScalingActive +True +ValidMetricFound +the HPA was able to successfully calculate a replica count from cpu resource utilization \(percentage of request\)$/m,
      /^ {2}ScalingLimited +\w+ +\w+ +\S/m,
    ]],
    ['pvc/data', [
      /^StorageClass: +local$/m,
      /^Status: +Bound$/m,
      /^Volume: +pvc-[0-9a-f-]{36}$/m,
      /pv\.kubernetes\.io\/bind-completed: yes$/m,
      /volume\.kubernetes\.io\/selected-node: node-\d$/m,
      /^Finalizers: +\[kubernetes\.io\/pvc-protection\]$/m,
      /^Capacity: +1Gi$/m,
      /^Used By: +user$/m,
      /Normal +WaitForFirstConsumer .* persistentvolume-controller +waiting for first consumer to be created before binding$/m,
      /Normal +ProvisioningSucceeded .* Successfully provisioned volume pvc-[0-9a-f-]{36}$/m,
    ]],
    ['node/node-1', [
      /^Taints: +<none>\nUnschedulable: +false\nLease:\n {2}HolderIdentity: +node-1\n/m,
      /^ {2}MemoryPressure +False .* KubeletHasSufficientMemory +kubelet has sufficient memory available$/m,
      /^ {2}Ready +True .* KubeletReady +kubelet is posting ready status$/m,
      /^ {2}Kubelet Version: +v1\.36\.\d+$/m,
      /^PodCIDR: +10\.244\.\d+\.0\/24$/m,
      new RegExp(String.raw`^Non-terminated Pods: +\(\d in total\)$[\s\S]*^ {2}default +${pod} +100m \(1%\) +200m \(2%\) +64Mi \(0%\) +0 \(0%\) `, 'm'),
      /^ {2}cpu +100m \(1%\) +200m \(2%\)\n {2}memory +64Mi \(0%\) +0 \(0%\)$/m,
      /Normal +Starting .* kubelet +Starting kubelet\.$/m,
      /Normal +NodeHasSufficientMemory .* kubelet +Node node-1 status is now: NodeHasSufficientMemory$/m,
      /Normal +NodeReady .* kubelet +Node node-1 status is now: NodeReady$/m,
      /Normal +RegisteredNode .* node-controller +Node node-1 event: Registered Node node-1 in Controller$/m,
    ]],
  ];

  test.each(lines)('%s', async (what, expected) => {
    await eventually(async () => {
      const text = await kubectl(`describe ${what}`);
      for (const line of expected) expect(text).toMatch(line);
    });
  });
});
