// Scheduling as people meet it: the real kubectl, a plugin of the user's own, and the questions why here and why not.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

const plugin = fileURLToPath(new URL('../examples/scheduler-plugin.ts', import.meta.url));

type Spec = Readonly<Record<string, unknown>>;

function aPod(
  name: string,
  { cpu = '100m', annotations = {}, ...spec }: Spec & { cpu?: string; annotations?: Spec } = {},
) {
  const container = { name: 'main', image: 'nginx', resources: { requests: { cpu } } };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, annotations },
    spec: { terminationGracePeriodSeconds: 1, containers: [container], ...spec },
  });
}

describe.skipIf(kubectlPath === undefined)('scheduling', () => {
  const cluster = new RunningCluster(['--nodes', '3', '--scheduler-plugin', plugin]);
  beforeAll(async () => {
    await cluster.start();
    await cluster.ok(['create', 'priorityclass', 'high', '--value=1000']);
  });
  afterAll(() => cluster.dispose());

  const kubectl = (command: string) => cluster.ok(command.split(' '));
  const create = (pod: string) => cluster.ok(['create', '-f', '-'], { stdin: pod });
  const nodeOf = (pod: string) => kubectl(`get pod ${pod} -o jsonpath={.spec.nodeName}`);
  const waitsBecause = (pod: string) =>
    eventually(async () => {
      const said = await kubectl(`get pod ${pod} -o jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}`);
      if (said === '') throw new Error(`${pod} does not say yet why it waits`);
      return said;
    });
  const placed = (pod: string) =>
    eventually(async () => {
      const node = await nodeOf(pod);
      if (node === '') throw new Error(`${pod} has no node yet`);
      return node;
    });
  const why = async (command: string) => {
    const ran = await cluster.shiplog(command.split(' '));
    expect(ran.stderr).toBe('');
    return ran.stdout;
  };
  const cpuOf = async (node: string) => Number(await kubectl(`get node ${node} -o jsonpath={.status.allocatable.cpu}`));

  test('describe tells why no node suits', async () => {
    await create(aPod('huge', { cpu: '10000' }));
    const text =
      '0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';
    expect(await waitsBecause('huge')).toBe(text);
    await eventually(async () => {
      const described = await kubectl('describe pod huge');
      expect(described).toMatch(/Warning\s+FailedScheduling\s+\S+\s+default-scheduler/);
      expect(described).toContain(text);
    });
  });

  test('why-pending tells place, next attempt and each node', async () => {
    const said = await why('why-pending pod/huge');
    expect(said).toMatch(
      /^POD\s+QUEUE\s+SINCE\s+ATTEMPTS\s+NEXT\s+PRIORITY\nhuge\s+unschedulable\s+\d+ s ago\s+1\s+in \d+ min\s+0\n/,
    );
    expect(said).toContain('as soon as something changes that matters to NodeResourcesFit.');
    expect(said).toMatch(
      /NODE\s+PLUGIN\s+REASON\s+EVICTION COULD HELP\n(node-\d\s+NodeResourcesFit\s+Insufficient cpu\s+no\n){3}/,
    );
    await kubectl('delete pod huge --wait=false');
  });

  test('cordoned and tainted nodes are passed by', async () => {
    await kubectl('cordon node-1');
    await kubectl('taint node node-2 only=me:NoSchedule');
    await create(aPod('elsewhere'));
    expect(await placed('elsewhere')).toBe('node-3');
    const here = await why('why-here pod/elsewhere');
    expect(here).toContain('Of 3 nodes 3 were looked at, and 1 suited it.');
    expect(here).toMatch(/node-1\s+NodeUnschedulable\s+node\(s\) were unschedulable/);
    expect(here).toMatch(/node-2\s+TaintToleration\s+node\(s\) had untolerated taint\(s\)/);
    await create(aPod('nowhere', { nodeSelector: { 'kubernetes.io/hostname': 'node-1' } }));
    expect(await waitsBecause('nowhere')).toMatch(/^0\/3 nodes are available: 1 node\(s\) /);
    await kubectl('uncordon node-1');
    expect(await placed('nowhere')).toBe('node-1');
    await kubectl('taint node node-2 only=me:NoSchedule-');
  });

  test('a gated pod waits until its gates are gone', async () => {
    await create(aPod('gated', { schedulingGates: [{ name: 'example.com/wait' }] }));
    expect(await kubectl('get pod gated --no-headers')).toContain('SchedulingGated');
    expect(await why('why-pending gated')).toContain(
      'It is not tried: waiting for scheduling gates: [example.com/wait]',
    );
    await cluster.ok([
      'patch',
      'pod',
      'gated',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/spec/schedulingGates"}]',
    ]);
    await placed('gated');
  });

  test("the user's own plugin filters and scores", async () => {
    for (const number of [1, 2, 3]) await kubectl(`label node node-${number} example.com/rack=${number * 10}`);
    await create(aPod('racked'));
    expect(await placed('racked')).toBe('node-1');
    const here = await why('why-here pod/racked');
    expect(here).toMatch(/PLUGIN\s+WEIGHT\s+node-1\s+node-2\s+node-3\n/);
    expect(here).toMatch(/Racks\s+5\s+450\s+400\s+350\n/);
    expect(here).toContain('node-1 has the highest total.');
    await create(aPod('picky', { annotations: { 'example.com/avoid-racks': '10,30' } }));
    expect(await placed('picky')).toBe('node-2');
  });

  test('an important pod makes room for itself', async () => {
    const cpu = await cpuOf('node-3');
    const only = { nodeSelector: { 'kubernetes.io/hostname': 'node-3' } };
    await create(aPod('victim', { ...only, cpu: String(cpu * 0.7) }));
    await placed('victim');
    await create(aPod('important', { ...only, cpu: String(cpu * 0.6), priorityClassName: 'high' }));
    expect(await placed('important')).toBe('node-3');
    await eventually(async () => {
      expect(await kubectl('get pods --no-headers')).not.toContain('victim');
    });
    const events = await kubectl('get events --field-selector reason=Preempted -o jsonpath={.items[*].message}');
    expect(events).toMatch(/^Preempted by pod [0-9a-f-]{36} on node node-3$/);
  });

  test('-o json gives programs the same answer', async () => {
    const answer = JSON.parse(await why('why-here pod/racked -o json'));
    expect(answer).toMatchObject({
      namespace: 'default',
      name: 'racked',
      node: 'node-1',
      schedulerName: 'default-scheduler',
      decision: { node: 'node-1', nodes: 3, examined: 3, feasible: 3, weights: { Racks: 5, TaintToleration: 3 } },
    });
  });

  test('what is not there, or not to be seen, is told as Kubernetes tells it', async () => {
    const gone = await cluster.shiplog(['why-here', 'pod/nope']);
    expect([gone.code === 0, gone.stderr]).toEqual([false, 'error: pods "nope" not found\n']);
    const wrong = await cluster.shiplog(['why-here', 'deployment/web']);
    expect(wrong.stderr).toContain('Only pods are scheduled: name one as pod/NAME, not deployment/web.');
    const path = '/shiplog/v1/scheduling/namespaces/default/pods/racked';
    const asJane = await cluster.kubectl(['get', '--raw', path, '--as=jane']);
    expect(asJane.stderr).toContain('cannot get path');
    await kubectl('create clusterrole asks --verb=get --non-resource-url=/shiplog/v1/scheduling/*');
    await kubectl('create clusterrolebinding asks --clusterrole=asks --user=jane');
    const still = await cluster.kubectl(['get', '--raw', path, '--as=jane']);
    expect(still.stderr).toContain('User "jane" cannot get resource "pods" in API group "" in the namespace "default"');
  });

  test('the metrics have the names dashboards know', async () => {
    const metrics = await kubectl('get --raw /metrics');
    for (const line of [
      /^scheduler_pending_pods\{queue="unschedulable"\} \d+$/m,
      /^scheduler_schedule_attempts_total\{result="scheduled",profile="default-scheduler"\} [1-9]\d*$/m,
      /^scheduler_preemption_victims_count [1-9]\d*$/m,
      /^scheduler_preemption_attempts_total [1-9]\d*$/m,
      /^scheduler_queue_incoming_pods_total\{event="UnscheduledPodAdd",queue="active"\} [1-9]\d*$/m,
      /^scheduler_scheduling_attempt_duration_seconds_count\{result="scheduled",profile="default-scheduler"\} [1-9]\d*$/m,
      /^scheduler_framework_extension_point_duration_seconds_count\{extension_point="Filter",profile="default-scheduler"\} [1-9]\d*$/m,
    ]) {
      expect(metrics).toMatch(line);
    }
  });
});
