// The workloads that churn makes, each drawn at random within what the nodes have room for.

import type { Draw } from './door.ts';

export type Made = { readonly namespace: string; readonly object: object };

const images = ['app:1', 'app:2', 'app:3'];

function template(draw: Draw, labels: object, spec: object = {}, annotations: object = {}): object {
  const cpu = draw.of(['20m', '50m', '200m']);
  return {
    metadata: { labels, annotations },
    spec: {
      containers: [
        { name: 'c', image: draw.of(images), resources: { requests: { cpu, memory: draw.of(['32Mi', '128Mi']) } } },
      ],
      terminationGracePeriodSeconds: draw.of([0, 1, 5]),
      ...spec,
    },
  };
}

export function deployment(draw: Draw): Made {
  const [name, namespace] = [`d-${draw.name}`, draw.namespace];
  const labels = { app: name };
  const rolling = { maxSurge: draw.of([0, 1, '25%', '100%']), maxUnavailable: draw.of([1, '25%', '50%']) };
  const strategy = draw.below(5) === 0 ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: rolling };
  const spec = {
    replicas: draw.below(12),
    selector: { matchLabels: labels },
    strategy,
    minReadySeconds: draw.below(3),
  };
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } };
  return { namespace, object: { ...object, spec: { ...spec, template: template(draw, labels) } } };
}

const claimTemplate = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};

/** Every third one keeps data; its pods ask for little, because they cannot leave the nodes their volumes are on. */
export function statefulSet(draw: Draw): Made {
  const [name, namespace] = [`s-${draw.name}`, draw.namespace];
  const podManagementPolicy = draw.of(['OrderedReady', 'OrderedReady', 'Parallel']);
  const labels = { app: name };
  const rollingUpdate = { partition: draw.of([0, 0, 1]) };
  const keeps = draw.below(3) === 0;
  const spec = {
    replicas: draw.below(6),
    serviceName: name,
    podManagementPolicy,
    selector: { matchLabels: labels },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate },
    template: template(
      draw,
      { ...labels, 'churn/policy': podManagementPolicy },
      keeps ? { containers: [{ name: 'c', image: 'app:1' }] } : {},
    ),
    ...(keeps && { volumeClaimTemplates: [claimTemplate], persistentVolumeClaimRetentionPolicy: retention(draw) }),
  };
  return { namespace, object: { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name }, spec } };
}

function retention(draw: Draw): object {
  const policy = ['Retain', 'Retain', 'Delete'];
  return { whenDeleted: draw.of(policy), whenScaled: draw.of(policy) };
}

export function job(draw: Draw): Made {
  const [name, namespace] = [`j-${draw.name}-${draw.below(1_000)}`, draw.namespace];
  const completions = 1 + draw.below(6);
  const fails = draw.below(4) === 0;
  const annotations = {
    'simulation.shiplog.dev/run': fails ? 'fail' : 'complete',
    'simulation.shiplog.dev/duration': draw.of(['200ms', '1s', '3s']),
  };
  const spec = {
    completions,
    parallelism: 1 + draw.below(completions),
    completionMode: draw.of(['Indexed', 'NonIndexed']),
    backoffLimit: draw.below(3),
    ttlSecondsAfterFinished: draw.of([1, 5, 30]),
    template: template(draw, {}, { restartPolicy: 'Never' }, annotations),
  };
  return { namespace, object: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec } };
}

export function daemonSet(draw: Draw): Made {
  const [name, namespace] = [`ds-${draw.name}`, draw.namespace];
  const labels = { app: name };
  const rollingUpdate = draw.of([{ maxUnavailable: 1 }, { maxUnavailable: 0, maxSurge: 1 }]);
  const spec = {
    selector: { matchLabels: labels },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate },
    template: template(draw, labels),
  };
  return { namespace, object: { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name }, spec } };
}

export function cronJob(draw: Draw): Made {
  const [name, namespace] = [`c-${draw.name}`, draw.namespace];
  const annotations = { 'simulation.shiplog.dev/duration': draw.of(['500ms', '4s']) };
  const jobTemplate = { spec: { template: template(draw, {}, { restartPolicy: 'Never' }, annotations) } };
  const spec = { schedule: '@every 3s', concurrencyPolicy: draw.of(['Allow', 'Forbid', 'Replace']), jobTemplate };
  return { namespace, object: { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name }, spec } };
}
