// What bounds workloads: quotas, limit ranges, disruption budgets, and autoscalers.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { compareQuantity } from '../../../streams/resources/quantity.ts';
import { setKey } from '../codec/own-key.ts';
import type { Strategy } from '../registry/strategy.ts';
import { horizontalPodAutoscaler, horizontalPodAutoscalerStatus } from '../validation/autoscaling.ts';
import { isAbsent, problemsOf } from '../validation/check.ts';
import {
  disruptionBudget,
  disruptionBudgetStatus,
  limitRange,
  resourceQuota,
  resourceQuotaStatus,
} from '../validation/quotas.ts';
import { amountOf, type ResourceList } from '../validation/resources.ts';
import { fill, mapSame, within } from './fill.ts';

type Particulars = Omit<Strategy, 'lifecycle'>;
type Limit = {
  readonly type?: string;
  readonly min?: ResourceList;
  readonly max?: ResourceList;
  readonly default?: ResourceList;
  readonly defaultRequest?: ResourceList;
};

/** A container's limit is at most the maximum, and it asks for its limit, or else for the minimum. */
function defaultLimit(limit: Limit): Limit {
  if (limit.type !== 'Container') return limit;
  const own = withMissing(limit.default, limit.max);
  const asked = withMissing(withMissing(limit.defaultRequest, own), limit.min);
  if (own === limit.default && asked === limit.defaultRequest) return limit;
  return {
    ...limit,
    ...(hasAny(own) && { default: own }),
    ...(hasAny(asked) && { defaultRequest: asked }),
  } as Limit;
}

function hasAny(list: ResourceList | undefined): boolean {
  return !isAbsent(list) && Object.keys(list).length > 0;
}

function withMissing(list: ResourceList | undefined, from: ResourceList | undefined): ResourceList | undefined {
  const missing = Object.keys(from ?? {}).filter((name) => !Object.hasOwn(list ?? {}, name));
  if (missing.length === 0) return list;
  const filled: Record<string, string> = { ...list };
  for (const name of missing) setKey(filled, name, from?.[name] ?? '');
  return filled;
}

const limitRangeStrategy: Particulars = {
  createOnUpdate: true,
  defaults: (object) =>
    within(object as AnyObject & { readonly spec?: { readonly limits?: readonly Limit[] } }, 'spec', (spec) =>
      within(spec, 'limits', (limits) => mapSame(limits, defaultLimit)),
    ),
  validate: (next, before) => problemsOf(limitRange, next, before),
};

const resourceQuotaStrategy: Particulars = {
  status: true,
  prepareCreate: (object) => ({ ...object, status: {} }) as AnyObject,
  validate: (next, before) => problemsOf(resourceQuota, next, before),
  warnings(next, before) {
    const { hard } = (next.spec ?? {}) as { readonly hard?: ResourceList };
    return before === undefined && hard ? quotaWarnings(hard) : [];
  },
  subresources: { status: { validate: (next, before) => problemsOf(resourceQuotaStatus, next, before) } },
};

function quotaWarnings(hard: ResourceList): readonly string[] {
  return ['cpu', 'memory', 'storage', 'ephemeral-storage'].flatMap((name) => {
    const alone = (name === 'cpu' || name === 'memory') && hard[`requests.${name}`] === undefined;
    const [asked, limit] = [alone ? name : `requests.${name}`, `limits.${name}`];
    const [request, most] = [amountOf(hard[asked] ?? ''), amountOf(hard[limit] ?? '')];
    if (request === undefined || most === undefined || compareQuantity(request, most) <= 0) return [];
    return [`ResourceQuota ${asked} (${hard[asked]}) should be less than ${limit} (${hard[limit]})`];
  });
}

const noPods = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };

const disruptionBudgetStrategy: Particulars = {
  generation: true,
  status: true,
  unconditionalUpdate: false,
  prepareCreate: (object) => ({ ...object, status: noPods }) as AnyObject,
  validate: (next, before) => problemsOf(disruptionBudget, next, before),
  subresources: { status: { validate: (next, before) => problemsOf(disruptionBudgetStatus, next, before) } },
};

type ScalingRules = { readonly policies?: readonly object[]; readonly selectPolicy?: string };
type Behavior = { readonly scaleUp?: ScalingRules; readonly scaleDown?: ScalingRules };
type Autoscaler = AnyObject & {
  readonly spec?: { readonly metrics?: readonly object[] | null; readonly behavior?: Behavior };
};

const cpuAt80Percent = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
];
const up = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const down = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };

const autoscalerStrategy: Particulars = {
  status: true,
  defaults: (object) =>
    within(fill(object as Autoscaler, { spec: {} }), 'spec', (spec) => {
      const filled = fill(isAbsent(spec.metrics) ? { ...spec, metrics: cpuAt80Percent } : spec, { minReplicas: 1 });
      return within(filled, 'behavior', (behavior) => {
        const both = fill(behavior, { scaleUp: {}, scaleDown: {} }) as Behavior;
        const risen = within(both, 'scaleUp', (rules) => fill(rules, up));
        return within(risen, 'scaleDown', (rules) => fill(rules, down));
      });
    }),
  prepareCreate: (object) =>
    ({ ...object, status: { currentMetrics: null, desiredReplicas: 0 } }) as unknown as AnyObject,
  validate: (next, before) => problemsOf(horizontalPodAutoscaler, next, before),
  subresources: { status: { validate: (next, before) => problemsOf(horizontalPodAutoscalerStatus, next, before) } },
};

export const limitStrategies = {
  'horizontalpodautoscalers.autoscaling': autoscalerStrategy,
  'limitranges.': limitRangeStrategy,
  'poddisruptionbudgets.policy': disruptionBudgetStrategy,
  'resourcequotas.': resourceQuotaStrategy,
};
