// What makes the parts of a pod spec invalid that say where it may run: affinity, tolerations, spreading. Whatever is
// accepted here the scheduler reads without asking again.

import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodAffinityTerms,
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from '../../../streams/resources/pod.ts';
import type { FieldError } from '../errors.ts';
import { labelValueProblem, qualifiedNameProblem } from '../registry/names.ts';
import { labelSelectorProblems, valuesProblems } from './label-selector.ts';
import { notSupported } from './not-supported.ts';

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

export function schedulingProblems(
  { affinity, tolerations = [], topologySpreadConstraints = [] }: PodSpec,
  path: string,
): FieldError[] {
  return [
    ...(affinity === undefined ? [] : affinityProblems(affinity, `${path}.affinity`)),
    ...tolerations.flatMap((toleration, i) => tolerationProblems(toleration, `${path}.tolerations[${i}]`)),
    ...topologySpreadConstraints.flatMap((constraint, i) =>
      spreadProblems(constraint, `${path}.topologySpreadConstraints[${i}]`),
    ),
  ];
}

function affinityProblems({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const node = `${path}.nodeAffinity`;
  if (nodeAffinity?.[required] !== undefined) {
    const field = `${node}.${required}.nodeSelectorTerms`;
    const terms = nodeAffinity[required].nodeSelectorTerms ?? [];
    if (terms.length === 0) {
      errors.push({ type: 'Required', field, detail: 'must have at least one node selector term' });
    }
    errors.push(...terms.flatMap((term, i) => nodeTermProblems(term, `${field}[${i}]`)));
  }
  for (const [i, { weight, preference }] of (nodeAffinity?.[preferred] ?? []).entries()) {
    const field = `${node}.${preferred}[${i}]`;
    errors.push(...weightProblems(weight, field), ...nodeTermProblems(preference, `${field}.preference`));
  }
  errors.push(...podTermsProblems(podAffinity, `${path}.podAffinity`));
  errors.push(...podTermsProblems(podAntiAffinity, `${path}.podAntiAffinity`));
  return errors;
}

export function nodeTermProblems(term: NodeSelectorTerm, path: string): FieldError[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((rule, i) => nodeRuleProblems(rule, `${path}.matchExpressions[${i}]`)),
    ...(term.matchFields ?? []).flatMap((rule, i) => fieldRuleProblems(rule, `${path}.matchFields[${i}]`)),
  ];
}

function nodeRuleProblems({ key, operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  const compares = operator === 'Gt' || operator === 'Lt';
  const errors: FieldError[] = compares ? [] : valuesProblems(operator, values, path);
  if (compares && values.length !== 1) {
    const detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
    errors.push({ type: 'Required', field: `${path}.values`, detail });
  }
  const problem = qualifiedNameProblem(key);
  if (problem !== undefined) errors.push({ type: 'Invalid', field: `${path}.key`, value: key, detail: problem });
  return errors;
}

function fieldRuleProblems({ key, operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== 'In' && operator !== 'NotIn') {
    const detail = 'not a valid selector operator';
    errors.push({ type: 'Invalid', field: `${path}.operator`, value: operator, detail });
  } else if (values.length !== 1) {
    const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push({ type: 'Required', field: `${path}.values`, detail });
  }
  if (key !== 'metadata.name') {
    errors.push({ type: 'Invalid', field: `${path}.key`, value: key, detail: 'not a valid field selector key' });
  }
  return errors;
}

function podTermsProblems(terms: PodAffinityTerms | undefined, path: string): FieldError[] {
  return [
    ...(terms?.[required] ?? []).flatMap((term, i) => podTermProblems(term, `${path}.${required}[${i}]`)),
    ...(terms?.[preferred] ?? []).flatMap(({ weight, podAffinityTerm }, i) => {
      const field = `${path}.${preferred}[${i}]`;
      return [...weightProblems(weight, field), ...podTermProblems(podAffinityTerm, `${field}.podAffinityTerm`)];
    }),
  ];
}

function podTermProblems(
  { labelSelector, namespaceSelector, topologyKey }: PodAffinityTerm,
  path: string,
): FieldError[] {
  const errors = [
    ...labelSelectorProblems(labelSelector, `${path}.labelSelector`),
    ...labelSelectorProblems(namespaceSelector, `${path}.namespaceSelector`),
  ];
  if (!topologyKey) errors.push({ type: 'Required', field: `${path}.topologyKey`, detail: 'can not be empty' });
  return errors;
}

function weightProblems(weight: number, path: string): FieldError[] {
  if (weight >= 1 && weight <= 100) return [];
  return [{ type: 'Invalid', field: `${path}.weight`, value: weight, detail: 'must be in the range 1-100' }];
}

function tolerationProblems(toleration: Toleration, path: string): FieldError[] {
  const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration;
  const errors: FieldError[] = [];
  const problem = key === '' ? undefined : qualifiedNameProblem(key);
  if (problem !== undefined) errors.push({ type: 'Invalid', field: `${path}.key`, value: key, detail: problem });
  if (key === '' && operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push({ type: 'Invalid', field: `${path}.operator`, value: operator, detail });
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    errors.push({ type: 'Invalid', field: `${path}.effect`, value: effect, detail });
  }
  if (operator === 'Exists' && value !== '') {
    const detail = "value must be empty when `operator` is 'Exists'";
    errors.push({ type: 'Invalid', field: `${path}.operator`, value: toleration, detail });
  } else if (operator !== 'Exists') {
    const why = labelValueProblem(value);
    if (why !== undefined) errors.push({ type: 'Invalid', field: `${path}.operator`, value, detail: why });
  }
  errors.push(...notSupported(operator, ['Equal', 'Exists'], `${path}.operator`));
  errors.push(...notSupported(effect, taintEffects, `${path}.effect`));
  return errors;
}

function spreadProblems(constraint: TopologySpreadConstraint, path: string): FieldError[] {
  const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = constraint;
  const errors = labelSelectorProblems(labelSelector, `${path}.labelSelector`);
  if (!(maxSkew > 0)) {
    errors.push({ type: 'Invalid', field: `${path}.maxSkew`, value: maxSkew, detail: 'must be greater than zero' });
  }
  if (!topologyKey) errors.push({ type: 'Required', field: `${path}.topologyKey`, detail: 'can not be empty' });
  const supported = ['DoNotSchedule', 'ScheduleAnyway'];
  if (!supported.includes(whenUnsatisfiable)) {
    errors.push({ type: 'NotSupported', field: `${path}.whenUnsatisfiable`, value: whenUnsatisfiable, supported });
  }
  return errors;
}
