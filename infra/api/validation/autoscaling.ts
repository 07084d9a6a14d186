// What makes a HorizontalPodAutoscaler (autoscaling/v2, as it is stored) or a Scale invalid.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { dnsLabel, nonNegativeQuantity, pathSegment } from './formats.ts';
import { amountOf, containerResourceName } from './resources.ts';
import { absentRule, all, each, fields, type Json, nonNegative, oneOf, positive, required } from './rules.ts';

type Target = {
  readonly type?: string;
  readonly value?: string;
  readonly averageValue?: string;
  readonly averageUtilization?: number;
};
type Reference = { readonly apiVersion?: string; readonly kind?: string; readonly name?: string };
type Source = { readonly target?: Target; readonly describedObject?: Reference };
type Metric = Json & { readonly type?: string };
type Spec = {
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  readonly scaleTargetRef?: Reference;
  readonly metrics?: readonly Metric[];
};

const referenceFields = fields({ kind: required(pathSegment), name: required(pathSegment) });

/** An object of another kind; `core` is whether the core group, which has no name, may be meant. */
function reference({ core }: { readonly core: boolean }): Rule<Reference> {
  return (ref, check) => {
    referenceFields(ref, check);
    const { apiVersion = '' } = ref;
    const parts = apiVersion.split('/');
    if (parts.length > 2) check.invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`, '.apiVersion');
    else if (parts.length < 2 && !core && ref.kind !== 'ReplicationController')
      check.invalid(apiVersion, 'apiVersion must specify API group', '.apiVersion');
  };
}

const isPositive: Rule<string> = (value, check) => {
  const amount = amountOf(value);
  if (amount !== undefined && amount.nano <= 0n) check.invalid(value, 'must be positive');
};

const targetTypes = ['Utilization', 'Value', 'AverageValue'];
const target: Rule<Target> = fields<Target>(
  {
    value: isPositive,
    averageValue: isPositive,
    averageUtilization: (percent: number, check) => percent >= 1 || check.invalid(percent, 'must be greater than 0'),
  },
  ({ type = '' }, check) => {
    if (type === '') check.required('must specify a metric target type', '.type');
    if (!targetTypes.includes(type)) check.invalid(type, 'must be either Utilization, Value, or AverageValue', '.type');
  },
);

const metric = fields({ name: required(pathSegment, 'must specify a metric name') });

/** How much of a resource, by itself or by what was asked for, but not both. */
function rawOrUtilization({ target: { averageUtilization, averageValue } = {} }: Source, check: Check): void {
  const neither = averageUtilization === undefined && averageValue === undefined;
  if (neither)
    check.required('must set either a target raw value or a target utilization', '.target.averageUtilization');
  if (averageUtilization !== undefined && averageValue !== undefined)
    check.forbidden('may not set both a target raw value and a target utilization', '.target.averageValue');
}

function valueOrAverage(text: string): Rule<Source> {
  return ({ target: { value, averageValue } = {} }, check) => {
    if (value === undefined && averageValue === undefined) check.required(text, '.target.averageValue');
  };
}

const anyTarget = absentRule<Target>(target, (check) => target({}, check));

/** Metric source by its type; upstream looks at them in this order. */
const sources: Readonly<Record<string, readonly [field: string, rule: Rule<Source>]>> = {
  Object: [
    'object',
    fields<Source>(
      { describedObject: required(reference({ core: true })), metric: required(metric), target: anyTarget },
      valueOrAverage('must set either a target value or averageValue'),
    ),
  ],
  External: [
    'external',
    fields<Source>(
      { metric: required(metric), target: anyTarget },
      valueOrAverage('must set either a target value for metric or a per-pod target'),
      ({ target: { value, averageValue } = {} }, check) => {
        if (value !== undefined && averageValue !== undefined)
          check.forbidden('may not set both a target value for metric and a per-pod target', '.target.value');
      },
    ),
  ],
  Pods: [
    'pods',
    fields<Source>({ metric: required(metric), target: anyTarget }, ({ target: { averageValue } = {} }, check) => {
      if (averageValue === undefined)
        check.required('must specify a positive target averageValue', '.target.averageValue');
    }),
  ],
  Resource: [
    'resource',
    fields<Source>({ name: required(undefined, 'must specify a resource name'), target: anyTarget }, rawOrUtilization),
  ],
  ContainerResource: [
    'containerResource',
    fields<Source>(
      {
        name: required(containerResourceName, 'must specify a resource name'),
        container: required(dnsLabel, 'must specify a container'),
        target: anyTarget,
      },
      rawOrUtilization,
    ),
  ],
};
const metricTypes = Object.keys(sources).sort();

const metricSpec: Rule<Metric> = (spec, check) => {
  const { type = '' } = spec;
  if (type === '') check.required('must specify a metric source type', '.type');
  if (sources[type] === undefined) check.notSupported(type, metricTypes, '.type');
  const present: string[] = [];
  for (const [field, rule] of Object.values(sources)) {
    if (isAbsent(spec[field])) continue;
    present.push(field);
    if (present.length > 1) continue;
    check.enter(field);
    rule(spec[field] as Source, check);
    check.leave();
  }
  const expected = sources[type]?.[0];
  if (expected === undefined) check.notSupported(type, metricTypes, '.type');
  else if (!present.includes(expected))
    check.required('must populate information for the given metric source', `.${expected}`);
  if (present.length === 1) return;
  for (const field of present)
    if (field !== expected) check.forbidden('must populate the given metric source only', `.${field}`);
};

const secondsAtMost =
  (max: number): Rule<number> =>
  (seconds, check) => {
    if (seconds > max) check.invalid(seconds, `must be less than or equal to ${max}`);
  };

const policyFields = fields({
  type: absentRule(oneOf('Percent', 'Pods'), (check) => check.notSupported('', ['Percent', 'Pods'])),
  value: absentRule<number>(positive, (check) => positive(0, check)),
  periodSeconds: absentRule<number>(all<number>(positive, secondsAtMost(1800)), (check) => positive(0, check)),
});

const scalingRules = fields({
  stabilizationWindowSeconds: all<number>((seconds, check) => {
    if (seconds < 0) check.invalid(seconds, 'must be greater than or equal to zero');
  }, secondsAtMost(3600)),
  selectPolicy: oneOf('Disabled', 'Max', 'Min'),
  policies: required(each(policyFields), 'must specify at least one Policy'),
  tolerance: nonNegativeQuantity,
});

const specFields: Rule<Spec> = fields({
  scaleTargetRef: required(reference({ core: false })),
  metrics: each(metricSpec),
  behavior: fields({ scaleUp: scalingRules, scaleDown: scalingRules }),
});

export const horizontalPodAutoscaler: Rule<AnyObject> = (object, check, before) => {
  const spec = (object.spec ?? {}) as Spec;
  const { minReplicas: min, maxReplicas: max = 0, metrics = [] } = spec;
  const fromZero = ((before?.spec ?? {}) as Spec).minReplicas === 0;
  const lowest = fromZero ? 0 : 1;
  check.enter('spec');
  if (!isAbsent(min) && min < lowest) check.invalid(min, `must be greater than or equal to ${lowest}`, '.minReplicas');
  if (max === 0) check.required('must be set and greater than 0', '.maxReplicas');
  else if (max < 0) check.invalid(max, 'must be greater than or equal to 1', '.maxReplicas');
  if (!isAbsent(min) && max < min) check.invalid(max, 'must be greater than or equal to `minReplicas`', '.maxReplicas');
  specFields(spec, check);
  if (min === 0 && !(metrics ?? []).some(({ type }) => type === 'Object' || type === 'External'))
    check.forbidden(
      'must specify at least one Object or External metric to support scaling to zero replicas',
      '.metrics',
    );
  check.leave();
};

export const horizontalPodAutoscalerStatus: Rule<AnyObject> = fields({
  status: fields({ currentReplicas: nonNegative, desiredReplicas: nonNegative }),
});
