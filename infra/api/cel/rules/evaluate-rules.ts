// Asks the rules of a schema about an object, within one budget for all of them. Rules about changes are only asked
// about updates; a rule that does not hold is forgiven where an update left the value as it was.

import { isObject } from '../../crd/json.ts';
import type { Structural } from '../../crd/structural.ts';
import type { FieldError } from '../../errors.ts';
import { type Bindings, type Evaluation, LIMIT_EXCEEDED_TEXT, VALIDATION_COST_MAX } from '../cel.ts';
import { declaredValue } from '../json-values.ts';
import { NOTHING, Optional } from '../values.ts';
import type { CompiledRule } from './compile-rules.ts';
import { ruleMessage, ruleText } from './rule-message.ts';
import { type RuleNode, ruleTree } from './rule-tree.ts';
import { fieldPair, isUnchanged, itemByKey, itemPair, type Pair } from './unchanged.ts';

export type RuleOutcome = {
  readonly problems: readonly FieldError[];
  /** Problems of what an update left as it was: told as warnings. */
  readonly forgiven: readonly FieldError[];
};

export type RuleOptions = {
  /** What an update replaces; absent for a creation. */
  readonly before?: unknown;
  /** Where the value stands; empty for a whole object. */
  readonly path?: string;
};

export function evaluateRules(schema: Structural, next: unknown, options: RuleOptions = {}): RuleOutcome {
  const { before, path = '' } = options;
  const tree = ruleTree(schema, path === '' || schema.embedded);
  if (tree === undefined) return { problems: [], forgiven: [] };
  const run = new RuleRun();
  const pair = before === undefined ? undefined : { next, before, schema };
  run.visit(tree, { path, next, before, pair, above: undefined });
  return run;
}

/** Rules about a default, as a new value and as one that stays. */
export function evaluateDefaultRules(schema: Structural, value: unknown, path: string): readonly FieldError[] {
  const tree = ruleTree(schema, schema.embedded);
  if (tree === undefined) return [];
  for (const before of [undefined, value]) {
    const run = new RuleRun();
    run.visit(tree, { path, next: value, before, pair: undefined, above: undefined });
    if (run.problems.length > 0) return run.problems;
  }
  return [];
}

type Place = {
  readonly path: string;
  readonly next: unknown;
  /** What `oldSelf` is; undefined where there is nothing to compare with. */
  readonly before: unknown;
  /** For forgiving: the value beside its old self, and the nearest such pair above. */
  readonly pair: Pair | undefined;
  readonly above: Pair | undefined;
};

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

class RuleRun implements RuleOutcome {
  readonly problems: FieldError[] = [];
  readonly forgiven: FieldError[] = [];
  #budget = VALIDATION_COST_MAX;

  /** False when no further rules may be asked. */
  visit(node: RuleNode, place: Place): boolean {
    const { next } = place;
    if (next === null || next === undefined) return true;
    if (!this.#rules(node, place)) return false;
    for (const inner of node.allOf)
      if (!this.visit(inner, { ...place, pair: undefined, above: place.above })) return false;
    if (Array.isArray(next)) return this.#items(node, next, place);
    return isObject(next) ? this.#fields(node, next, place) : true;
  }

  #items(node: RuleNode, list: readonly unknown[], place: Place): boolean {
    const { items } = node;
    if (items === undefined) return true;
    const old = Array.isArray(place.before) ? place.before : [];
    return list.every((item, index) => {
      const before = itemByKey(old, item, node.schema);
      return this.visit(items, {
        path: `${place.path}[${index}]`,
        next: item,
        before,
        ...correlate(place, (pair) => itemPair(pair, index)),
      });
    });
  }

