// `kubectl get` of what bounds and drives workloads: autoscalers, disruption budgets, quotas.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { column, none, unknown } from './cells.ts';
import { aged, field, list, named, tabled, text, value } from './entries.ts';
import type { TablePrinter } from './table.ts';

type Amounts = {
  readonly value?: string;
  readonly averageValue?: string;
  readonly averageUtilization?: number;
};
type Source = { readonly name?: string; readonly target?: Amounts; readonly current?: Amounts };
type Metric = { readonly type?: string } & Readonly<Record<string, Source | undefined>>;

const metricsShown = 2;

/** Metric type → its field; resources are shown with their names. */
const metricFields: ReadonlyMap<string, string> = new Map([
  ['External', 'external'],
  ['Pods', 'pods'],
  ['Object', 'object'],
  ['Resource', 'resource'],
  ['ContainerResource', 'containerResource'],
]);

/** `current/target` of each metric: `cpu: 12%/80%`. */
function targets(object: AnyObject): string {
  const specs = list<Metric>(object, 'spec.metrics');
  const statuses = list<Metric>(object, 'status.currentMetrics');
  if (specs.length === 0) return none;
  const texts = specs.map((spec, i) => metricText(spec, statuses[i]));
  if (texts.length <= metricsShown) return texts.join(', ');
  return `${texts.slice(0, metricsShown).join(', ')} + ${texts.length - metricsShown} more...`;
}

function metricText(spec: Metric, status: Metric | undefined): string {
  const type = spec.type ?? '';
  const name = metricFields.get(type);
  if (name === undefined) return '<unknown type>';
  const { target = {}, name: resource } = spec[name] ?? {};
  const current = status?.[name]?.current;
  const average = target.averageValue;
  if (type === 'Resource' || type === 'ContainerResource') {
    if (average !== undefined) return `${resource}: ${current?.averageValue ?? unknown}/${average}`;
    const wanted = target.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`;
    const now = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`;
    return `${resource}: ${now}/${wanted}`;
  }
  if (type === 'Pods') return `${current?.averageValue ?? unknown}/${average ?? '0'}`;
  if (average !== undefined) return `${current?.averageValue ?? unknown}/${average} (avg)`;
  return `${current?.value ?? unknown}/${target.value ?? '0'}`;
}

export const horizontalPodAutoscalerTable: TablePrinter = tabled(
  named,
  [
    column('Reference'),
    (object) => `${text(object, 'spec.scaleTargetRef.kind')}/${text(object, 'spec.scaleTargetRef.name')}`,
  ],
  [column('Targets'), targets],
  [column('MinPods'), (object) => text(object, 'spec.minReplicas') || '<unset>'],
  field('MaxPods', 'spec.maxReplicas', 0),
  field('Replicas', 'status.currentReplicas', 0),
  aged,
);

export const podDisruptionBudgetTable: TablePrinter = tabled(
  named,
  [column('Min Available'), (object) => text(object, 'spec.minAvailable') || 'N/A'],
  [column('Max Unavailable'), (object) => text(object, 'spec.maxUnavailable') || 'N/A'],
  field('Allowed Disruptions', 'status.disruptionsAllowed', 0, 'integer'),
  aged,
);

type Amount = Readonly<Record<string, string>>;

/** `name: used/hard` of the quota's limits, or of everything else. */
function used(limits: boolean): (object: AnyObject) => string {
  return (object) => {
    const hard = (value(object, 'status.hard') ?? {}) as Amount;
    const taken = (value(object, 'status.used') ?? {}) as Amount;
    const names = Object.keys(hard).filter((name) => name.startsWith('limits.') === limits);
    return names
      .sort()
      .map((name) => `${name}: ${taken[name] ?? '0'}/${hard[name]}`)
      .join(', ');
  };
}

export const resourceQuotaTable: TablePrinter = tabled(
  named,
  [column('Request'), used(false)],
  [column('Limit'), used(true)],
  aged,
);
