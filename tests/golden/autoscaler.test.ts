// The autoscaler as a table: given a target, its pods and what they use, when it is looked at, then these writes, events
// and conditions, in upstream's words.

import { describe, expect, test } from 'vitest';
import { autoscalerDefaults, horizontalPodAutoscalerController } from '../../actors/controllers/hpa/horizontal.ts';
import type { AutoscalerMemory } from '../../actors/controllers/hpa/memory.ts';
import { type MetricsReader, noMetrics, noOtherMetrics } from '../../actors/controllers/hpa/metrics.ts';
import type { Plan } from '../../actors/kit/controller.ts';
import { KindTable } from '../../infra/api/kinds/kind-table.ts';
import { scaleReader } from '../../infra/api/registry/scale-reader.ts';
import type { AutoscalerSpec, HorizontalPodAutoscaler, MetricSpec } from '../../streams/resources/autoscaling.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { planOf, told, worldOf } from '../kit/given-world.ts';
import { aDeployment, aPod, at, atMs, meta } from '../kit/workloads.ts';

const key = 'default/web';
const labels = { app: 'web' };
const nowMs = atMs(3_600);
const cpu = (averageUtilization = 50): MetricSpec => {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
};

/** Each pod uses that much of each container. */
function using(milli: number): MetricsReader {
  return {
    ...noOtherMetrics,
    resource: () => ({
      kind: 'read',
      value: ['a', 'b'].map((name) => ({
        name,
        timestampMs: nowMs,
        windowMs: 15_000,
        containers: [
          { name: 'main', usage: { cpu: milli, memory: milli * 1_048_576_000 } },
          { name: 'side', usage: { cpu: 10, memory: 1_048_576_000 } },
        ],
      })),
    }),
  };
}

function pod(name: string): Pod {
  const container = (own: string) => ({
    name: own,
    image: 'x',
    resources: { requests: { cpu: '100m', memory: '64Mi' } },
  });
  const base = aPod(name, { spec: { containers: [container('main'), container('side')] }, meta: { labels } });
  return { ...base, status: { ...base.status, startTime: at(0) } };
}

function autoscaler(change: Partial<AutoscalerSpec> = {}, name = 'web'): HorizontalPodAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: meta(name),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [cpu()],
      ...change,
    },
  };
}

const target = (replicas = 2) => aDeployment({ replicas, status: { replicas } });
const scales = scaleReader(new KindTable());

type Change = { readonly metrics?: MetricsReader; readonly failed?: string; readonly memory?: AutoscalerMemory };

function plan(
  objects: readonly KubeObject[],
  { metrics = using(50), failed, memory }: Change = {},
): Plan<AutoscalerMemory> {
  const controller = horizontalPodAutoscalerController({ ...autoscalerDefaults, scales, metrics });
  const world = worldOf(...objects);
  const when = { key, nowMs, memory };
  if (failed === undefined) return planOf(controller, world, when) as Plan<AutoscalerMemory>;
  const [write] = planOf(controller, world, when).writes;
  if (write === undefined) throw new Error('nothing was to be written');
  const failures = [{ write, reason: 'Forbidden', message: failed } as const];
  return planOf(controller, world, { ...when, failures }) as Plan<AutoscalerMemory>;
}

function lines(objects: readonly KubeObject[], change?: Change): string[] {
  return told(worldOf(...objects), plan(objects, change));
}

const pods = [pod('a'), pod('b')];

