// MutatingAdmissionPolicies: expressions that change objects before they are checked, by a configuration to be applied
// or by a JSON patch. Policies that ask for it are asked once more when one after them changed the object.

import type { AnyObject } from '../../../../streams/resources/meta.ts';
import type { Bindings } from '../../cel/cel.ts';
import { ApiError, forbidden } from '../../errors.ts';
import type { Kind } from '../../kinds/kind.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { type CompiledExpression, type CompiledPolicy, compileExpression, compilePolicy } from './compiled-policy.ts';
import { OutOfBudget, PolicyEvaluation } from './evaluation.ts';
import { matchConditions } from './match-conditions.ts';
import { applyMutation } from './mutation.ts';
import { type MutatingPolicy, type Mutation, policyResources } from './policy.ts';
import { type Invocation, ignoresFailures, invocations } from './policy-source.ts';
import { OBJECT_TYPE, PATCH_LIST_TYPE } from './policy-types.ts';
import { requestBindings } from './request-values.ts';
import type { PolicyPorts } from './validating-policies.ts';

export type CompiledMutation = { readonly type: string; readonly expression: CompiledExpression };

const SOURCE = { policies: policyResources.mutating, bindings: policyResources.mutatingBindings };
const BUDGET = 10_000_000;

export type MutatingPolicyPorts = PolicyPorts & {
  /** Makes an object of the kind of what a mutation built: in form, with its defaults. Throws ApiError. */
  readonly complete: (kind: Kind, object: AnyObject) => AnyObject;
};

export function mutatingPolicies({ authorizer, kinds, complete }: MutatingPolicyPorts): AdmissionPlugin {
  const compiled = new WeakMap<MutatingPolicy, CompiledPolicy<readonly CompiledMutation[]>>();
  const compiledOf = (policy: MutatingPolicy) => {
    let known = compiled.get(policy);
    if (known === undefined) {
      known = compilePolicy(policy, (variables) =>
        (policy.spec.mutations ?? []).map((mutation) => compileMutation(mutation, { ...variables, patches: true })),
      );
      compiled.set(policy, known);
    }
    return known;
  };
  return {
    name: 'MutatingAdmissionPolicy',
    admit(request) {
      if (request.operation === 'delete' || request.operation === 'connect') return request.object;
      const all = [...invocations<MutatingPolicy>(SOURCE, request, kinds)];
      if (all.length === 0) return request.object;
      const failures: PolicyFailure[] = [];
      const ask = (invocation: Invocation<MutatingPolicy>, object: AnyObject): AnyObject => {
        const changing = { ...request, object };
        const outcome = mutate(invocation, compiledOf(invocation.policy), {
          request: changing,
          complete,
          bindings: (now) =>
            requestBindings({ request: { ...request, object: now }, params: paramsIn(invocation), authorizer }),
        });
        if (outcome.kind === 'mutated') return outcome.object;
        if (!ignoresFailures(invocation.policy)) failures.push({ invocation, ...outcome });
        return object;
      };
      const object = inTurn(all, request.object, ask);
      if (failures.length > 0) throw denied(request, failures);
      return object;
    },
  };
}

function paramsIn(invocation: Invocation<MutatingPolicy>) {
  return invocation.kind === 'ask' ? invocation.params : undefined;
}

export function compileMutation(
  { patchType, applyConfiguration, jsonPatch }: Mutation,
  variables: Parameters<typeof compileExpression>[1],
): CompiledMutation {
  const [text, type] =
    patchType === 'JSONPatch'
      ? [jsonPatch?.expression ?? '', PATCH_LIST_TYPE]
      : [applyConfiguration?.expression ?? '', OBJECT_TYPE];
  return { type: patchType, expression: compileExpression(text.trim(), variables, [type]) };
}

type Ask = (invocation: Invocation<MutatingPolicy>, object: AnyObject) => AnyObject;

/** Two rounds at most: the second asks those again that want to see what others made of the object. */
function inTurn(all: readonly Invocation<MutatingPolicy>[], given: AnyObject, ask: Ask): AnyObject {
  let object = given;
  let again: Invocation<MutatingPolicy>[] = [];
  const before: Invocation<MutatingPolicy>[] = [];
  for (const invocation of all) {
    const changed = ask(invocation, object);
    if (changed !== object) again = [...before];
    object = changed;
    if (invocation.policy.spec.reinvocationPolicy === 'IfNeeded') before.push(invocation);
  }
  for (const invocation of again) object = ask(invocation, object);
  return object;
}

type Mutated =
  | { readonly kind: 'mutated'; readonly object: AnyObject }
  | { readonly kind: 'failed'; readonly message: string };
type PolicyFailure = { readonly invocation: Invocation<MutatingPolicy>; readonly message: string };

function mutate(
  invocation: Invocation<MutatingPolicy>,
  { conditions, variables, body }: CompiledPolicy<readonly CompiledMutation[]>,
  of: Pick<MutatingPolicyPorts, 'complete'> & {
    readonly request: AdmissionRequest;
    readonly bindings: (object: AnyObject) => Bindings;
  },
): Mutated {
  if (invocation.kind === 'misconfigured') return { kind: 'failed', message: invocation.message };
  let { object } = of.request;
  const match = matchConditions(conditions, of.bindings(object));
  if (match.kind === 'differs') return { kind: 'mutated', object };
  if (match.kind === 'failed') return match;
  for (const { type, expression } of body) {
    try {
      if (expression.error !== undefined) return { kind: 'failed', message: expression.error };
      const outcome = new PolicyEvaluation(of.bindings(object), variables, BUDGET).run(expression);
      if (outcome.kind === 'error') return { kind: 'failed', message: outcome.message };
      const mutated = applyMutation(type, outcome.value, { object, schema: of.request.kind.schema });
      if (mutated.kind === 'failed') return mutated;
      if (mutated.object !== object) object = of.complete(of.request.kind, mutated.object as AnyObject);
    } catch (thrown) {
      if (thrown instanceof OutOfBudget || thrown instanceof ApiError)
        return { kind: 'failed', message: thrown.message };
      throw thrown;
    }
  }
  return { kind: 'mutated', object };
}

function denied({ kind, name }: AdmissionRequest, failures: readonly PolicyFailure[]): ApiError {
  const texts = failures.map(({ invocation: { policy, binding }, message }) => {
    return `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`;
  });
  const { details } = forbidden(kind, name, 'admission request denied by policy');
  const causes = texts.map((message) => ({ message }));
  const reason = failures[0]?.invocation.kind === 'misconfigured' ? 'Forbidden' : 'Invalid';
  return new ApiError({ code: 403, reason, message: texts[0] ?? '', details: { ...details, causes } });
}
