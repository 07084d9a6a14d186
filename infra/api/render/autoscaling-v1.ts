// autoscaling/v1 HorizontalPodAutoscalers are autoscaling/v2 ones that know of the processor alone: everything else a v2
// object has travels in annotations, in the form upstream writes it, so that nothing is lost on the way through v1.

import type { AnyObject } from '../../../streams/resources/meta.ts';

type Json = Readonly<Record<string, unknown>>;
type Target = Json & { readonly averageUtilization?: number };
type Source = Json & {
  readonly name?: string;
  readonly metric?: { readonly name?: string; readonly selector?: unknown };
  readonly target?: Target;
  readonly current?: Target;
  readonly describedObject?: Json;
};
type Metric = { readonly type?: string } & Readonly<Record<string, Source | undefined>>;
type Spec = Json & { readonly metrics?: readonly Metric[]; readonly behavior?: Json };
type Status = Json & { readonly currentMetrics?: readonly Metric[] | null; readonly conditions?: readonly Json[] };

const prefix = 'autoscaling.alpha.kubernetes.io/';
const carried = {
  metrics: `${prefix}metrics`,
  currentMetrics: `${prefix}current-metrics`,
  conditions: `${prefix}conditions`,
  behavior: `${prefix}behavior`,
} as const;
const carriers: ReadonlySet<string> = new Set([
  ...Object.values(carried),
  `${prefix}scale-down-tolerance`,
  `${prefix}scale-up-tolerance`,
]);

/** A stored autoscaler as autoscaling/v1 shows it. */
export function toAutoscalingV1(object: AnyObject): AnyObject {
  const { metrics = [], behavior, ...spec } = (object.spec ?? {}) as Spec;
  const { currentMetrics, conditions, ...status } = (object.status ?? {}) as Status;
  const cpu = metrics.find(isCpuUtilization)?.resource?.target?.averageUtilization;
  const cpuNow = (currentMetrics ?? []).find(isCpuUtilization)?.resource?.current?.averageUtilization;
  const others = metrics.filter((metric) => !isCpuUtilization(metric));
  const annotations: Record<string, string> = withoutCarriers(object.metadata.annotations);
  const carry = (key: string, value: unknown) => {
    annotations[key] = JSON.stringify(value);
  };
  if (others.length > 0) carry(carried.metrics, others.map(flatSource));
  if (currentMetrics && currentMetrics.length > 0) carry(carried.currentMetrics, currentMetrics.map(flatStatus));
  if (behavior !== undefined) carry(carried.behavior, goNamed(behavior));
  if (conditions && conditions.length > 0) carry(carried.conditions, conditions);
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(object.metadata, annotations),
    spec: { ...spec, ...(cpu !== undefined && { targetCPUUtilizationPercentage: cpu }) },
    ...(object.status !== undefined && {
      status: {
        currentReplicas: 0,
        desiredReplicas: 0,
        ...status,
        ...(cpuNow !== undefined && { currentCPUUtilizationPercentage: cpuNow }),
      },
    }),
  } as AnyObject;
}

/** What a client wrote in autoscaling/v1, as it is stored. */
export function fromAutoscalingV1(object: AnyObject): AnyObject {
  const { targetCPUUtilizationPercentage: cpu, ...spec } = (object.spec ?? {}) as Json;
  const { currentCPUUtilizationPercentage: cpuNow, ...status } = (object.status ?? {}) as Json;
  const carriedIn = (key: keyof typeof carried) => parsed(object.metadata.annotations?.[carried[key]]);
  const others = carriedIn('metrics');
  const behavior = carriedIn('behavior');
  const currentMetrics = carriedIn('currentMetrics');
  const conditions = carriedIn('conditions');
  const metrics = [
    ...(Array.isArray(others) ? (others as Metric[]).map(nestedSource) : []),
    ...(cpu === undefined || cpu === null ? [] : [cpuUtilization(cpu)]),
  ];
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(object.metadata, withoutCarriers(object.metadata.annotations)),
    spec: {
      ...spec,
      metrics: metrics.length > 0 ? metrics : [cpuUtilization(80)],
      ...(isObject(behavior) && { behavior: jsonNamed(behavior) }),
    },
    ...(object.status !== undefined && {
      status: {
        ...status,
        currentMetrics: Array.isArray(currentMetrics)
          ? (currentMetrics as Metric[]).map(nestedStatus)
          : cpuStatus(cpuNow),
        ...(Array.isArray(conditions) && { conditions }),
      },
    }),
  } as AnyObject;
}

function isCpuUtilization({ type, resource }: Metric): boolean {
  const amounts = resource?.target ?? resource?.current;
  return type === 'Resource' && resource?.name === 'cpu' && amounts?.averageUtilization !== undefined;
}

function cpuUtilization(percent: unknown): Metric {
  const target = { type: 'Utilization', averageUtilization: percent };
  return { type: 'Resource', resource: { name: 'cpu', target } } as unknown as Metric;
}

function cpuStatus(percent: unknown): readonly Metric[] | null {
  if (percent === undefined || percent === null) return null;
  const current = { averageUtilization: percent };
  return [{ type: 'Resource', resource: { name: 'cpu', current } } as unknown as Metric];
}