describe('an autoscaler', () => {
  test('scales first, and tells of it when that is done', () => {
    const objects = [autoscaler(), target(), ...pods];
    const first = plan(objects, { metrics: using(190) });
    expect(told(worldOf(...objects), first)).toEqual([
      expect.stringMatching(/^update deployments\/scale web: .*spec.replicas 2 → 4/),
      'note Normal SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target',
      'again after 0 ms',
    ]);
    const memory = first.remember?.memory;
    const second = plan([autoscaler(), target(4), ...pods], { ...(memory && { memory }) });
    const [write] = second.writes;
    expect(write).toMatchObject({
      subresource: 'status',
      object: {
        status: {
          currentReplicas: 2,
          desiredReplicas: 4,
          lastScaleTime: at(3_600),
          currentMetrics: [
            { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 100, averageValue: '200m' } } },
          ],
          conditions: [
            {
              type: 'AbleToScale',
              status: 'True',
              reason: 'SucceededRescale',
              message: 'the HPA controller was able to update the target scale to 4',
            },
            {
              type: 'ScalingActive',
              status: 'True',
              reason: 'ValidMetricFound',
              message:
                'the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)',
            },
            {
              type: 'ScalingLimited',
              status: 'False',
              reason: 'DesiredWithinRange',
              message: 'the desired count is within the acceptable range',
            },
          ],
        },
      },
    });
    expect(second.remember?.memory).not.toHaveProperty('unreported');
    expect(second.againAfterMs).toBe(15_000);
  });

  test('that is content says so and writes no scale', () => {
    const [first = '', ...rest] = lines([autoscaler(), target(), ...pods], { metrics: using(90) });
    expect(first).toMatch(/^update horizontalpodautoscalers\/status web: .*"reason":"ReadyForNewScale"/);
    expect(rest).toEqual(['again after 15000 ms']);
  });

  test('that was refused says what it was told, and waits', () => {
    const refused = lines([autoscaler(), target(), ...pods], { metrics: using(190), failed: 'no more' });
    expect(refused[0]).toContain('"reason":"FailedUpdateScale"');
    expect(refused[0]).toContain('the HPA controller was unable to update the target scale: no more');
    expect(refused.slice(1)).toEqual([
      'note Warning FailedRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target; error: no more',
      'again after 15000 ms',
    ]);
  });

  test('whose report is refused goes on without it', () => {
    const objects = [autoscaler(), target(), ...pods];
    const { memory } = plan(objects, { metrics: using(190) }).remember ?? {};
    const now = [autoscaler(), target(4), ...pods];
    const next = plan(now, { metrics: using(390), ...(memory && { memory }), failed: 'status is Invalid' });
    expect(told(worldOf(...now), next)[0]).toMatch(/^update deployments\/scale web: .*spec.replicas 4 → 8/);
    const content = plan(now, { metrics: using(90), ...(memory && { memory }), failed: 'status is Invalid' });
    expect(content.remember?.memory).not.toHaveProperty('unreported');
  });

  test('rests between two looks whatever happens', () => {
    const memory = { syncedAtMs: nowMs - 5_000, recommendations: [], ups: [], downs: [] };
    expect(lines([autoscaler(), target(), ...pods], { metrics: using(190), memory })).toEqual(['again after 10000 ms']);
  });

  test('that is gone is forgotten', () => {
    expect(plan([target()])).toEqual({ writes: [], remember: { memory: undefined } });
  });
});

describe('the size follows', () => {
  const container = (name: string): MetricSpec => {
    const target = { type: 'Utilization', averageUtilization: 50 };
    return { type: 'ContainerResource', containerResource: { name: 'cpu', container: name, target } };
  };
  const memory: MetricSpec = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '64Mi' } },
  };
  const unknown: MetricSpec = { type: 'Pods', pods: { metric: { name: 'rps' }, target: { averageValue: '1' } } };
  const rows: readonly (readonly [
    what: string,
    spec: Partial<AutoscalerSpec>,
    replicas: number,
    used: number,
    event: string,
  ])[] = [
    [
      'the bounds above all',
      { maxReplicas: 3 },
      5,
      50,
      'New size: 3; reason: Current number of replicas above Spec.MaxReplicas',
    ],
    [
      'the bounds below',
      { minReplicas: 4 },
      2,
      50,
      'New size: 4; reason: Current number of replicas below Spec.MinReplicas',
    ],
    [
      'one container',
      { metrics: [container('main')] },
      2,
      100,
      'New size: 4; reason: cpu container resource utilization (percentage of request) above target',
    ],
    [
      'the largest of several',
      { metrics: [cpu(), memory] },
      2,
      190,
      'New size: 4; reason: memory resource above target',
    ],
    [
      'those that can be had, upwards',
      { metrics: [unknown, cpu()] },
      2,
      190,
      'New size: 4; reason: cpu resource utilization (percentage of request) above target',
    ],
    [
      'what is below target',
      {
        behavior: {
          scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
        },
      },
      2,
      10,
      'New size: 1; reason: All metrics below target',
    ],
  ];
  test.each(rows)('%s', (_, spec, replicas, used, event) => {
    const notes = lines([autoscaler(spec), target(replicas), ...pods], { metrics: using(used) });
    expect(notes.find((line) => line.includes('SuccessfulRescale'))).toBe(`note Normal SuccessfulRescale: ${event}`);
  });

  test('nothing downwards where a metric cannot be had', () => {
    const objects = [autoscaler({ metrics: [unknown, cpu()] }), target(), ...pods];
    expect(lines(objects, { metrics: using(10) }).slice(1)).toEqual([
      'note Warning FailedGetPodsMetric: unable to get metric rps: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
      'note Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 2), first error is: failed to get pods metric value: unable to get metric rps: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
      'again after 15000 ms',
    ]);
  });
});

