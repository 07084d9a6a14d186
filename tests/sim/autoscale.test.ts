// Autoscalers in a whole cluster under random load, in virtual time: whatever the load does, replicas stay within their
// bounds, come and go no faster than the policies allow, and do not go while a recent peak still counts.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MetricsReader, noOtherMetrics } from '../../actors/controllers/hpa/metrics.ts';
import type { HorizontalPodAutoscaler, ScalingPolicy, ScalingRules } from '../../streams/resources/autoscaling.ts';
import { matchesRequirements } from '../../streams/resources/labels.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Deployment } from '../../streams/resources/workload.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { aDeployment, meta } from '../kit/workloads.ts';

const mebibyte = 1_048_576;
const logMs = 20;
const user = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';

/** The load is so many pods' worth at their target, dealt out evenly to those that run. */
class Load {
  podsWorth = 1;
  cluster: LiveCluster | undefined;

  readonly metrics: MetricsReader = {
    ...noOtherMetrics,
    resource: ({ selector }) => {
      const running = (this.cluster?.list<Pod>('Pod') ?? []).filter(
        ({ metadata, status }) => status?.phase === 'Running' && matchesRequirements(selector, metadata.labels),
      );
      const memory = (this.podsWorth * 100 * mebibyte * 1_000) / Math.max(1, running.length);
      const timestampMs = this.cluster?.clock.now() ?? 0;
      const value = running.map(({ metadata: { name } }) => ({
        name,
        timestampMs,
        windowMs: 15_000,
        containers: [{ name: 'web', usage: { memory } }],
      }));
      if (value.length === 0) return { kind: 'failed', message: 'no metrics returned from resource metrics API' };
      return { kind: 'read', value };
    },
  };
}

type Autoscaled = {
  readonly cluster: LiveCluster;
  readonly load: Load;
  /** What the autoscaler did, and when. */
  readonly steps: { readonly atMs: number; readonly from: number; readonly to: number }[];
};

async function autoscaled({
  seed,
  replicas = 2,
  ...spec
}: Partial<HorizontalPodAutoscaler['spec']> & {
  readonly seed: number;
  readonly replicas?: number;
}): Promise<Autoscaled> {
  const load = new Load();
  const cluster = await LiveCluster.start({ seed, autoscaler: { metrics: load.metrics } });
  load.cluster = cluster;
  const steps: Autoscaled['steps'] = [];
  cluster.view.listen(({ ref, event, current, previous }) => {
    if (ref.resource !== 'deployments' || event.author.user !== user) return;
    const sizeOf = (object: unknown) => (object as Deployment | undefined)?.spec.replicas ?? 0;
    steps.push({ atMs: event.timeMs, from: sizeOf(previous?.object), to: sizeOf(current.object) });
  });
  const containers = [{ name: 'web', image: 'nginx:1', resources: { requests: { memory: '100Mi' } } }];
  await cluster.create(
    aDeployment({ replicas, template: { metadata: { labels: { app: 'web' } }, spec: { containers } } }),
  );
  await cluster.until('its pods run', () =>
    cluster.list<Pod>('Pod').every(({ status }) => status?.phase === 'Running'),
  );
  const autoscaler: HorizontalPodAutoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: meta('web'),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [
        { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 100 } } },
      ],
      ...spec,
    },
  };
  await cluster.create(autoscaler);
  return { cluster, load, steps };
}

const sizeOf = (cluster: LiveCluster) => cluster.get<Deployment>('Deployment', 'web')?.spec.replicas;

async function finished(cluster: LiveCluster): Promise<void> {
  await cluster.stop();
  expect(cluster.anomalies).toEqual([]);
  expect(cluster.complaints).toEqual([]);
}

const seed = fc.integer({ min: 1, max: 1_000_000 });
const course = fc.array(
  fc.record({ podsWorth: fc.integer({ min: 1, max: 30 }), seconds: fc.integer({ min: 1, max: 200 }) }),
  {
    minLength: 2,
    maxLength: 8,
  },
);
const policy: fc.Arbitrary<ScalingPolicy> = fc.record({
  type: fc.constantFrom('Pods' as const, 'Percent' as const),
  value: fc.integer({ min: 1, max: 60 }),
  periodSeconds: fc.constantFrom(15, 60, 180),
});
const rules = fc.record({
  stabilizationWindowSeconds: fc.constantFrom(0, 30, 300),
  selectPolicy: fc.constantFrom('Max' as const, 'Min' as const, 'Disabled' as const),
  policies: fc.array(policy, { minLength: 1, maxLength: 2 }),
});

