// What `kubectl get` prints of the kinds that make, bound and drive pods: a row and its columns for each.

import { expect, test } from 'vitest';
import { tablePrinterOf } from '../../../../infra/api/tables/printers.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import type { Body } from '../../../kit/api-world.ts';

const nowMs = Date.UTC(2026, 0, 2);
const metadata = { name: 'a', namespace: 'default', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' };
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } };
const selector = { matchLabels: { app: 'a' } };
const done = (type: string) => ({ conditions: [{ type, status: 'True' }] });
const resource = (target: Body, name = 'cpu') => ({ type: 'Resource', resource: { name, target } });
const hpa = (metrics: readonly Body[], currentMetrics: readonly Body[] = []) => ({
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, minReplicas: 1, maxReplicas: 5, metrics },
  status: { currentReplicas: 2, currentMetrics },
});

const columns: Readonly<Record<string, string>> = {
  replicationcontrollers: 'Name Desired Current Ready Age Containers* Images* Selector*',
  statefulsets: 'Name Ready Age Containers* Images*',
  daemonsets: 'Name Desired Current Ready Up-to-date Available Node-Selector Age Containers* Images* Selector*',
  jobs: 'Name Status Completions Duration Age Containers* Images* Selector*',
  cronjobs: 'Name Schedule Timezone Suspend Active Last-Schedule Age Containers* Images* Selector*',
  controllerrevisions: 'Name Controller Revision Age',
  podtemplates: 'Name Containers Images Pod-Labels',
  horizontalpodautoscalers: 'Name Reference Targets MinPods MaxPods Replicas Age',
  poddisruptionbudgets: 'Name Min-Available Max-Unavailable Allowed-Disruptions Age',
  resourcequotas: 'Name Request Limit Age',
  limitranges: 'Name Created-At',
};

test.each(Object.entries(columns))('%s have the columns %s', (resource, expected) => {
  const shown = tablePrinterOf({ resource }).columns.map(
    ({ name, priority }) => name.replaceAll(' ', '-') + (priority > 0 ? '*' : ''),
  );
  expect(shown.join(' ')).toBe(expected);
});

test.each<readonly [resource: string, object: Body, row: string]>([
  [
    'replicationcontrollers',
    { spec: { replicas: 3, selector: { app: 'a' }, template }, status: { replicas: 2, readyReplicas: 1 } },
    'a | 3 | 2 | 1 | 24h | c | x:1 | app=a',
  ],
  ['statefulsets', { spec: { replicas: 3, template }, status: { readyReplicas: 2 } }, 'a | 2/3 | 24h | c | x:1'],
  ['statefulsets', { spec: { template } }, 'a | 0/0 | 24h | c | x:1'],
  [
    'daemonsets',
    {
      spec: { selector, template: { spec: { ...template.spec, nodeSelector: { disk: 'ssd' } } } },
      status: { desiredNumberScheduled: 4, currentNumberScheduled: 3, numberReady: 2, numberAvailable: 1 },
    },
    'a | 4 | 3 | 2 | 0 | 1 | disk=ssd | 24h | c | x:1 | app=a',
  ],
  ['jobs', { spec: { completions: 3, selector, template } }, 'a | Running | 0/3 |  | 24h | c | x:1 | app=a'],
  [
    'jobs',
    {
      spec: { parallelism: 2, selector, template },
      status: {
        ...done('Complete'),
        succeeded: 1,
        startTime: '2026-01-01T00:00:00Z',
        completionTime: '2026-01-01T00:01:30Z',
      },
    },
    'a | Complete | 1/1 of 2 | 90s | 24h | c | x:1 | app=a',
  ],
  [
    'jobs',
    { spec: { parallelism: 1, template }, status: { ...done('Suspended'), startTime: '2026-01-01T23:59:00Z' } },
    'a | Suspended | 0/1 | 60s | 24h | c | x:1 | <none>',
  ],
  [
    'jobs',
    {
      metadata: { ...metadata, deletionTimestamp: '2026-01-01T23:59:00Z' },
      spec: { template },
      status: done('FailureTarget'),
    },
    'a | Terminating | 0/1 |  | 24h | c | x:1 | <none>',
  ],
  [
    'cronjobs',
    { spec: { schedule: '*/5 * * * *', suspend: false, jobTemplate: { spec: { template } } } },
    'a | */5 * * * * | <none> | False | 0 | <none> | 24h | c | x:1 | <none>',
  ],
  [
    'cronjobs',
    {
      spec: { schedule: '@daily', timeZone: 'Europe/Paris', jobTemplate: { spec: { template } } },
      status: { active: [{}, {}], lastScheduleTime: '2026-01-01T23:00:00Z' },
    },
    'a | @daily | Europe/Paris | <unset> | 2 | 60m | 24h | c | x:1 | <none>',
  ],
  [
    'controllerrevisions',
    {
      metadata: {
        ...metadata,
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 's', uid: 'x', controller: true }],
      },
      revision: 4,
    },
    'a | statefulset.apps/s | 4 | 24h',
  ],
  ['controllerrevisions', { revision: 1 }, 'a | <none> | 1 | 24h'],
  ['podtemplates', { template }, 'a | c | x:1 | app=a'],
  ['horizontalpodautoscalers', hpa([]), 'a | Deployment/d | <none> | 1 | 5 | 2 | 24h'],
  [
    'horizontalpodautoscalers',
    hpa(
      [resource({ averageUtilization: 80 })],
      [{ type: 'Resource', resource: { current: { averageUtilization: 12 } } }],
    ),
    'a | Deployment/d | cpu: 12%/80% | 1 | 5 | 2 | 24h',
  ],
  [
    'horizontalpodautoscalers',
    hpa([
      resource({ averageValue: '100Mi' }, 'memory'),
      { type: 'External', external: { target: { averageValue: '5' } } },
      { type: 'Pods', pods: { target: { averageValue: '7' } } },
      { type: 'Object', object: { target: { value: '9' } } },
    ]),
    'a | Deployment/d | memory: <unknown>/100Mi, <unknown>/5 (avg) + 2 more... | 1 | 5 | 2 | 24h',
  ],
  ['poddisruptionbudgets', { spec: { minAvailable: '50%' } }, 'a | 50% | N/A | 0 | 24h'],
  ['poddisruptionbudgets', { spec: { maxUnavailable: 1 }, status: { disruptionsAllowed: 2 } }, 'a | N/A | 1 | 2 | 24h'],
  [
    'resourcequotas',
    { status: { hard: { pods: '5', 'limits.cpu': '2', 'requests.cpu': '1' }, used: { pods: '3' } } },
    'a | pods: 3/5, requests.cpu: 0/1 | limits.cpu: 0/2 | 24h',
  ],
  ['limitranges', {}, 'a | 2026-01-01T00:00:00Z'],
])('a row of %s', (resource, object, expected) => {
  const cells = tablePrinterOf({ resource }).cells({ metadata, ...object } as unknown as AnyObject, nowMs);
  expect(cells.join(' | ')).toBe(expected);
});
