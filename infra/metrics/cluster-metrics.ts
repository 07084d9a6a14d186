// What the cluster tells of itself: objects kept, controllers' queues, the scheduler's queues and the server's health,
// under upstream's names. Everything is read when it is asked for.

import type { ObjectView } from '../../streams/views/object-view.ts';
import type { HealthCheck } from '../api/server/health.ts';
import type { versionInfo } from '../api/server/version.ts';
import type { ControllerStatus } from '../host/controller-host.ts';
import type { Metrics, Reading } from './metrics.ts';

export function storageMetrics(metrics: Metrics, view: ObjectView): void {
  metrics.gauge({
    name: 'apiserver_storage_objects',
    help: 'Objects kept, by resource.',
    labels: ['resource'],
    *read(): Iterable<Reading> {
      for (const { group, resource } of view.resources())
        yield [[group === '' ? resource : `${resource}.${group}`], view.resource({ group, resource }).size];
    },
  });
  metrics.gauge({
    name: 'apiserver_resource_objects',
    help: 'Objects kept, by group and resource.',
    labels: ['group', 'resource'],
    *read(): Iterable<Reading> {
      for (const { group, resource } of view.resources())
        yield [[group, resource], view.resource({ group, resource }).size];
    },
  });
}

export function healthMetrics(metrics: Metrics, checks: readonly HealthCheck[]): void {
  metrics.gauge({
    name: 'kubernetes_healthcheck',
    help: 'Whether each check passes (1) or fails (0).',
    labels: ['name', 'type'],
    *read(): Iterable<Reading> {
      for (const { name, readinessOnly, check } of checks) {
        const passes = check() === undefined ? 1 : 0;
        if (!readinessOnly) yield [[name, 'livez'], passes];
        yield [[name, 'readyz'], passes];
      }
    },
  });
}

export function buildMetrics(metrics: Metrics, { major, minor, gitVersion, platform }: typeof versionInfo): void {
  metrics.gauge({
    name: 'kubernetes_build_info',
    help: 'The Kubernetes version that is spoken; always 1.',
    labels: ['major', 'minor', 'git_version', 'platform'],
    read: () => [[[major, minor, gitVersion, platform], 1]],
  });
}

type ControllerRow = { readonly name: string; readonly status: ControllerStatus };

export function controllerMetrics(metrics: Metrics, controllers: () => readonly ControllerRow[]): void {
  const each = (name: string, help: string, type: 'gauge' | 'counter', value: (status: ControllerStatus) => number) =>
    metrics.gauge({
      name,
      help,
      type,
      labels: ['name'],
      read: () => controllers().map(({ name: of, status }) => [[of], value(status)] as const),
    });
  each('workqueue_depth', 'Keys that wait to be reconciled.', 'gauge', ({ queueDepth }) => queueDepth);
  each('workqueue_running', 'Keys being reconciled now.', 'gauge', ({ running }) => running);
  each('workqueue_work_total', 'Reconciles since the start.', 'counter', ({ reconciles }) => reconciles);
  each('workqueue_errors_total', 'Reconciles that threw and writes refused.', 'counter', ({ errors }) => errors);
}