  #fields(node: RuleNode, object: Readonly<Record<string, unknown>>, place: Place): boolean {
    const old = isObject(place.before) ? place.before : {};
    return Object.keys(object).every((name) => {
      const property = node.properties.get(name);
      const inner = property ?? node.additional;
      if (inner === undefined) return true;
      const path = property === undefined ? `${place.path}[${name}]` : childPath(place.path, name);
      const before = Object.hasOwn(old, name) ? old[name] : undefined;
      const identifies = place.above === undefined && (name === 'apiVersion' || name === 'kind');
      const correlated = identifies
        ? { pair: undefined, above: undefined }
        : correlate(place, (pair) => fieldPair(pair, name));
      return this.visit(inner, { path, next: object[name], before, ...correlated });
    });
  }

  #rules({ rules, declared, schema }: RuleNode, place: Place): boolean {
    if (rules.length === 0 || declared === undefined) return true;
    if (this.#budget <= 0) return this.#stop(place, schema, OUT_OF_BUDGET);
    const before = place.before ?? undefined;
    const self = declaredValue(place.next, declared);
    const oldSelf = before === undefined ? undefined : declaredValue(before, declared);
    for (const compiled of rules) {
      const optional = compiled.rule.optionalOldSelf === true;
      if (compiled.error !== undefined) this.#tell(place, schema, `rule compile error: ${compiled.error}`);
      if (compiled.program === undefined || (compiled.usesOldSelf && before === undefined && !optional)) continue;
      const bindings: Bindings = {
        self,
        oldSelf: !optional ? oldSelf : oldSelf === undefined ? NOTHING : new Optional(oldSelf),
      };
      const outcome = compiled.program.evaluate(bindings);
      if (outcome.cost > this.#budget && outcome.kind !== 'limitExceeded')
        return this.#stop(place, schema, OUT_OF_BUDGET);
      this.#budget -= outcome.cost;
      if (!this.#judge(compiled, { outcome, bindings, place, schema })) return false;
    }
    return true;
  }

  #judge(
    compiled: CompiledRule,
    of: {
      readonly outcome: Evaluation;
      readonly bindings: Bindings;
      readonly place: Place;
      readonly schema: Structural;
    },
  ): boolean {
    const { outcome, bindings, place, schema } = of;
    const rule = ruleText(compiled.rule);
    if (outcome.kind === 'limitExceeded') {
      const why = 'no further validation rules will be run due to call cost exceeds limit for rule';
      return this.#stop(place, schema, `'${LIMIT_EXCEEDED_TEXT}': ${why}: ${rule}`);
    }
    if (outcome.kind === 'error') {
      const unfit = 'call arguments did not match a supported operator, function or macro signature for rule';
      const text = outcome.message.startsWith('no such overload')
        ? `'${outcome.message}': ${unfit}: ${rule}`
        : `${outcome.message} evaluating rule: ${rule}`;
      this.#tell(place, schema, text);
      return true;
    }
    if (outcome.value === true) return true;
    const message = ruleMessage(compiled, bindings, this.#budget);
    const field = compiled.fieldPath === undefined ? place.path : childPath(place.path, compiled.fieldPath);
    if (message.kind === 'stopped') {
      this.#add(compiled, place, { type: 'Invalid', field: shownPath(field), value: schema.type, detail: message.why });
      return false;
    }
    this.#budget -= message.cost;
    this.#add(compiled, place, failure(compiled, { field, detail: message.text, place, schema }));
    return true;
  }

  #add({ usesOldSelf }: CompiledRule, { pair, above }: Place, problem: FieldError): void {
    const compared = pair ?? above;
    const forgiven = !usesOldSelf && compared !== undefined && isUnchanged(compared);
    (forgiven ? this.forgiven : this.problems).push(problem);
  }

  #tell(place: Place, schema: Structural, detail: string): void {
    this.problems.push({ type: 'Invalid', field: shownPath(place.path), value: schema.type, detail });
  }

  #stop(place: Place, schema: Structural, detail: string): false {
    this.#tell(place, schema, detail);
    return false;
  }
}

/** The pair of a part; without one, the nearest above answers. */
function correlate(place: Place, part: (pair: Pair) => Pair | undefined): Pick<Place, 'pair' | 'above'> {
  if (place.pair === undefined) return { pair: undefined, above: place.above };
  return { pair: part(place.pair), above: place.pair };
}

const TYPES: Readonly<Record<string, FieldError['type']>> = {
  FieldValueForbidden: 'Forbidden',
  FieldValueRequired: 'Required',
  FieldValueDuplicate: 'Duplicate',
};

function failure(
  { rule }: CompiledRule,
  of: { readonly field: string; readonly detail: string; readonly place: Place; readonly schema: Structural },
): FieldError {
  const type = TYPES[rule.reason ?? ''] ?? 'Invalid';
  const { detail, schema, place } = of;
  const whole = schema.type === 'object' || schema.type === 'array';
  const problem = { type, field: shownPath(of.field), ...(!whole && { value: place.next }) };
  return type === 'Duplicate' ? problem : { ...problem, detail };
}

function childPath(path: string, name: string): string {
  return path === '' ? name : name.startsWith('[') ? path + name : `${path}.${name}`;
}

/** The object itself has no path; this is how its place is printed. */
function shownPath(path: string): string {
  return path === '' ? '<nil>' : path;
}
