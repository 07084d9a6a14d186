// What makes a ResourceQuota, a LimitRange or a PodDisruptionBudget invalid.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { compareQuantity, milliValue, type Quantity } from '../../../streams/resources/quantity.ts';
import { qualifiedNameProblem } from '../registry/names.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { countOrPercent, noMoreThan100Percent, quantity } from './formats.ts';
import { labelSelector } from './label-selector.ts';
import {
  allowsOvercommit,
  amountOf,
  containerResourceName,
  isQuotaName,
  quotaResourceName,
  type ResourceList,
  resourceList,
  resourceName,
} from './resources.ts';
import { all, fields, type Json, nonNegative, oneOf } from './rules.ts';

const quotaAmounts = resourceList(quotaResourceName);

const podScopes = new Set([
  'Terminating',
  'NotTerminating',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
]);
const scopes = new Set([...podScopes, 'BestEffort', 'VolumeAttributesClass']);
const podAmounts = new Set(['pods', 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']);
const existing = new Set(['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity']);
const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

function scopeFits(scope: string, name: string): boolean {
  if (podScopes.has(scope)) return podAmounts.has(name);
  if (scope === 'BestEffort') return name === 'pods';
  if (scope === 'VolumeAttributesClass') return name === 'persistentvolumeclaims' || name === 'requests.storage';
  return true;
}

type Selector = { readonly scopeName?: string; readonly operator?: string; readonly values?: readonly string[] };
type QuotaSpec = {
  readonly hard?: ResourceList;
  readonly scopes?: readonly string[];
  readonly scopeSelector?: { readonly matchExpressions?: readonly Selector[] };
};

const quotaSpec: Rule<QuotaSpec> = fields<QuotaSpec>({ hard: quotaAmounts }, (spec, check) => {
  const names = Object.keys(spec.hard ?? {}).sort();
  const list = spec.scopes ?? [];
  for (const scope of list) {
    if (!scopes.has(scope)) check.invalid(list, 'unsupported scope', '.scopes');
    for (const name of names)
      if (isQuotaName(name) && !scopeFits(scope, name))
        check.invalid(list, 'unsupported scope applied to resource', '.scopes');
  }
  for (const [one, other] of opposites)
    if (list.includes(one) && list.includes(other)) check.invalid(list, 'conflicting scopes', '.scopes');
  if (!isAbsent(spec.scopeSelector)) scopeSelector(spec, names, check);
});

function scopeSelector(
  { scopeSelector: selector, scopes: list }: QuotaSpec,
  names: readonly string[],
  check: Check,
): void {
  const rules = selector?.matchExpressions ?? [];
  check.enter('scopeSelector');
  check.enter('matchExpressions');
  for (const { scopeName = '', operator = '', values } of rules) {
    if (!scopes.has(scopeName)) check.invalid(scopeName, 'unsupported scope', '.scopeName');
    for (const name of names)
      if (isQuotaName(name) && !scopeFits(scopeName, name))
        check.invalid(selector, 'unsupported scope applied to resource');
    if (existing.has(scopeName) && operator !== 'Exists')
      check.invalid(
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        '.operator',
      );
    if (operator === 'In' || operator === 'NotIn') {
      if (isAbsent(values))
        check.required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector", '.values');
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (!isAbsent(values))
        check.invalid(
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          '.values',
        );
    } else check.invalid(operator, 'not a valid selector operator', '.operator');
  }
  for (const pair of opposites)
    if (pair.every((scope) => rules.some(({ scopeName }) => scopeName === scope)))
      check.invalid(list ?? null, 'conflicting scopes');
  check.leave();
  check.leave();
}

export const resourceQuota: Rule<AnyObject> = (object, check, before) => {
  const spec = (object.spec ?? {}) as QuotaSpec;
  check.enter('spec');
  quotaSpec(spec, check);
  if (check.updating) {
    const [is, was] = [new Set(spec.scopes ?? []), new Set((before?.spec as QuotaSpec | undefined)?.scopes ?? [])];
    if (is.size !== was.size || [...is].some((scope) => !was.has(scope)))
      check.invalid(spec.scopes ?? null, 'field is immutable', '.scopes');
  }
  check.leave();
};

export const resourceQuotaStatus: Rule<AnyObject> = fields({
  status: fields({ hard: quotaAmounts, used: quotaAmounts }),
});

type Limit = Json & { readonly type?: string };
const bounds = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
type Bound = (typeof bounds)[number];

export const limitRange: Rule<AnyObject> = fields({
  spec: fields({
    limits: (limits: readonly Limit[], check) => {
      const seen = new Set<string>();
      for (const [i, limit] of limits.entries()) {
        const { type = '' } = limit;
        check.enter(i);
        limitType(type, check);
        if (seen.has(type)) check.duplicate(type, '.type');
        seen.add(type);
        limitAmounts(limit, check);
        check.leave();
      }
    },
  }),
});

function limitType(type: string, check: Check): void {
  const problem = qualifiedNameProblem(type);
  if (problem !== undefined) check.invalid(type, problem, '.type');
  else if (!type.includes('/') && !['Pod', 'Container', 'PersistentVolumeClaim'].includes(type))
    check.invalid(type, 'must be a standard limit type or fully qualified', '.type');
}

function limitAmounts(limit: Limit, check: Check): void {
  const { type } = limit;
  const nameRule = type === 'Pod' || type === 'Container' ? containerResourceName : resourceName;
  const names = new Set<string>();
  for (const bound of bounds) {
    const list = limit[bound] as ResourceList | undefined;
    if (isAbsent(list)) continue;
    if (type === 'Pod' && (bound === 'default' || bound === 'defaultRequest')) {
      if (Object.keys(list).length > 0) check.forbidden("may not be specified when `type` is 'Pod'", `.${bound}`);
      continue;
    }
    check.enter(bound);
    for (const name in list) {
      check.enterKey(name);
      nameRule(name, check);
      quantity(list[name] ?? '', check);
      check.leave();
      names.add(name);
    }
    check.leave();
  }
  if (type === 'PersistentVolumeClaim' && !hasStorage(limit.min) && !hasStorage(limit.max))
    check.required('either minimum or maximum storage value is required, but neither was provided', '.limits');
  for (const name of names) limitOrder(name, limit, check);
}

function hasStorage(list: unknown): boolean {
  return Object.hasOwn((list ?? {}) as object, 'storage');
}

/** Bounds of one resource in their order: min ≤ defaultRequest ≤ default ≤ max. */
const orders: readonly (readonly [
  low: Bound,
  high: Bound,
  at: Bound,
  shown: Bound,
  lowText: string,
  highText: string,
])[] = [
  ['min', 'max', 'min', 'min', 'min value', 'max value'],
  ['min', 'defaultRequest', 'defaultRequest', 'defaultRequest', 'min value', 'default request value'],
  ['defaultRequest', 'max', 'defaultRequest', 'defaultRequest', 'default request value', 'max value'],
  ['defaultRequest', 'default', 'defaultRequest', 'defaultRequest', 'default request value', 'default limit value'],
  ['min', 'default', 'default', 'min', 'min value', 'default value'],
  ['default', 'max', 'default', 'max', 'default value', 'max value'],
];

function limitOrder(name: string, limit: Limit, check: Check): void {
  const text = (bound: Bound) => (limit[bound] as ResourceList | undefined)?.[name];
  const amount = (bound: Bound): Quantity | undefined => {
    const own = text(bound);
    return own === undefined ? undefined : amountOf(own);
  };
  for (const [low, high, at, shown, lowText, highText] of orders) {
    const [a, b] = [amount(low), amount(high)];
    if (a === undefined || b === undefined || compareQuantity(a, b) <= 0) continue;
    const detail = `${lowText} ${text(low)} is greater than ${highText} ${text(high)}`;
    check.invalid(text(shown), detail, `.${at}[${name}]`);
  }
  const [ratio, min, max] = [amount('maxLimitRequestRatio'), amount('min'), amount('max')];
  const sub = `.maxLimitRequestRatio[${name}]`;
  const ratioText = text('maxLimitRequestRatio');
  if (ratio !== undefined && ratio.nano < 1_000_000_000n)
    check.invalid(ratioText, `ratio ${ratioText} is less than 1`, sub);
  if (ratio !== undefined && min !== undefined && max !== undefined && min.nano > 0n) {
    const most = milliValue(max) / milliValue(min);
    if (milliValue(ratio) / 1000 > most)
      check.invalid(ratioText, `ratio ${ratioText} is greater than max/min = ${most.toFixed(6)}`, sub);
  }
  const [own, asked] = [amount('default'), amount('defaultRequest')];
  if (own === undefined || asked === undefined || allowsOvercommit(name) || compareQuantity(own, asked) === 0) return;
  const detail = `default value ${text('default')} must equal to defaultRequest value ${text('defaultRequest')} in ${name}`;
  check.invalid(text('defaultRequest'), detail, `.defaultRequest[${name}]`);
}

const portion = all<number | string>(countOrPercent, noMoreThan100Percent);

export const disruptionBudget: Rule<AnyObject> = fields({
  spec: all<Json>(
    (spec, check) => {
      if (!isAbsent(spec.minAvailable) && !isAbsent(spec.maxUnavailable))
        check.invalid(spec, 'minAvailable and maxUnavailable cannot be both set');
    },
    fields({
      minAvailable: portion,
      maxUnavailable: portion,
      selector: labelSelector,
      unhealthyPodEvictionPolicy: oneOf('AlwaysAllow', 'IfHealthyBudget'),
    }),
  ),
});

export const disruptionBudgetStatus: Rule<AnyObject> = fields({
  status: fields({
    disruptionsAllowed: nonNegative,
    currentHealthy: nonNegative,
    desiredHealthy: nonNegative,
    expectedPods: nonNegative,
  }),
});
