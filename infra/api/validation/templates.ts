// Rules every kind shares that makes pods from a template: its selector finds them, they are always restarted.

import { matchesSelector } from '../../../streams/resources/labels.ts';
import type { LabelSelector } from '../../../streams/resources/meta.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { labelSelector } from './label-selector.ts';
import { podTemplate, type Template } from './pod.ts';

export type { Template };

type Templated = { readonly selector?: LabelSelector; readonly template?: Template };

export const noTemplate: Template = {};

type Choosing = {
  /** As the text about an empty selector names the kind. */
  readonly kind: string;
  /** As the text about a deadline names it. */
  readonly controller: string;
  /** What is said of a malformed selector besides, where the template is not looked at then. */
  readonly malformed?: string;
  readonly selectorRequired?: boolean;
};

/** A selector that is well formed and not empty, and the template of pods that run for ever and that it selects. */
export function selectorAndTemplate({
  kind,
  controller,
  malformed,
  selectorRequired = true,
}: Choosing): Rule<Templated> {
  return ({ selector, template }, check) => {
    const count = check.count;
    check.enter('selector');
    if (isAbsent(selector)) {
      if (selectorRequired) check.required();
    } else labelSelector(selector, check);
    const wellFormed = isAbsent(selector) || check.count === count;
    if (!isAbsent(selector) && isEmptySelector(selector))
      check.invalid(selector, `empty selector is invalid for ${kind}`);
    if (!wellFormed && malformed !== undefined) check.invalid(selector, malformed);
    check.leave();
    if (!wellFormed && malformed !== undefined) return;
    check.enter('template');
    if (wellFormed) selectsTemplate(selector, template ?? noTemplate, check);
    foreverTemplate(template ?? noTemplate, controller, check);
    check.leave();
  };
}

/** A template at the current path whose pods are always restarted and never due. */
export function foreverTemplate(template: Template, controller: string, check: Check): void {
  podTemplate(template, check);
  const policy = template.spec?.restartPolicy;
  if (policy !== 'Always') check.notSupported(policy, ['Always'], '.spec.restartPolicy');
  if (!isAbsent(template.spec?.activeDeadlineSeconds))
    check.forbidden(`activeDeadlineSeconds in ${controller} is not Supported`, '.spec.activeDeadlineSeconds');
}

/** No selector selects nothing. */
export function selectsTemplate(selector: LabelSelector | undefined, template: Template, check: Check): void {
  const labels = template.metadata?.labels;
  if (!isAbsent(selector) && isEmptySelector(selector)) return;
  if (isAbsent(selector) || !matchesSelector(selector, labels ?? {}))
    check.invalid(labels ?? null, '`selector` does not match template `labels`', '.metadata.labels');
}

function isEmptySelector({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length + (matchExpressions?.length ?? 0) === 0;
}
