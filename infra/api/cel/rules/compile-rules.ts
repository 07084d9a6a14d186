// The rules of one schema as programs: a rule is a bool about `self` (and `oldSelf`), its message expression a string.

import type { ValidationRule } from '../../crd/definition.ts';
import { fieldAt } from '../../crd/field-path.ts';
import type { Structural } from '../../crd/structural.ts';
import { compile, type Program } from '../cel.ts';
import { type Declared, REQUEST_SIZE_MAX, sizesOf, structuresOf } from '../declared-type.ts';
import type { Environment } from '../environment.ts';
import { type CelType, optionalOf } from '../types.ts';

export type CompiledRule = {
  readonly rule: ValidationRule;
  /** Absent when the rule is empty or does not compile. */
  readonly program?: Program;
  readonly error?: string;
  /** A rule about changes: it is only asked about updates. */
  readonly usesOldSelf: boolean;
  readonly maxCost: bigint;
  readonly message?: Program;
  readonly messageError?: string;
  readonly messageMaxCost: bigint;
  /** Where the rule's failures are told, below the schema's own place. */
  readonly fieldPath?: string;
};

export type RuleScope = { readonly schema: Structural; readonly declared: Declared };

export function compileRules(rules: readonly ValidationRule[], scope: RuleScope): readonly CompiledRule[] {
  if (rules.length === 0) return [];
  const structures = structuresOf(scope.declared);
  const { type } = scope.declared;
  return rules.map((rule) => {
    const oldSelf = rule.optionalOldSelf === true ? optionalOf(type) : type;
    const environment: Environment = { variables: variables({ self: type, oldSelf }), structures };
    return compileRule(rule, environment, scope);
  });
}

/** How often a value of the smallest size fits into a request. */
export function cardinalityMax({ minSize }: Declared): bigint {
  return BigInt(Math.floor(REQUEST_SIZE_MAX / (minSize + 1)));
}

function variables(types: Readonly<Record<string, CelType>>): ReadonlyMap<string, CelType> {
  return new Map(Object.entries(types));
}

function compileRule(rule: ValidationRule, environment: Environment, { schema, declared }: RuleScope): CompiledRule {
  const nothing = { rule, usesOldSelf: false, maxCost: 0n, messageMaxCost: 0n };
  if (rule.rule.trim() === '') return nothing;
  const outcome = compile(rule.rule, environment);
  if (outcome.kind === 'rejected') return { ...nothing, error: `compilation failed: ${outcome.text}` };
  if (outcome.kind === 'unusable') return { ...nothing, error: `program instantiation failed: ${outcome.message}` };
  if (outcome.type.kind !== 'bool') return { ...nothing, error: 'cel expression must evaluate to a bool' };
  const { program } = outcome;
  const sizes = sizesOf(declared);
  const fieldPath = blamedField(rule, schema);
  return {
    ...nothing,
    program,
    usesOldSelf: program.uses('oldSelf'),
    maxCost: program.estimate(sizes).max,
    ...compileMessage(rule.messageExpression ?? '', environment, declared),
    ...(fieldPath !== undefined && { fieldPath }),
  };
}

type CompiledMessage = Partial<Pick<CompiledRule, 'message' | 'messageError' | 'messageMaxCost'>>;

function compileMessage(expression: string, environment: Environment, declared: Declared): CompiledMessage {
  if (expression === '') return {};
  const outcome = compile(expression, environment);
  if (outcome.kind === 'rejected') return { messageError: `messageExpression compilation failed: ${outcome.text}` };
  if (outcome.kind === 'unusable')
    return { messageError: `messageExpression instantiation failed: ${outcome.message}` };
  if (outcome.type.kind !== 'string') return { messageError: 'messageExpression must evaluate to a string' };
  return { message: outcome.program, messageMaxCost: outcome.program.estimate(sizesOf(declared)).max };
}

/** The field a rule blames, as field errors write it. */
function blamedField({ fieldPath = '' }: ValidationRule, schema: Structural): string | undefined {
  const found = fieldPath === '' ? undefined : fieldAt(schema, fieldPath, { arrays: true });
  if (found?.kind !== 'field') return undefined;
  let [path, at]: [string, Structural | undefined] = ['', schema];
  for (const name of found.path) {
    const field: Structural | undefined = at?.properties.get(name);
    path = field === undefined ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
    at = field ?? (typeof at?.additional === 'object' ? at.additional : undefined);
  }
  return path;
}