/** How a field of v1 hangs together with where v2 keeps it, by metric type. `current` stands for both in a status. */
type Names = { readonly metric?: string; readonly selector?: string; readonly object?: string } & Readonly<
  Record<'value' | 'averageValue' | 'averageUtilization', string | undefined>
>;
const none = { value: undefined, averageValue: undefined, averageUtilization: undefined };
const sourceNames: Readonly<Record<string, Names>> = {
  object: {
    ...none,
    metric: 'metricName',
    selector: 'selector',
    object: 'target',
    value: 'targetValue',
    averageValue: 'averageValue',
  },
  pods: { ...none, metric: 'metricName', selector: 'selector', averageValue: 'targetAverageValue' },
  resource: { ...none, averageUtilization: 'targetAverageUtilization', averageValue: 'targetAverageValue' },
  containerResource: { ...none, averageUtilization: 'targetAverageUtilization', averageValue: 'targetAverageValue' },
  external: {
    ...none,
    metric: 'metricName',
    selector: 'metricSelector',
    value: 'targetValue',
    averageValue: 'targetAverageValue',
  },
};
const statusNames: Readonly<Record<string, Names>> = {
  object: {
    ...none,
    metric: 'metricName',
    selector: 'selector',
    object: 'target',
    value: 'currentValue',
    averageValue: 'averageValue',
  },
  pods: { ...none, metric: 'metricName', selector: 'selector', averageValue: 'currentAverageValue' },
  resource: { ...none, averageUtilization: 'currentAverageUtilization', averageValue: 'currentAverageValue' },
  containerResource: { ...none, averageUtilization: 'currentAverageUtilization', averageValue: 'currentAverageValue' },
  external: {
    ...none,
    metric: 'metricName',
    selector: 'metricSelector',
    value: 'currentValue',
    averageValue: 'currentAverageValue',
  },
};
const amounts = ['value', 'averageValue', 'averageUtilization'] as const;

function flatSource(metric: Metric): Metric {
  return converted(metric, (source, field) => flat(source, { names: sourceNames[field], held: source.target }));
}

function flatStatus(metric: Metric): Metric {
  return converted(metric, (source, field) => flat(source, { names: statusNames[field], held: source.current }));
}

function nestedSource(metric: Metric): Metric {
  return converted(metric, (source, field) => {
    const { rest, held } = nested(source, sourceNames[field]);
    const type =
      held.averageUtilization !== undefined ? 'Utilization' : held.value !== undefined ? 'Value' : 'AverageValue';
    return { ...rest, target: { type, ...held } };
  });
}

function nestedStatus(metric: Metric): Metric {
  return converted(metric, (source, field) => {
    const { rest, held } = nested(source, statusNames[field]);
    return { ...rest, current: held };
  });
}

function converted(metric: Metric, change: (source: Source, field: string) => Json): Metric {
  const out: Record<string, unknown> = { type: metric.type };
  for (const field in sourceNames) if (metric[field] !== undefined) out[field] = change(metric[field], field);
  return out as Metric;
}

function flat(source: Source, { names, held }: { names: Names | undefined; held: Target | undefined }): Json {
  const out: Record<string, unknown> = {};
  for (const field of ['name', 'container']) if (source[field] !== undefined) out[field] = source[field];
  if (names?.object !== undefined) out[names.object] = source.describedObject;
  if (names?.metric !== undefined) out[names.metric] = source.metric?.name;
  if (names?.selector !== undefined && source.metric?.selector !== undefined)
    out[names.selector] = source.metric.selector;
  for (const amount of amounts) {
    const name = names?.[amount];
    if (name !== undefined && held?.[amount] !== undefined) out[name] = held[amount];
  }
  return out;
}

function nested(source: Source, names: Names | undefined): { rest: Json; held: Record<string, unknown> } {
  const rest: Record<string, unknown> = {};
  const held: Record<string, unknown> = {};
  for (const field of ['name', 'container']) if (source[field] !== undefined) rest[field] = source[field];
  if (names?.object !== undefined) rest.describedObject = source[names.object];
  if (names?.metric !== undefined) {
    const selector = source[names.selector ?? ''];
    rest.metric = { name: source[names.metric], ...(selector !== undefined && { selector }) };
  }
  for (const amount of amounts) {
    const name = names?.[amount];
    if (name !== undefined && source[name] !== undefined && source[name] !== null) held[amount] = source[name];
  }
  return { rest, held };
}

function withoutCarriers(annotations: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !carriers.has(key)));
}

function withAnnotations(metadata: AnyObject['metadata'], annotations: Record<string, string>): AnyObject['metadata'] {
  const { annotations: _, ...rest } = metadata;
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
}

/** Go prints this one structure by its own names, so its texts are read by them. */
function goNamed(value: unknown): unknown {
  return renamedKeys(value, (key) => key[0]?.toUpperCase() + key.slice(1));
}

function jsonNamed(value: unknown): unknown {
  return renamedKeys(value, (key) => key[0]?.toLowerCase() + key.slice(1));
}

function renamedKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamedKeys(item, rename));
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(kept.map(([key, inner]) => [rename(key), renamedKeys(inner, rename)]));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
