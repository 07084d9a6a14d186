// What makes the parts of a pod spec invalid that say where it may run: affinity, tolerations, spreading. Whatever is
// accepted here the scheduler reads without asking again.

import type { LabelSelector, Labels } from '../../../streams/resources/meta.ts';
import type {
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from '../../../streams/resources/pod.ts';
import type { FieldError } from '../errors.ts';
import { labelValueProblem } from '../registry/names.ts';
import { type Check, isAbsent, problemsOf, type Rule } from './check.ts';
import { dnsLabel, dnsSubdomain, labelValue, qualifiedName } from './formats.ts';
import { labelKey, labelSelector, valuesFit } from './label-selector.ts';
import { absentRule, all, each, fields, oneOf, positive, required } from './rules.ts';

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const requiredTerms = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferredTerms = 'preferredDuringSchedulingIgnoredDuringExecution';

type Weighted = { readonly weight?: number };
const weight: Rule<number> = (value, check) => {
  if (!(value >= 1 && value <= 100)) check.invalid(value, 'must be in the range 1-100');
};
const someWeight = absentRule<number>(weight, (check) => weight(0, check));

function nodeOperator({ operator, values }: NodeSelectorRequirement, check: Check): void {
  if (operator !== 'Gt' && operator !== 'Lt') valuesFit(operator, values ?? [], check);
  else if (values?.length !== 1)
    check.required("must be specified single value when `operator` is 'Lt' or 'Gt'", '.values');
}

const nodeRule = fields<NodeSelectorRequirement>({ key: labelKey }, nodeOperator);
/** Values are checked where a term must hold; a preference may name what no node has. */
const strictNodeRule = fields<NodeSelectorRequirement>({ key: labelKey, values: each(labelValue) }, nodeOperator);

const nodeFieldRule: Rule<NodeSelectorRequirement> = ({ key, operator, values = [] }, check) => {
  if (operator !== 'In' && operator !== 'NotIn')
    check.invalid(operator ?? '', 'not a valid selector operator', '.operator');
  else if (values.length !== 1)
    check.required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector", '.values');
  if (key !== 'metadata.name') return check.invalid(key ?? '', 'not a valid field selector key', '.key');
  check.enter('values');
  each(dnsSubdomain)(values, check);
  check.leave();
};

const nodeTerm = fields({ matchExpressions: each(nodeRule), matchFields: each(nodeFieldRule) });
const strictNodeTerm = fields({ matchExpressions: each(strictNodeRule), matchFields: each(nodeFieldRule) });

/** As a rule, for checks that bring their own paths along. */
export function nodeTermProblems(term: NodeSelectorTerm, path: string): readonly FieldError[] {
  return problemsOf(strictNodeTerm, term).map((problem) => ({ ...problem, field: `${path}.${problem.field}` }));
}

/** Terms of which one must hold: of pods, volumes and everything else that names nodes. */
export const nodeSelector: Rule<object> = fields({
  nodeSelectorTerms: required(each(strictNodeTerm), 'must have at least one node selector term'),
});

const podTerm: Rule<PodAffinityTerm> = fields<PodAffinityTerm>(
  { labelSelector, namespaceSelector: labelSelector, namespaces: affinityNamespaces },
  (term, check) => {
    labelKeys('matchLabelKeys', { keys: term.matchLabelKeys, selector: term.labelSelector }, check);
    labelKeys('mismatchLabelKeys', { keys: term.mismatchLabelKeys, selector: term.labelSelector }, check);
    for (const [i, key] of (term.matchLabelKeys ?? []).entries())
      if (term.mismatchLabelKeys?.includes(key))
        check.invalid(key, 'exists in both matchLabelKeys and mismatchLabelKeys', `.matchLabelKeys[${i}]`);
    check.enter('topologyKey');
    if (!term.topologyKey) check.required('can not be empty');
    qualifiedName(term.topologyKey ?? '', check);
    check.leave();
  },
);

const podTerms = fields({
  [requiredTerms]: each(podTerm),
  [preferredTerms]: each(fields<Weighted>({ weight: someWeight, podAffinityTerm: podTerm })),
});

export const affinity: Rule<object> = fields({
  nodeAffinity: fields({
    [requiredTerms]: nodeSelector,
    [preferredTerms]: each(fields<Weighted>({ weight: someWeight, preference: nodeTerm })),
  }),
  podAffinity: podTerms,
  podAntiAffinity: podTerms,
});

/** Told without the name's number, and of `namespace`. */
function affinityNamespaces(names: readonly string[], check: Check): void {
  check.leave();
  check.enter('namespace');
  for (const name of names) dnsLabel(name, check);
  check.leave();
  check.enter('namespaces');
}

function labelKeys(
  field: string,
  { keys, selector }: { keys: readonly string[] | undefined; selector: LabelSelector | undefined },
  check: Check,
): void {
  if (isAbsent(keys)) return;
  if (isAbsent(selector)) {
    check.forbidden('must not be specified when labelSelector is not set', `.${field}`);
    return;
  }
  check.enter(field);
  each(qualifiedName)(keys, check);
  for (const [i, key] of keys.entries())
    if (inSelector(selector, key)) check.invalid(key, 'exists in both matchLabelKeys and labelSelector', `[${i}]`);
  check.leave();
}

function inSelector({ matchLabels, matchExpressions }: LabelSelector, key: string): boolean {
  const labels: Labels = matchLabels ?? {};
  return Object.hasOwn(labels, key) || (matchExpressions ?? []).some((rule) => rule.key === key);
}

const operators = ['Equal', 'Exists'];

const toleration: Rule<Toleration> = fields<Toleration>({ key: qualifiedName }, (given, check) => {
  const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = given;
  const sub = '.operator';
  if (key === '' && operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    check.invalid(operator, detail, sub);
  }
  if (!isAbsent(tolerationSeconds) && effect !== 'NoExecute')
    check.invalid(effect, "effect must be 'NoExecute' when `tolerationSeconds` is set", '.effect');
  if (operator === 'Exists') {
    if (value !== '') check.invalid(value, "value must be empty when `operator` is 'Exists'", sub);
  } else if (isAbsent(operator) || operator === 'Equal') {
    const problem = labelValueProblem(value);
    if (problem !== undefined) check.invalid(value, problem, sub);
  } else check.notSupported(operator, operators, sub);
  if (effect !== '' && !taintEffects.includes(effect)) check.notSupported(effect, taintEffects, '.effect');
});

export const tolerations: Rule<readonly Toleration[]> = each(toleration);

const inclusion = oneOf('Honor', 'Ignore');
const actions = ['DoNotSchedule', 'ScheduleAnyway'];

const constraint: Rule<TopologySpreadConstraint> = fields<TopologySpreadConstraint>(
  {
    maxSkew: absentRule<number>(positive, (check) => positive(0, check)),
    topologyKey: required(undefined, 'can not be empty'),
    whenUnsatisfiable: absentRule(oneOf(...actions), (check) => check.notSupported('', actions)),
    nodeAffinityPolicy: inclusion,
    nodeTaintsPolicy: inclusion,
    labelSelector,
  },
  ({ minDomains, whenUnsatisfiable: action, matchLabelKeys: keys, labelSelector: selector }, check) => {
    labelKeys('matchLabelKeys', { keys, selector }, check);
    if (isAbsent(minDomains)) return;
    check.enter('minDomains');
    positive(minDomains, check);
    if (action !== 'DoNotSchedule')
      check.invalid(minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`);
    check.leave();
  },
);

export const topologySpread: Rule<readonly TopologySpreadConstraint[]> = all<readonly TopologySpreadConstraint[]>(
  each(constraint),
  (list, check) => {
    for (const [i, { topologyKey: key, whenUnsatisfiable: action }] of list.entries()) {
      const again = list.slice(i + 1).some((other) => other.topologyKey === key && other.whenUnsatisfiable === action);
      if (again) check.duplicate(`{${key}, ${action}}`, `[${i}].{topologyKey, whenUnsatisfiable}`);
    }
  },
);