describe('what cannot be done is said', () => {
  const ref = (apiVersion: string, kind: string, name = 'web') => ({ scaleTargetRef: { apiVersion, kind, name } });
  const object: MetricSpec = {
    type: 'Object',
    object: {
      describedObject: { apiVersion: 'v1', kind: 'Service', name: 'front' },
      metric: { name: 'hits' },
      target: { type: 'Value', value: '5' },
    },
  };
  const external: MetricSpec = {
    type: 'External',
    external: {
      metric: { name: 'queue', selector: { matchLabels: { b: '2', a: '1' } } },
      target: { type: 'AverageValue', averageValue: '5' },
    },
  };
  type Row = readonly [what: string, objects: readonly KubeObject[], notes: readonly string[], metrics?: MetricsReader];
  const rows: readonly Row[] = [
    [
      'of a target that is not there',
      [autoscaler(ref('apps/v1', 'Deployment', 'gone'))],
      ['FailedGetScale: deployments.apps "gone" not found'],
    ],
    [
      'of an unknown kind',
      [autoscaler(ref('apps/v1', 'Boat'))],
      ['FailedGetScale: no matches for kind "Boat" in group "apps"'],
    ],
    [
      'of a kind that cannot be scaled',
      [autoscaler(ref('apps/v1', 'DaemonSet'))],
      ['FailedGetScale: the server could not find the requested resource'],
    ],
    [
      'of a version that is none',
      [autoscaler(ref('a/b/c', 'Deployment'))],
      ['FailedGetScale: unexpected GroupVersion string: a/b/c'],
    ],
    [
      'of pods that are another’s too',
      [autoscaler(), autoscaler({}, 'rival'), target(), ...pods],
      [
        'AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: [{rival default} {web default}]',
        'FailedComputeMetricsReplicas: pods by selector app=web are controlled by multiple HPAs: [{rival default} {web default}]',
      ],
    ],
    [
      'of metrics nobody serves',
      [autoscaler(), target(), ...pods],
      [
        'FailedGetResourceMetric: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)',
        'FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)',
      ],
      noMetrics,
    ],
    [
      'of an object’s metric',
      [autoscaler({ metrics: [object] }), target(), ...pods],
      [
        'FailedGetObjectMetric: unable to get metric hits: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered on Service default/front',
        'FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get object metric value: unable to get metric hits: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered on Service default/front',
      ],
    ],
    [
      'of a metric from outside',
      [autoscaler({ metrics: [external] }), target(), ...pods],
      [
        'FailedGetExternalMetric: unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
        'FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get queue external metric value: failed to get queue external metric: unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
      ],
    ],
  ];
  test.each(rows.map(([what, ...row]) => ({ what, row })))(
    '$what',
    ({ row: [objects, notes, metrics = using(50)] }) => {
      const found = lines(objects, { metrics }).filter((line) => line.startsWith('note'));
      expect(found).toEqual(notes.map((note) => `note Warning ${note}`));
    },
  );

  test('of a target that was scaled to nothing', () => {
    const [line = ''] = lines([autoscaler(), target(0)]);
    expect(line).toContain('"reason":"ScalingDisabled"');
    expect(line).toContain('scaling is disabled since the replica count of the target is zero');
  });

  test('of a target that was scaled to nothing, as the API server keeps it, so that it is told once', () => {
    const [write] = plan([autoscaler(), target(0)]).writes;
    const { status } = (write as unknown as { object: HorizontalPodAutoscaler }).object;
    expect([status?.desiredReplicas, status !== undefined && 'currentReplicas' in status]).toEqual([0, false]);
    const kept: HorizontalPodAutoscaler = { ...autoscaler(), status: status ?? {} };
    expect(plan([kept, target(0)]).writes).toEqual([]);
  });
});