describe('an autoscaler', () => {
  test('keeps to its bounds and its policies whatever the load does', async () => {
    const bounds = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 12 }));
    await fc.assert(
      fc.asyncProperty(seed, bounds, rules, rules, course, async (seed, [min, more], scaleUp, scaleDown, course) => {
        const { cluster, load, steps } = await autoscaled({
          seed,
          replicas: min,
          minReplicas: min,
          maxReplicas: min + more,
          behavior: { scaleUp, scaleDown },
        });
        for (const { podsWorth, seconds } of course) {
          load.podsWorth = podsWorth;
          await cluster.pass(seconds);
        }
        for (const [index, step] of steps.entries()) {
          expect(step.to).toBeGreaterThanOrEqual(min);
          expect(step.to).toBeLessThanOrEqual(min + more);
          expect(paceOf(steps.slice(0, index), { step, rules: step.to > step.from ? scaleUp : scaleDown })).toBe(
            'kept',
          );
        }
        await finished(cluster);
      }),
      { numRuns: 25 },
    );
  });

  test('does not let pods go while a peak lies within the window, and lets them go after it', async () => {
    const peak = fc.record({ high: fc.integer({ min: 4, max: 9 }), everySeconds: fc.integer({ min: 40, max: 200 }) });
    await fc.assert(
      fc.asyncProperty(seed, peak, async (seed, { high, everySeconds }) => {
        const { cluster, load, steps } = await autoscaled({ seed });
        for (let peaks = 0; peaks < 4; peaks++) {
          load.podsWorth = high;
          await cluster.pass(35);
          load.podsWorth = 1;
          await cluster.pass(everySeconds);
        }
        const reached = steps.findIndex(({ to }) => to === high);
        expect(reached).toBeGreaterThanOrEqual(0);
        expect(steps.slice(reached + 1)).toEqual([]);
        await cluster.pass(360);
        expect(sizeOf(cluster)).toBe(1);
        await finished(cluster);
      }),
      { numRuns: 10 },
    );
  });

  test('ends with the replicas a steady load asks for', async () => {
    await fc.assert(
      fc.asyncProperty(seed, fc.integer({ min: 1, max: 14 }), async (seed, podsWorth) => {
        const { cluster, load } = await autoscaled({ seed, replicas: 5 });
        load.podsWorth = podsWorth;
        await cluster.pass(600);
        const wanted = Math.min(10, podsWorth);
        const size = sizeOf(cluster) ?? 0;
        expect(Math.abs(size / wanted - 1)).toBeLessThanOrEqual(0.12);
        const { status } = cluster.get<HorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'web') ?? {};
        expect(status).toMatchObject({ currentReplicas: size, desiredReplicas: size });
        await finished(cluster);
      }),
      { numRuns: 10 },
    );
  });
});

test('an autoscaler looks at the metrics once in fifteen seconds, and its own reports do not wake it', async () => {
  const { cluster, load } = await autoscaled({ seed: 4 });
  load.podsWorth = 9;
  const looks: number[] = [];
  const { resource } = load.metrics;
  Object.assign(load.metrics, {
    resource: (query: Parameters<typeof resource>[0]) => {
      looks.push(cluster.clock.now());
      return resource(query);
    },
  });
  await cluster.pass(61);
  expect(looks.length).toBe(4);
  expect(new Set(looks.slice(1).map((ms, i) => Math.round((ms - (looks[i] ?? 0)) / 1_000)))).toEqual(new Set([15]));
  expect(cluster.notes()).toContain(
    'SuccessfulRescale: New size: 4; reason: memory resource utilization (percentage of request) above target',
  );
  await finished(cluster);
});

test('a metric that nobody serves keeps the others from scaling down, not up', async () => {
  const { cluster, load } = await autoscaled({
    seed: 6,
    metrics: [
      { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '1' } } },
      { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 100 } } },
    ],
  });
  load.podsWorth = 4;
  await cluster.pass(90);
  expect(sizeOf(cluster)).toBe(4);
  const status = () => cluster.get<HorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'web')?.status;
  const active = () => status()?.conditions?.find(({ type }) => type === 'ScalingActive');
  expect(status()).toMatchObject({ currentReplicas: 4, desiredReplicas: 4 });
  expect(status()?.currentMetrics?.map(({ type }) => type)).toEqual(['', 'Resource']);
  expect(active()).toMatchObject({ status: 'True', reason: 'ValidMetricFound' });
  load.podsWorth = 1;
  await cluster.pass(600);
  expect(sizeOf(cluster)).toBe(4);
  expect(active()).toMatchObject({ status: 'False', reason: 'FailedGetExternalMetric' });
  await finished(cluster);
});

test('what somebody scaled to nothing stays so', async () => {
  const { cluster, load } = await autoscaled({ seed: 5 });
  load.podsWorth = 9;
  await cluster.change<Deployment>('Deployment', 'web', (object) => ({
    ...object,
    spec: { ...object.spec, replicas: 0 },
  }));
  await cluster.pass(60);
  expect(sizeOf(cluster)).toBe(0);
  const { status } = cluster.get<HorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'web') ?? {};
  expect(status?.conditions?.find(({ type }) => type === 'ScalingActive')?.reason).toBe('ScalingDisabled');
  await finished(cluster);
});

/** Whether a step is one that the replicas at the beginning of each policy's period allow. */
function paceOf(
  before: Autoscaled['steps'],
  { step, rules }: { readonly step: Autoscaled['steps'][number]; readonly rules: ScalingRules },
): string {
  const { policies = [], selectPolicy } = rules;
  if (selectPolicy === 'Disabled') return `scaled from ${step.from} to ${step.to} though that is disabled`;
  const up = step.to > step.from;
  const allowed = policies.map(({ type, value, periodSeconds }) => {
    // The log is some milliseconds later than the decision, more or less.
    const since = before.find(({ atMs }) => atMs > step.atMs - periodSeconds * 1_000 + logMs);
    const start = since?.from ?? step.from;
    const share = (start * value) / 100;
    const change = type === 'Pods' ? value : up ? Math.ceil(share) : Math.ceil(share + 1e-9);
    return up ? start + change : start - change;
  });
  const widest = up === (selectPolicy !== 'Min') ? Math.max(...allowed) : Math.min(...allowed);
  const kept = up ? step.to <= widest : step.to >= widest;
  return kept ? 'kept' : `${step.from} → ${step.to} at ${step.atMs}, allowed ${widest} after ${JSON.stringify(before)}`;
}
