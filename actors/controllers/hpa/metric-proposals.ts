// What each metric of an autoscaler asks for, and what is said where it cannot be had. One function for each kind of
// metric; their texts are upstream's, because people read them in `kubectl describe hpa`.

import { assertNever } from '../../../streams/base/assert.ts';
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValue,
} from '../../../streams/resources/autoscaling.ts';
import type { Requirement } from '../../../streams/resources/labels.ts';
import type { LabelSelector } from '../../../streams/resources/meta.ts';
import { formatQuantity, milliQuantity, milliValue, quantityOf } from '../../../streams/resources/quantity.ts';
import { type MetricsReader, type Read, resourceMetrics } from './metrics.ts';
import {
  averageReplicas,
  type Calculation,
  type Proposal,
  sharedValueReplicas,
  utilizationReplicas,
  valueReplicas,
} from './replica-calculator.ts';

export type MetricInput = {
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly selector: readonly Requirement[];
  readonly statusReplicas: number;
  readonly calculation: Calculation;
  readonly metrics: MetricsReader;
};

export type MetricProposal =
  | { readonly kind: 'proposed'; readonly replicas: number; readonly name: string; readonly status: MetricStatus }
  | {
      readonly kind: 'failed';
      /** Of the condition and of the event. */
      readonly reason: string;
      readonly cause: string;
      /** The same as the whole of the metrics tells it. */
      readonly error: string;
    };

export function proposalOf(spec: MetricSpec, input: MetricInput): MetricProposal {
  switch (spec.type) {
    case 'Resource':
      return ofResource(spec.resource, input);
    case 'ContainerResource':
      return ofContainer(spec.containerResource, input);
    case 'Pods':
      return ofPods(spec.pods, input);
    case 'Object':
      return ofObject(spec.object, input);
    case 'External':
      return ofExternal(spec.external, input);
    default:
      return assertNever(spec);
  }
}

type Of<T extends MetricSpec['type'], F extends string> =
  Extract<MetricSpec, { type: T }> extends infer S ? (F extends keyof S ? S[F] : never) : never;

function ofResource({ name, target }: Of<'Resource', 'resource'>, input: MetricInput): MetricProposal {
  const found = amounts(input, { resource: name, container: undefined, target });
  return found.kind === 'failed'
    ? failed('FailedGetResourceMetric', found.message, `failed to get ${name} resource metric value: ${found.message}`)
    : {
        kind: 'proposed',
        replicas: found.replicas,
        name: target.averageValue === undefined ? percentageOf(`${name} resource`) : `${name} resource`,
        status: { type: 'Resource', resource: { name, current: currentOf(found, name) } },
      };
}

function ofContainer(
  { name, container, target }: Of<'ContainerResource', 'containerResource'>,
  input: MetricInput,
): MetricProposal {
  const found = amounts(input, { resource: name, container, target });
  if (found.kind === 'failed') {
    const error = `failed to get ${container} container metric value: ${found.message}`;
    return failed('FailedGetContainerResourceMetric', found.message, error);
  }
  const current = currentOf(found, name);
  return {
    kind: 'proposed',
    replicas: found.replicas,
    name: target.averageValue === undefined ? percentageOf(`${name} container resource`) : `${name} resource`,
    status: { type: 'ContainerResource', containerResource: { name, container, current } },
  };
}

function ofPods({ metric, target }: Of<'Pods', 'pods'>, input: MetricInput): MetricProposal {
  const { calculation, metrics, selector } = input;
  const read = metrics.pods({ namespace: namespaceOf(input), selector, metric });
  const proposal: Proposal =
    read.kind === 'failed'
      ? { kind: 'failed', message: `unable to get metric ${metric.name}: ${read.message}` }
      : averageReplicas(calculation, {
          metrics: read.value,
          resource: undefined,
          target: thousandths(target.averageValue),
        });
  if (proposal.kind === 'failed') {
    const error = `failed to get pods metric value: ${proposal.message}`;
    return failed('FailedGetPodsMetric', proposal.message, error);
  }
  const status = { type: 'Pods', pods: { metric, current: { averageValue: text(proposal.usage) } } };
  return { kind: 'proposed', replicas: proposal.replicas, name: `pods metric ${metric.name}`, status };
}

function ofObject({ describedObject, metric, target }: Of<'Object', 'object'>, input: MetricInput): MetricProposal {
  const reason = 'FailedGetObjectMetric';
  const wrap = (message: string) => `failed to get object metric value: ${message}`;
  const namespace = namespaceOf(input);
  const byValue = target.type === 'Value' && target.value !== undefined;
  if (!byValue && !(target.type === 'AverageValue' && target.averageValue !== undefined)) {
    const cause = 'invalid object metric source: neither a value target nor an average value target was set';
    return failed(reason, cause, wrap(cause));
  }
  const read = input.metrics.object({ namespace, object: describedObject, metric });
  const of = `on ${describedObject.kind} ${namespace}/${describedObject.name}`;
  const found = shared(input, {
    target,
    byValue,
    read: read.kind === 'read' ? read : couldNot(`unable to get metric ${metric.name}: ${read.message} ${of}`),
  });
  if (found.kind === 'failed') {
    const error = byValue ? found.message : `failed to get ${metric.name} object metric: ${found.message}`;
    return failed(reason, found.message, wrap(error));
  }
  return {
    kind: 'proposed',
    replicas: found.replicas,
    name: byValue ? `${describedObject.kind} metric ${metric.name}` : externalName(metric),
    status: { type: 'Object', object: { describedObject, metric, current: currentValue(found, byValue) } },
  };
}

