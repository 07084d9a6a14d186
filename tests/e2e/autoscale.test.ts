// What pods use, and what follows from it, with the real kubectl: `top` shows the scripted usage of simulated pods, and
// autoscalers follow it up and down.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

const script = 'simulation.shiplog.dev/cpu';

function deployment(name: string, { replicas, cpu }: { readonly replicas: number; readonly cpu: string }): string {
  const annotations = { [script]: cpu, 'simulation.shiplog.dev/memory': '64Mi' };
  const resources = { requests: { cpu: '100m', memory: '100Mi' } };
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations },
        spec: { containers: [{ name: 'main', image: 'nginx', resources }] },
      },
    },
  });
}

describe.skipIf(kubectlPath === undefined)('autoscaling', () => {
  const often = ['--horizontal-pod-autoscaler-sync-period', '500ms'];
  const atOnce = ['--horizontal-pod-autoscaler-cpu-initialization-period', '0s'];
  const cluster = new RunningCluster(['--memory', ...often, ...atOnce]);
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const running = (name: string) => cluster.ok(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);
  const replicas = (name: string) => cluster.ok(['get', 'deployment', name, '-o', 'jsonpath={.spec.replicas}']);
  const use = (name: string, cpu: string) =>
    cluster.ok(['annotate', 'pods', '-l', `app=${name}`, `${script}=${cpu}`, '--overwrite']);

  test('kubectl top shows what nodes, pods and containers use', async () => {
    await cluster.ok(['apply', '-f', '-'], { stdin: deployment('quiet', { replicas: 2, cpu: '120m' }) });
    await cluster.ok(['apply', '-f', '-'], { stdin: deployment('loud', { replicas: 1, cpu: '750m' }) });
    await running('quiet');
    await running('loud');
    const pods = await cluster.ok(['top', 'pods', '--sort-by=cpu', '--no-headers']);
    expect(
      pods
        .replaceAll(/-[a-z0-9]+-[a-z0-9]{5}/g, '')
        .replaceAll(/ +/g, ' ')
        .split('\n'),
    ).toEqual(['loud 750m 64Mi ', 'quiet 120m 64Mi ', 'quiet 120m 64Mi']);
    expect(await cluster.ok(['top', 'pods', '-l', 'app=quiet', '--sum'])).toMatch(/________ +________\s+240m +128Mi/);
    const containers = await cluster.ok(['top', 'pods', '-A', '--containers', '-l', 'app=loud']);
    expect(containers).toMatch(
      /^NAMESPACE +POD +NAME +CPU\(cores\) +MEMORY\(bytes\)\s+default +loud-\S+ +main +750m +64Mi/,
    );
    const nodes = await cluster.ok(['top', 'nodes']);
    expect(nodes).toMatch(
      /^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\)\s+node-1 +\d+m +\d+% +\d+Mi +\d+%/,
    );
    const nobody = await cluster.kubectl(['top', 'pod', 'nobody']);
    expect(nobody.stderr).toBe('Error from server (NotFound): pods "nobody" not found\n');
  });

  test('metrics.k8s.io is an API like any other', async () => {
    expect(await cluster.ok(['get', 'apiservice', 'v1beta1.metrics.k8s.io', '--no-headers'])).toMatch(/Local +True/);
    expect(await cluster.ok(['api-resources', '--api-group=metrics.k8s.io', '-o', 'name'])).toBe(
      'nodes.metrics.k8s.io\npods.metrics.k8s.io',
    );
    expect(await cluster.ok(['get', 'nodes.metrics.k8s.io'])).toMatch(
      /^NAME +CPU +MEMORY +WINDOW\s+node-1 +\S+ +\S+ +15s/,
    );
    expect(await cluster.ok(['get', 'podmetrics', '-l', 'app=loud', '--no-headers'])).toMatch(
      /^loud-\S+ +750m +64Mi +15s$/,
    );
    expect(await cluster.ok(['explain', 'pods.containers', '--api-version=metrics.k8s.io/v1beta1'])).toContain(
      'FIELD: containers <[]ContainerMetrics>',
    );
    const viewer = ['auth', 'can-i', 'list', 'pods.metrics.k8s.io', '--as=somebody'];
    expect((await cluster.kubectl(viewer)).stdout).toBe('no\n');
    await cluster.ok(['create', 'rolebinding', 'somebody', '--clusterrole=view', '--user=somebody']);
    await eventually(async () => expect(await cluster.ok(viewer)).toBe('yes'));
  });

  test('kubectl autoscale follows the load up and down', async () => {
    await cluster.ok(['apply', '-f', '-'], { stdin: deployment('web', { replicas: 2, cpu: '60m' }) });
    await running('web');
    await cluster.ok(['autoscale', 'deployment/web', '--min=1', '--max=6', '--cpu-percent=100']);
    const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } };
    await cluster.ok(['patch', 'hpa', 'web', '--type=merge', '-p', JSON.stringify({ spec: { behavior } })]);
    await use('web', '350m');
    await eventually(async () => expect(await replicas('web')).toBe('6'));
    await running('web');
    await eventually(async () => {
      expect(await cluster.ok(['get', 'hpa', 'web'])).toMatch(
        /^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE\s+web +Deployment\/web +cpu: \d+%\/100% +1 +6 +6 /,
      );
    });
    await use('web', '10m');
    await eventually(async () => expect(await replicas('web')).toBe('1'));
    await running('web');
    const described = await eventually(async () => {
      const text = await cluster.ok(['describe', 'hpa', 'web']);
      expect(text).toMatch(/Deployment pods: +1 current \/ 1 desired/);
      return text;
    });
    expect(described).toContain('resource cpu on pods  (as a percentage of request):');
    expect(described).toMatch(/AbleToScale +True +ReadyForNewScale +recommended size matches current size/);
    expect(described).toMatch(
      /ScalingActive +True +ValidMetricFound +the HPA was able to successfully calculate a replica count from cpu resource utilization \(percentage of request\)/,
    );
    expect(described).toMatch(
      /Normal +SuccessfulRescale .*New size: 6; reason: cpu resource utilization \(percentage of request\) above target/,
    );
    expect(described).toMatch(/Normal +SuccessfulRescale .*New size: 1; reason: All metrics below target/);
  });

  test('an autoscaler says what it cannot have', async () => {
    const hpa = (name: string, scaleTargetRef: object, metrics: readonly object[]) =>
      JSON.stringify({
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name },
        spec: { scaleTargetRef, maxReplicas: 3, metrics },
      });
    const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'loud' };
    const external = { metric: { name: 'queue' }, target: { type: 'Value', value: '5' } };
    const requests = { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '5' } };
    await cluster.ok(['apply', '-f', '-'], { stdin: hpa('queue', target, [{ type: 'External', external }]) });
    const condition = (name: string, type: string) =>
      cluster.ok(['get', 'hpa', name, '-o', `jsonpath={.status.conditions[?(@.type=="${type}")].message}`]);
    await eventually(async () =>
      expect(await condition('queue', 'ScalingActive')).toBe(
        'the HPA was unable to compute the replica count: unable to get external metric default/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
      ),
    );
    await cluster.ok(['delete', 'hpa', 'queue']);
    await cluster.ok(['apply', '-f', '-'], { stdin: hpa('rps', target, [{ type: 'Pods', pods: requests }]) });
    await eventually(async () =>
      expect(await condition('rps', 'ScalingActive')).toBe(
        'the HPA was unable to compute the replica count: unable to get metric rps: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
      ),
    );
    await cluster.ok(['apply', '-f', '-'], { stdin: hpa('lost', { ...target, name: 'gone' }, []) });
    await eventually(async () =>
      expect(await condition('lost', 'AbleToScale')).toBe(
        'the HPA controller was unable to get the target\'s current scale: deployments.apps "gone" not found',
      ),
    );
  });

  test('a custom resource with a scale is scaled like any other', async () => {
    const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const scale = {
      specReplicasPath: '.spec.size',
      statusReplicasPath: '.status.size',
      labelSelectorPath: '.status.on',
    };
    const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'fleets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'fleets', singular: 'fleet', kind: 'Fleet' },
        versions: [{ ...version, subresources: { status: {}, scale } }],
      },
    };
    await cluster.ok(['apply', '-f', '-'], { stdin: JSON.stringify(definition) });
    await cluster.ok(['wait', '--for=condition=Established', 'crd/fleets.example.com', '--timeout=30s']);
    const fleet = { apiVersion: 'example.com/v1', kind: 'Fleet', metadata: { name: 'one' }, spec: { size: 9 } };
    await eventually(() => cluster.ok(['apply', '-f', '-'], { stdin: JSON.stringify(fleet) }));
    const autoscaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'fleet' },
      spec: { scaleTargetRef: { apiVersion: 'example.com/v1', kind: 'Fleet', name: 'one' }, maxReplicas: 4 },
    };
    await cluster.ok(['apply', '-f', '-'], { stdin: JSON.stringify(autoscaler) });
    await eventually(async () => {
      expect(await cluster.ok(['get', 'fleet', 'one', '-o', 'jsonpath={.spec.size}'])).toBe('4');
      expect(await cluster.ok(['describe', 'hpa', 'fleet'])).toContain(
        'New size: 4; reason: Current number of replicas above Spec.MaxReplicas',
      );
    });
  });
});
