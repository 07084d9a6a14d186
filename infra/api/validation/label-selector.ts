// What makes a label selector of an object invalid (the query's selectors have a grammar of their own).

import type { LabelSelector, LabelSelectorRequirement } from '../../../streams/resources/meta.ts';
import type { FieldError } from '../errors.ts';
import { type Check, problemsOf, type Rule } from './check.ts';
import { labels, labelValue, qualifiedName } from './formats.ts';
import { absentRule, each, fields } from './rules.ts';

/** A key of a label; an absent one is malformed rather than missing. */
export const labelKey: Rule<string> = absentRule<string>(qualifiedName, (check) => qualifiedName('', check));

const requirement: Rule<LabelSelectorRequirement> = fields<LabelSelectorRequirement>(
  { values: each(labelValue), key: labelKey },
  ({ operator, values }, check) => valuesFit(operator, values ?? [], check),
);

export const labelSelector: Rule<LabelSelector> = fields({ matchLabels: labels, matchExpressions: each(requirement) });

/** As `labelSelector`, for checks that are lists of their own. */
export function labelSelectorProblems(selector: LabelSelector | null | undefined, path: string): readonly FieldError[] {
  if (selector == null) return [];
  const problems = problemsOf(labelSelector, selector);
  return problems.map((problem) => ({ ...problem, field: `${path}.${problem.field}` }));
}

/** The rules label selectors and node selectors share: which operators take values. */
export function valuesFit(operator: string, values: readonly string[], check: Check): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) check.required("must be specified when `operator` is 'In' or 'NotIn'", '.values');
      return;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        check.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'", '.values');
      return;
    default:
      check.invalid(operator ?? '', 'not a valid selector operator', '.operator');
  }
}
