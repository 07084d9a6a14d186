// The expressions of a policy as programs. A policy that was stored compiles again in the same way, whatever the rules
// for new ones; what does not compile fails when it is asked, as the failure policy says.

import { compile, type Program } from '../../cel/cel.ts';
import { BOOL, type CelType, DYN, NULL, STRING, sameType, showType } from '../../cel/types.ts';
import type { NamedExpression, Policy } from './policy.ts';
import { type PolicyVariables, policyEnvironment } from './policy-types.ts';

export type CompiledExpression = {
  readonly text: string;
  /** What is wrong with it instead. */
  readonly error?: string;
  readonly program?: Program;
  readonly type: CelType;
};

/** Which types an expression may have; undefined: no matter which. */
export const RETURNS = {
  condition: [BOOL],
  message: [STRING],
  annotation: [STRING, NULL],
  variable: undefined,
} as const satisfies Record<string, readonly CelType[] | undefined>;

export function compileExpression(
  text: string,
  variables: PolicyVariables,
  returns: readonly CelType[] | undefined,
): CompiledExpression {
  const outcome = compile(text, policyEnvironment(variables));
  if (outcome.kind === 'rejected') return { text, error: `compilation failed: ${outcome.text}`, type: DYN };
  if (outcome.kind === 'unusable')
    return { text, error: `program instantiation failed: ${outcome.message}`, type: DYN };
  const { type, program } = outcome;
  if (returns === undefined || returns.some((wanted) => sameType(wanted, type))) return { text, program, type };
  const wanted = returns.map(goType);
  const reason =
    wanted.length === 1
      ? `must evaluate to ${wanted[0]} but got ${goType(type)}`
      : `must evaluate to one of [${wanted.join(' ')}] but got ${goType(type)}`;
  return { text, error: reason, type };
}

/** As Go prints CEL's types outside of the checker's errors. */
function goType(type: CelType): string {
  if (type.kind === 'null') return 'null_type';
  if (type.kind === 'timestamp') return 'google.protobuf.Timestamp';
  if (type.kind === 'duration') return 'google.protobuf.Duration';
  if (type.parameters.length === 0) return showType(type);
  return `${type.name}(${type.parameters.map(goType).join(', ')})`;
}

export type CompiledVariables = {
  readonly expressions: readonly (CompiledExpression & { readonly name: string })[];
  readonly types: ReadonlyMap<string, CelType>;
};

/** Each variable may use those before it. */
export function compileVariables(
  variables: readonly NamedExpression[],
  of: Omit<PolicyVariables, 'composed'>,
): CompiledVariables {
  const types = new Map<string, CelType>();
  const expressions = variables.map(({ name, expression }) => {
    const compiled = compileExpression(expression, { ...of, composed: types }, RETURNS.variable);
    types.set(name, compiled.type);
    return { ...compiled, name };
  });
  return { expressions, types };
}

export type CompiledPolicy<Body> = {
  readonly conditions: readonly (CompiledExpression & { readonly name: string })[];
  readonly variables: CompiledVariables;
  readonly body: Body;
};

/** Compiles what all policies have; `body` compiles what only one of the two kinds has. */
export function compilePolicy<Body>(policy: Policy, body: (variables: PolicyVariables) => Body): CompiledPolicy<Body> {
  const { spec } = policy;
  const params = spec.paramKind !== undefined;
  const variables = compileVariables(spec.variables ?? [], { params, authorizer: true });
  const conditions = (spec.matchConditions ?? []).map(({ name, expression }) => ({
    ...compileExpression(expression, { params, authorizer: true }, RETURNS.condition),
    name,
  }));
  return { conditions, variables, body: body({ params, authorizer: true, composed: variables.types }) };
}