function ofExternal({ metric, target }: Of<'External', 'external'>, input: MetricInput): MetricProposal {
  const reason = 'FailedGetExternalMetric';
  const wrap = (message: string) => `failed to get ${metric.name} external metric value: ${message}`;
  const namespace = namespaceOf(input);
  const byValue = target.averageValue === undefined;
  if (byValue && target.value === undefined) {
    const cause = 'invalid external metric source: neither a value target nor an average value target was set';
    return failed(reason, cause, wrap(cause));
  }
  const values = input.metrics.external({ namespace, metric });
  const what = `${namespace}/${metric.name}/${selectorText(metric.selector)}`;
  const read: Read<number> =
    values.kind === 'read'
      ? { kind: 'read', value: values.value.reduce((sum, value) => sum + value, 0) }
      : couldNot(`unable to get external metric ${what}: ${values.message}`);
  const found = shared(input, { target, byValue, read });
  if (found.kind === 'failed') {
    const error = byValue
      ? `failed to get external metric ${metric.name}: ${found.message}`
      : `failed to get ${metric.name} external metric: ${found.message}`;
    return failed(reason, found.message, wrap(error));
  }
  const status = { type: 'External', external: { metric, current: currentValue(found, byValue) } };
  return { kind: 'proposed', replicas: found.replicas, name: externalName(metric), status };
}

/** What the pods, or one container of each, use of a resource. */
function amounts(
  { metrics, selector, calculation, ...input }: MetricInput,
  {
    resource,
    container,
    target,
  }: { readonly resource: string; readonly container: string | undefined; readonly target: MetricTarget },
): Proposal {
  const { averageValue, averageUtilization } = target;
  const what = averageValue === undefined ? 'utilization' : 'usage';
  const couldNotGet = (message: string) => couldNot(`failed to get ${resource} ${what}: ${message}`);
  if (averageValue === undefined && averageUtilization === undefined) {
    return couldNot(
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    );
  }
  const read = metrics.resource({ namespace: namespaceOf(input), selector });
  if (read.kind === 'failed') {
    return couldNotGet(`unable to get metrics for resource ${resource}: ${read.message}`);
  }
  const used = resourceMetrics(read.value, { resource, container });
  const proposal =
    averageValue === undefined
      ? utilizationReplicas(calculation, { metrics: used, resource, container, target: averageUtilization ?? 0 })
      : averageReplicas(calculation, { metrics: used, resource, target: thousandths(averageValue) });
  return proposal.kind === 'failed' ? couldNotGet(proposal.message) : proposal;
}

/** One value that all pods share, as a whole or for each pod. */
function shared(
  { calculation, statusReplicas }: MetricInput,
  { target, byValue, read }: { readonly target: MetricTarget; readonly byValue: boolean; readonly read: Read<number> },
): Proposal {
  if (read.kind === 'failed') return read;
  const { tolerances } = calculation;
  return byValue
    ? valueReplicas(calculation, { usage: read.value, target: thousandths(target.value) })
    : sharedValueReplicas(
        { statusReplicas, tolerances },
        { usage: read.value, target: thousandths(target.averageValue) },
      );
}

function currentOf({ usage, utilization }: Proposal & { kind: 'proposed' }, resource: string): MetricValue {
  const averageValue = formatQuantity(milliQuantity(usage, resource === 'memory' ? 'binary' : 'decimal'));
  return utilization === undefined ? { averageValue } : { averageUtilization: utilization, averageValue };
}

function currentValue({ usage }: { readonly usage: number }, byValue: boolean): MetricValue {
  return byValue ? { value: text(usage) } : { averageValue: text(usage) };
}

function failed(reason: string, cause: string, error: string): MetricProposal {
  return { kind: 'failed', reason, cause, error };
}

function couldNot(message: string) {
  return { kind: 'failed', message } as const;
}

function percentageOf(what: string): string {
  return `${what} utilization (percentage of request)`;
}

function externalName({ name, selector }: { readonly name: string; readonly selector?: LabelSelector }): string {
  return `external metric ${name}(${selectorText(selector)})`;
}

function text(usage: number): string {
  return formatQuantity(milliQuantity(Math.trunc(usage)));
}

function thousandths(quantity: string | undefined): number {
  return quantity === undefined ? 0 : milliValue(quantityOf(quantity));
}

function namespaceOf({ autoscaler }: Pick<MetricInput, 'autoscaler'>): string {
  return autoscaler.metadata.namespace ?? '';
}

/** As Go prints a selector: people search for these texts. */
function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return 'nil';
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const labels = Object.keys(matchLabels)
    .sort()
    .map((key) => `${key}: ${matchLabels[key]},`);
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  const [all, others] = [labels.join(''), expressions.join('')];
  return `&LabelSelector{MatchLabels:map[string]string{${all}},MatchExpressions:[]LabelSelectorRequirement{${others}},}`;
}
