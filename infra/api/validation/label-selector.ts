// What makes a label selector of an object invalid (the query's selectors have a grammar of their own).

import type { LabelSelector, LabelSelectorRequirement } from '../../../streams/resources/meta.ts';
import type { FieldError } from '../errors.ts';
import { labelProblems, qualifiedNameProblem } from '../registry/names.ts';
import type { Rule } from './check.ts';

export const labelSelector: Rule<LabelSelector> = (selector, check) => {
  check.add(labelSelectorProblems(selector, check.pathOf()));
};

export function labelSelectorProblems(selector: LabelSelector | null | undefined, path: string): FieldError[] {
  if (selector == null) return [];
  const errors = labelProblems(selector.matchLabels, `${path}.matchLabels`);
  for (const [index, requirement] of (selector.matchExpressions ?? []).entries()) {
    errors.push(...requirementProblems(requirement, `${path}.matchExpressions[${index}]`));
  }
  return errors;
}

function requirementProblems({ key, operator, values = [] }: LabelSelectorRequirement, path: string): FieldError[] {
  const errors = valuesProblems(operator, values, path);
  const problem = qualifiedNameProblem(key);
  if (problem !== undefined) errors.push({ type: 'Invalid', field: `${path}.key`, value: key, detail: problem });
  return errors;
}

/** The rules label selectors and node selectors share: which operators take values. */
export function valuesProblems(operator: string, values: readonly string[], path: string): FieldError[] {
  const field = `${path}.values`;
  switch (operator) {
    case 'In':
    case 'NotIn': {
      const detail = "must be specified when `operator` is 'In' or 'NotIn'";
      return values.length > 0 ? [] : [{ type: 'Required', field, detail }];
    }
    case 'Exists':
    case 'DoesNotExist': {
      const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      return values.length === 0 ? [] : [{ type: 'Forbidden', field, detail }];
    }
    default: {
      const detail = 'not a valid selector operator';
      return [{ type: 'Invalid', field: `${path}.operator`, value: operator, detail }];
    }
  }
}
