// What makes a Deployment or a ReplicaSet invalid.

import { matchesSelector } from '../../../streams/resources/labels.ts';
import type { LabelSelector } from '../../../streams/resources/meta.ts';
import type { Deployment, IntOrString, PodTemplate, ReplicaSet } from '../../../streams/resources/workload.ts';
import type { FieldError } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import { labelProblems } from '../registry/names.ts';
import { labelSelectorProblems } from './label-selector.ts';
import { notSupported } from './not-supported.ts';
import { negative, podSpecProblems } from './pod.ts';

export function deploymentProblems(next: Deployment, before: Deployment | undefined): FieldError[] {
  const { spec } = next;
  if (spec === undefined) return [{ type: 'Required', field: 'spec.selector', detail: '' }];
  const errors = [...selectorProblems(spec.selector, spec.template), ...templateProblems(spec.template)];
  if (before !== undefined && !equal(spec.selector, before.spec.selector))
    errors.push(immutable('spec.selector', spec.selector));
  for (const field of ['replicas', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds'] as const) {
    const value = spec[field];
    if (value !== undefined && value < 0) errors.push(negative(`spec.${field}`, value));
  }
  errors.push(...notSupported(spec.strategy?.type, ['Recreate', 'RollingUpdate'], 'spec.strategy.type'));
  if (spec.strategy?.type === 'Recreate' && spec.strategy.rollingUpdate !== undefined) {
    errors.push({
      type: 'Forbidden',
      field: 'spec.strategy.rollingUpdate',
      detail: "may not be specified when strategy `type` is 'Recreate'",
    });
  }
  const rolling = spec.strategy?.rollingUpdate;
  if (rolling !== undefined) {
    for (const field of ['maxUnavailable', 'maxSurge'] as const) {
      errors.push(...intOrPercentProblems(rolling[field], `spec.strategy.rollingUpdate.${field}`));
    }
    const unavailable = rolling.maxUnavailable;
    if (typeof unavailable === 'string' && Number.parseInt(unavailable, 10) > 100) {
      errors.push({
        type: 'Invalid',
        field: 'spec.strategy.rollingUpdate.maxUnavailable',
        value: unavailable,
        detail: 'must not be greater than 100%',
      });
    }
    if (isZero(rolling.maxUnavailable) && isZero(rolling.maxSurge)) {
      errors.push({
        type: 'Invalid',
        field: 'spec.strategy.rollingUpdate.maxUnavailable',
        value: rolling.maxUnavailable,
        detail: 'may not be 0 when `maxSurge` is 0',
      });
    }
  }
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    errors.push({
      type: 'Invalid',
      field: 'spec.progressDeadlineSeconds',
      value: deadline,
      detail: 'must be greater than minReadySeconds',
    });
  }
  return errors;
}

export function replicaSetProblems(next: ReplicaSet, before: ReplicaSet | undefined): FieldError[] {
  const { spec } = next;
  if (spec === undefined) return [{ type: 'Required', field: 'spec.selector', detail: '' }];
  const errors = [...selectorProblems(spec.selector, spec.template), ...templateProblems(spec.template)];
  if (before !== undefined && !equal(spec.selector, before.spec.selector))
    errors.push(immutable('spec.selector', spec.selector));
  if (spec.replicas !== undefined && spec.replicas < 0) errors.push(negative('spec.replicas', spec.replicas));
  return errors;
}

export function immutable(field: string, value: unknown): FieldError {
  return { type: 'Invalid', field, value, detail: 'field is immutable' };
}

function selectorProblems(selector: LabelSelector | null | undefined, template: PodTemplate | undefined): FieldError[] {
  // Go prints a selector that is not there as null.
  if (selector == null) return [{ type: 'Required', field: 'spec.selector', detail: '' }];
  const malformed = labelSelectorProblems(selector, 'spec.selector');
  if (malformed.length > 0) return malformed;
  const empty = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0;
  if (empty) {
    return [
      { type: 'Invalid', field: 'spec.selector', value: selector, detail: 'empty selector is invalid for deployment' },
    ];
  }
  const labels = template?.metadata?.labels;
  if (matchesSelector(selector, labels)) return [];
  return [
    {
      type: 'Invalid',
      field: 'spec.template.metadata.labels',
      value: labels ?? {},
      detail: '`selector` does not match template `labels`',
    },
  ];
}

function templateProblems(template: PodTemplate | undefined): FieldError[] {
  const errors = podSpecProblems(template?.spec, 'spec.template.spec');
  errors.push(...labelProblems(template?.metadata?.labels, 'spec.template.labels'));
  const policy = template?.spec?.restartPolicy;
  if (policy !== undefined && policy !== 'Always') {
    errors.push({
      type: 'NotSupported',
      field: 'spec.template.spec.restartPolicy',
      value: policy,
      supported: ['Always'],
    });
  }
  return errors;
}

function intOrPercentProblems(value: IntOrString | undefined, field: string): FieldError[] {
  if (typeof value === 'number') return value < 0 ? [negative(field, value)] : [];
  if (value === undefined || /^[0-9]+%$/.test(value)) return [];
  return [
    {
      type: 'Invalid',
      field,
      value,
      detail:
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    },
  ];
}

function isZero(value: IntOrString | undefined): boolean {
  return value === 0 || value === '0%';
}
