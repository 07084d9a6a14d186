// Expressions of policies and webhooks when they are written: each has to compile, and to evaluate to what its place
// asks for. What is missing altogether is told by the kinds' own validation.

import type { Check, Rule } from '../../validation/check.ts';
import { type CompiledExpression, compileExpression, compileVariables, RETURNS } from './compiled-policy.ts';
import { compileMutation } from './mutating-policies.ts';
import type { MutatingPolicy, Mutation, NamedExpression, Policy, ValidatingPolicy } from './policy.ts';
import type { PolicyVariables } from './policy-types.ts';

export const validatingPolicyExpressions: Rule<ValidatingPolicy> = ({ spec }, check) => {
  const variables = commonExpressions(spec, check);
  each(spec.validations, 'validations', check, ({ expression, messageExpression = '' }) => {
    tell(expression, compileExpression(expression, variables, RETURNS.condition), check, 'expression');
    const unasked = { ...variables, authorizer: false };
    tell(messageExpression, compileExpression(messageExpression, unasked, RETURNS.message), check, 'messageExpression');
  });
  each(spec.auditAnnotations, 'auditAnnotations', check, ({ valueExpression }) => {
    const compiled = compileExpression(valueExpression.trim(), variables, RETURNS.annotation);
    tell(valueExpression, compiled, check, 'valueExpression');
  });
};

export const mutatingPolicyExpressions: Rule<MutatingPolicy> = ({ spec }, check) => {
  const variables = commonExpressions(spec, check);
  each(spec.mutations, 'mutations', check, (mutation: Mutation) => {
    const field = mutation.patchType === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration';
    const { error } = compileMutation(mutation, { ...variables, patches: true }).expression;
    const text = (mutation[field]?.expression ?? '').trim();
    if (error !== undefined && text !== '') check.invalid(text, error, `.${field}.expression`);
  });
};

type Webhooks = { readonly webhooks?: readonly { readonly matchConditions?: readonly NamedExpression[] }[] };

export const webhookExpressions: Rule<Webhooks> = ({ webhooks = [] }, check) => {
  check.enter('webhooks');
  for (const [index, { matchConditions }] of webhooks.entries()) {
    check.enter(index);
    conditions(matchConditions, { params: false, authorizer: true }, check);
    check.leave();
  }
  check.leave();
};

/** Tells about conditions and variables; what the rest of the policy may refer to is returned. */
function commonExpressions(spec: Policy['spec'] | undefined, check: Check): PolicyVariables {
  const given = { params: (spec?.paramKind ?? undefined) !== undefined, authorizer: true };
  const compiled = compileVariables(spec?.variables ?? [], given);
  check.enter('spec');
  conditions(spec?.matchConditions, given, check);
  check.leave();
  each(spec?.variables, 'variables', check, (variable, index) => {
    const expression = compiled.expressions[index];
    if (expression !== undefined) tell(variable.expression, expression, check, 'expression');
  });
  return { ...given, composed: compiled.types };
}

function conditions(list: readonly NamedExpression[] | undefined, given: PolicyVariables, check: Check): void {
  check.enter('matchConditions');
  for (const [index, { expression = '' }] of (list ?? []).entries()) {
    check.enter(index);
    tell(expression, compileExpression(expression, given, RETURNS.condition), check, 'expression');
    check.leave();
  }
  check.leave();
}

function each<T>(
  list: readonly T[] | undefined,
  field: string,
  check: Check,
  tell: (item: T, index: number) => void,
): void {
  check.enter('spec');
  check.enter(field);
  for (const [index, item] of (list ?? []).entries()) {
    check.enter(index);
    tell(item, index);
    check.leave();
  }
  check.leave();
  check.leave();
}

function tell(text: string, { error }: CompiledExpression, check: Check, field: string): void {
  if (error !== undefined && text.trim() !== '') check.invalid(text, error, `.${field}`);
}
