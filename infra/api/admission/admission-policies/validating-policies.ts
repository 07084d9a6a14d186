// ValidatingAdmissionPolicies: expressions that every object of some kinds has to hold, denied, warned about or noted as
// the binding says.

import type { Authorizer } from '../../auth/authorize.ts';
import { ApiError, forbidden } from '../../errors.ts';
import type { StatusReason } from '../../http/status.ts';
import type { KindTable } from '../../kinds/kind-table.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import {
  type CompiledExpression,
  type CompiledPolicy,
  compileExpression,
  compilePolicy,
  RETURNS,
} from './compiled-policy.ts';
import { OutOfBudget, PolicyEvaluation } from './evaluation.ts';
import { matchConditions } from './match-conditions.ts';
import { policyResources, type ValidatingPolicy, type Validation } from './policy.ts';
import { type Invocation, ignoresFailures, invocations } from './policy-source.ts';
import { requestBindings } from './request-values.ts';

export type PolicyPorts = { readonly authorizer: Authorizer; readonly kinds: KindTable };

type CompiledValidation = Validation & {
  readonly check: CompiledExpression;
  readonly told: CompiledExpression | undefined;
};
type Body = {
  readonly validations: readonly CompiledValidation[];
  readonly annotations: readonly CompiledExpression[];
};

const SOURCE = { policies: policyResources.validating, bindings: policyResources.validatingBindings };
const BUDGET = 10_000_000;
const MESSAGE_BYTES_MAX = 5 * 1024;

export function validatingPolicies({ authorizer, kinds }: PolicyPorts): AdmissionPlugin {
  const compiled = new WeakMap<ValidatingPolicy, CompiledPolicy<Body>>();
  const compiledOf = (policy: ValidatingPolicy): CompiledPolicy<Body> => {
    let known = compiled.get(policy);
    if (known === undefined) {
      known = compile(policy);
      compiled.set(policy, known);
    }
    return known;
  };
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(request) {
      let first: Denial | undefined;
      for (const invocation of invocations<ValidatingPolicy>(SOURCE, request, kinds)) {
        const failures = decide(invocation, { request, authorizer, compiledOf });
        for (const failure of failures) first ??= act(failure, invocation, request);
      }
      if (first !== undefined) throw denied(request, first);
    },
  };
}

function compile(policy: ValidatingPolicy): CompiledPolicy<Body> {
  const { validations = [], auditAnnotations = [] } = policy.spec;
  return compilePolicy(policy, (variables) => ({
    validations: validations.map((validation) => ({
      ...validation,
      check: compileExpression(validation.expression, variables, RETURNS.condition),
      told: validation.messageExpression
        ? compileExpression(validation.messageExpression, { ...variables, authorizer: false }, RETURNS.message)
        : undefined,
    })),
    annotations: auditAnnotations.map(({ valueExpression }) =>
      compileExpression(valueExpression, variables, RETURNS.annotation),
    ),
  }));
}

type Failure = {
  readonly message: string;
  readonly reason: string;
  /** Of the policy's own making, which no action softens. */
  readonly misconfigured?: boolean;
};
type Denial = Failure & { readonly text: string };

type Asked = {
  readonly request: AdmissionRequest;
  readonly authorizer: Authorizer;
  readonly compiledOf: (policy: ValidatingPolicy) => CompiledPolicy<Body>;
};

function decide(invocation: Invocation<ValidatingPolicy>, asked: Asked): readonly Failure[] {
  const { policy } = invocation;
  const failed = (message: string): readonly Failure[] =>
    ignoresFailures(policy) ? [] : [{ message, reason: 'Invalid' }];
  if (invocation.kind === 'misconfigured')
    return failed(invocation.message).map((failure) => ({ ...failure, misconfigured: true }));
  const { conditions, variables, body } = asked.compiledOf(policy);
  const bindings = requestBindings({ ...asked, params: invocation.params });
  const match = matchConditions(conditions, bindings);
  if (match.kind === 'differs') return [];
  if (match.kind === 'failed') return failed(match.message);
  try {
    const evaluation = new PolicyEvaluation(bindings, variables, BUDGET);
    const failures = body.validations.flatMap((validation) => {
      const outcome = evaluation.run(validation.check);
      if (outcome.kind === 'error') return failed(outcome.message);
      if (outcome.value === true) return [];
      return [{ message: messageOf(validation, evaluation), reason: validation.reason ?? 'Invalid' }];
    });
    const notes = body.annotations.flatMap((annotation) => {
      const outcome = evaluation.run(annotation);
      return outcome.kind === 'error'
        ? failed(outcome.message).map((failure) => ({ ...failure, misconfigured: true }))
        : [];
    });
    return [...failures, ...notes];
  } catch (thrown) {
    if (thrown instanceof OutOfBudget) return failed(thrown.message);
    throw thrown;
  }
}

/** What the expression for it says, else the message, else the expression that does not hold. */
function messageOf({ told, message = '', expression }: CompiledValidation, evaluation: PolicyEvaluation): string {
  const outcome = told === undefined ? undefined : evaluation.run(told);
  const text = outcome?.kind === 'value' && typeof outcome.value === 'string' ? outcome.value.trim() : '';
  const usable = text !== '' && Buffer.byteLength(text) <= MESSAGE_BYTES_MAX && !text.includes('\n');
  if (usable) return text;
  return message.trim() === '' ? `failed expression: ${expression.trim()}` : message.trim();
}

/** Warns, and tells what the request is denied with, as the binding's actions say. */
function act(
  failure: Failure,
  { policy, binding }: Invocation<ValidatingPolicy>,
  request: AdmissionRequest,
): Denial | undefined {
  const name = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}'`;
  const actions = binding.spec.validationActions ?? [];
  if (actions.includes('Warn') && failure.misconfigured !== true)
    request.context.warn(`Validation failed for ${name}: ${failure.message}`);
  const denies = failure.misconfigured === true || actions.includes('Deny');
  return denies ? { ...failure, text: `${name} denied request: ${failure.message}` } : undefined;
}

const CODES: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

function denied({ kind, name }: AdmissionRequest, { text, reason }: Denial): ApiError {
  const { message, details } = forbidden(kind, name, text);
  const causes = [...(details?.causes ?? []), { message: text }];
  return new ApiError({
    code: CODES[reason] ?? 422,
    reason: reason as StatusReason,
    message,
    details: { ...details, causes },
  });
}
