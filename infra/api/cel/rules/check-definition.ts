// Rules of a definition when it is written: whether they compile against the types their schema declares, whether they
// speak of an old value that can be found, and what they may cost, each and all together.

import type { JsonSchema, ValidationRule } from '../../crd/definition.ts';
import { structuralOf } from '../../crd/structural.ts';
import type { Check } from '../../validation/check.ts';
import { capped } from '../estimates.ts';
import { declaredOf } from '../schema-types.ts';
import { type CompiledRule, cardinalityMax, compileRules } from './compile-rules.ts';

const RULE_COST_MAX = 10_000_000n;
const SCHEMA_COST_MAX = 100_000_000n;
/** Rules below a hundredth of the schema's limit are not named when it is exceeded, nor more than four. */
const NAMED_COST_MIN = SCHEMA_COST_MAX / 100n;
const NAMED_MAX = 4;

/** Tells about the rules of a sound schema at the check's place. */
export function checkRuleDefinitions(schema: JsonSchema, check: Check): void {
  const costs: RuleCost[] = [];
  visit(schema, check, { root: true, cardinality: 1n, uncorrelated: undefined, costs });
  const total = capped(costs.reduce((sum, { cost }) => sum + cost, 0n));
  if (total <= SCHEMA_COST_MAX) return;
  const expensive = costs.filter(({ cost }) => cost >= NAMED_COST_MIN).sort((a, b) => (a.cost < b.cost ? 1 : -1));
  const detail = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
  check.add(expensive.slice(0, NAMED_MAX).map(({ field }) => ({ type: 'Forbidden', field, detail })));
  const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
  check.forbidden(excess(what, total, SCHEMA_COST_MAX));
}

type RuleCost = { readonly field: string; readonly cost: bigint };

type Scope = {
  readonly root: boolean;
  /** How often this schema can apply in one object; undefined: as often as fits into a request. */
  readonly cardinality: bigint | undefined;
  /** The list whose items have no old value to be compared with. */
  readonly uncorrelated: string | undefined;
  readonly costs: RuleCost[];
};

function visit(schema: JsonSchema, check: Check, scope: Scope): void {
  const { items, properties = {}, additionalProperties } = schema;
  const below: Scope = { ...scope, root: false, cardinality: times(scope.cardinality, elementsMax(schema)) };
  if (typeof additionalProperties === 'object' && additionalProperties !== null) {
    check.enter('additionalProperties');
    visit(additionalProperties, check, below);
    check.leave();
  }
  check.enter('properties');
  for (const [name, inner] of Object.entries(properties)) {
    check.enterKey(name);
    visit(inner, check, below);
    check.leave();
  }
  check.leave();
  if (items !== undefined && items !== null && !Array.isArray(items)) {
    const keyed = schema['x-kubernetes-list-type'] === 'map';
    const uncorrelated = keyed ? scope.uncorrelated : (scope.uncorrelated ?? check.pathOf());
    check.enter('items');
    visit(items as JsonSchema, check, { ...below, uncorrelated });
    check.leave();
  }
  checkRules(schema, check, scope);
}

function elementsMax(schema: JsonSchema): bigint | undefined {
  const list = schema.type === 'array';
  const map = schema.type === 'object' && (schema.additionalProperties ?? undefined) !== undefined;
  if (!list && !map) return 1n;
  const max = list ? schema.maxItems : schema.maxProperties;
  return max === undefined || max === null ? undefined : BigInt(Math.max(0, max));
}

function times(left: bigint | undefined, right: bigint | undefined): bigint | undefined {
  return left === undefined || right === undefined ? undefined : capped(left * right);
}

function checkRules(schema: JsonSchema, check: Check, scope: Scope): void {
  const rules = schema['x-kubernetes-validations'] ?? [];
  if (rules.length === 0) return;
  const structural = structuralOf(schema);
  const declared = declaredOf(structural, scope.root || structural.embedded);
  if (declared === undefined) return;
  const cardinality = scope.cardinality ?? cardinalityMax(declared);
  check.enter('x-kubernetes-validations');
  for (const [at, compiled] of compileRules(rules, { schema: structural, declared }).entries()) {
    check.enter(at);
    checkRule(compiled, check, { ...scope, cardinality });
    check.leave();
  }
  check.leave();
}

function checkRule(compiled: CompiledRule, check: Check, scope: Scope & { readonly cardinality: bigint }): void {
  const { rule, message, messageMaxCost } = compiled;
  const cost = capped(compiled.maxCost * scope.cardinality);
  if (cost > RULE_COST_MAX) check.forbidden(excess('estimated rule cost', cost, RULE_COST_MAX), '.rule');
  scope.costs.push({ field: check.pathOf('.rule'), cost });
  if (compiled.error !== undefined) check.invalid(shownRule(rule), compiled.error, '.rule');
  if (compiled.messageError !== undefined) check.invalid(shownRule(rule), compiled.messageError, '.messageExpression');
  else if (message !== undefined) {
    if (messageMaxCost > RULE_COST_MAX)
      check.forbidden(excess('estimated messageExpression cost', messageMaxCost, RULE_COST_MAX), '.messageExpression');
    scope.costs.push({ field: check.pathOf('.messageExpression'), cost: messageMaxCost });
  }
  if (compiled.usesOldSelf && scope.uncorrelated !== undefined) {
    const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${scope.uncorrelated}`;
    check.invalid(rule.rule, detail, '.rule');
  } else if (!compiled.usesOldSelf && (rule.optionalOldSelf ?? undefined) !== undefined) {
    check.invalid(rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule', '.optionalOldSelf');
  }
}

/** As errors show it: all fields, under the names of upstream's internal type. */
function shownRule(rule: ValidationRule): object {
  return {
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

function excess(what: string, cost: bigint, limit: bigint): string {
  const factor = Number(cost) / Number(limit);
  const shown = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
