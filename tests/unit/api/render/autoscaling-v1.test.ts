// autoscaling/v1 is a face of what is stored as v2: nothing of a v2 object is lost on the way through it, and every
// endpoint takes and shows it.

import { expect, test } from 'vitest';
import { fromAutoscalingV1, toAutoscalingV1 } from '../../../../infra/api/render/autoscaling-v1.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { ApiWorld, type Body } from '../../../kit/api-world.ts';

const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
const described = { apiVersion: 'v1', kind: 'Service', name: 's' };
const selector = { matchLabels: { a: 'b' } };
const cpu = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

const whole = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'a', namespace: 'default', uid: 'u', annotations: { kept: 'x' } },
  spec: {
    scaleTargetRef,
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
      { type: 'Pods', pods: { metric: { name: 'p', selector }, target: { type: 'AverageValue', averageValue: '1k' } } },
      {
        type: 'Object',
        object: { describedObject: described, metric: { name: 'o' }, target: { type: 'Value', value: '3' } },
      },
      { type: 'External', external: { metric: { name: 'e', selector }, target: { type: 'Value', value: '4' } } },
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 9 } },
      },
      cpu(70),
    ],
    behavior: {
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'Max',
        policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }],
      },
      scaleDown: { policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }], tolerance: '50m' },
    },
  },
  status: {
    currentReplicas: 2,
    desiredReplicas: 3,
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '100m', averageUtilization: 12 } } },
    ],
    conditions: [{ type: 'AbleToScale', status: 'True' }],
  },
} as unknown as AnyObject;

test('what v1 has no field for travels in annotations', () => {
  const { metadata, spec, status } = toAutoscalingV1(whole);
  expect(spec).toEqual({ scaleTargetRef, minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 70 });
  expect(status).toEqual({ currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 12 });
  const prefix = 'autoscaling.alpha.kubernetes.io/';
  expect(Object.keys(metadata.annotations ?? {}).sort()).toEqual(
    [...['behavior', 'conditions', 'current-metrics', 'metrics'].map((key) => prefix + key), 'kept'].sort(),
  );
  expect(metadata.annotations?.[`${prefix}behavior`]).toContain('"ScaleUp":{"StabilizationWindowSeconds":0');
  expect(metadata.annotations?.[`${prefix}metrics`]).toContain('{"metricName":"e","metricSelector":');
});

test('and comes back from them whole', () => {
  expect(fromAutoscalingV1(toAutoscalingV1(whole))).toEqual(whole);
});

test('an autoscaler of v1 without a target aims at 80 percent of the processor', () => {
  const { spec } = fromAutoscalingV1({ ...whole, apiVersion: 'autoscaling/v1', spec: { scaleTargetRef } } as AnyObject);
  expect((spec as Body).metrics).toEqual([cpu(80)]);
});

test('both versions are read and written by every verb', async () => {
  const world = await ApiWorld.start();
  const path = (version: string, name = '') =>
    `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers${name}`;
  const body = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'a' },
    spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 50 },
  };
  const ask = async (where: string, options: Parameters<ApiWorld['ask']>[1] = {}) =>
    (await world.ask(where, options)).json;
  expect(await ask(path('v1'), { method: 'POST', body })).toMatchObject({
    apiVersion: 'autoscaling/v1',
    spec: { minReplicas: 1, targetCPUUtilizationPercentage: 50 },
  });
  expect(await ask(path('v2', '/a'))).toMatchObject({ apiVersion: 'autoscaling/v2', spec: { metrics: [cpu(50)] } });
  const patched = await ask(path('v1', '/a'), {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec: { targetCPUUtilizationPercentage: 60, minReplicas: 2 } },
  });
  expect(patched).toMatchObject({ spec: { minReplicas: 2, targetCPUUtilizationPercentage: 60 } });
  expect(await ask(path('v1'))).toMatchObject({
    kind: 'HorizontalPodAutoscalerList',
    apiVersion: 'autoscaling/v1',
    items: [{ spec: { targetCPUUtilizationPercentage: 60 } }],
  });
  const status = {
    ...(patched as Body),
    status: { currentReplicas: 2, desiredReplicas: 2, currentCPUUtilizationPercentage: 7 },
  };
  expect(await ask(path('v1', '/a/status'), { method: 'PUT', body: status })).toMatchObject({
    status: { currentReplicas: 2, currentCPUUtilizationPercentage: 7 },
  });
  const applied = await ask(`${path('v1', '/a')}?fieldManager=m&force=true`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: { ...body, spec: { ...body.spec, targetCPUUtilizationPercentage: 90 } },
  });
  expect(applied).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 90 } });
  await world.stop();
});
