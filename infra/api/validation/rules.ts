// The vocabulary validations are written in: small rules that are put together to the list of a kind. Texts are
// Kubernetes' (apimachinery's field errors); a kind's own file holds only what is particular to it.

import { equal } from '../registry/equal.ts';
import { type Absent, type Check, isAbsent, type Rule } from './check.ts';

type Steps = readonly { readonly field: string; readonly rule: Rule; readonly absent: Absent | undefined }[];
/** A structure whose fields are read by name. */
export type Json = Readonly<Record<string, unknown>>;

/** A structure: rules by field, in the order problems are told in, then rules about the structure as a whole. */
export function fields<T extends object = Json>(
  rules: { readonly [field: string]: Rule },
  ...whole: readonly Rule<T>[]
): Rule<T> {
  const steps: Steps = Object.entries(rules).map(([field, rule]) => ({ field, rule, absent: rule.absent }));
  const check = (value: T, check: Check, before?: T): void => {
    for (let i = 0; i < steps.length; i++) {
      const { field, rule, absent } = steps[i] as Steps[number];
      const inner = (value as Json)[field];
      if (isAbsent(inner)) {
        if (absent === undefined) continue;
        check.enter(field);
        absent(check, (before as Json | undefined)?.[field], inner);
      } else {
        check.enter(field);
        rule(inner, check, (before as Json | undefined)?.[field]);
      }
      check.leave();
    }
    for (let i = 0; i < whole.length; i++) whole[i]?.(value, check, before);
  };
  return check;
}

/** Every item of a list; items that are null are passed over, as they have no fields to be wrong. */
export function each<T>(rule: Rule<T>): Rule<readonly T[]> {
  const { absent } = rule;
  return (items, check) => {
    for (let i = 0; i < items.length; i++) {
      const item = items[i] as T;
      check.enter(i);
      if (!isAbsent(item)) rule(item, check);
      else absent?.(check, undefined, item);
      check.leave();
    }
  };
}

/** Every value of a map, at `[key]`; `keys` sees the keys there. */
export function entries<V>(rule: Rule<V> | undefined, keys?: Rule<string>): Rule<Readonly<Record<string, V>>> {
  return (map, check, before) => {
    for (const key in map) {
      check.enterKey(key);
      keys?.(key, check);
      rule?.(map[key] as V, check, before?.[key]);
      check.leave();
    }
  };
}

/** No two items have the same `keyOf`; the duplicate is told at the item, or at `sub` of it. */
export function unique<T>(keyOf: (item: T) => string | undefined, sub = '', shown: (item: T) => unknown = keyOf) {
  const rule: Rule<readonly T[]> = (items, check) => {
    if (items.length < 2) return;
    const seen = new Set<string>();
    for (let i = 0; i < items.length; i++) {
      const item = items[i] as T;
      const key = keyOf(item);
      if (key === undefined || key === '') continue;
      if (seen.has(key)) check.duplicate(shown(item), `[${i}]${sub}`);
      seen.add(key);
    }
  };
  return rule;
}

/** At most so many items. */
export function atMost(max: number): Rule<readonly unknown[]> {
  return (items, check) => {
    if (items.length > max) check.tooMany(items.length, max);
  };
}

/** A value must be there, and `rules` hold of it. */
export function required<T>(rule?: Rule<T>, detail = ''): Rule<T> {
  return absentRule<T>(rule ?? nothing, (check) => check.required(detail));
}

/** All of them, one after another. */
export function all<T>(...rules: readonly Rule<T>[]): Rule<T> {
  const heeding = rules.filter(({ absent }) => absent !== undefined);
  const rule: Rule<T> = (value, check, before) => {
    for (let i = 0; i < rules.length; i++) rules[i]?.(value, check, before);
  };
  if (heeding.length === 0) return rule;
  return absentRule<T>(rule, (check, before, value) => {
    for (const { absent } of heeding) absent?.(check, before, value);
  });
}

/** The rules up to the first that finds something. */
export function firstOf<T>(...rules: readonly Rule<T>[]): Rule<T> {
  return (value, check, before) => {
    const count = check.count;
    for (const rule of rules) {
      rule(value, check, before);
      if (check.count > count) return;
    }
  };
}

export function when<T>(holds: (value: T) => boolean, rule: Rule<T>): Rule<T> {
  return (value, check, before) => {
    if (holds(value)) rule(value, check, before);
  };
}

/** `sub` of a structure must not be there. */
export function without(field: string, detail: string): Rule<object> {
  return (value, check) => {
    if (!isAbsent((value as Json)[field])) check.forbidden(detail, `.${field}`);
  };
}

/** One of these texts. An absent one is nobody's choice, unless it is `required`. */
export function oneOf(...supported: readonly string[]): Rule<string> {
  return (value, check) => {
    if (!supported.includes(value)) check.notSupported(value, supported);
  };
}

/** A text that `problem` finds nothing wrong with. */
export function text(problem: (value: string) => string | undefined): Rule<string> {
  return (value, check) => {
    const detail = problem(value);
    if (detail !== undefined) check.invalid(value, detail);
  };
}

export function pattern(form: RegExp, detail: string): Rule<string> {
  return (value, check) => {
    if (!form.test(value)) check.invalid(value, detail);
  };
}

/** At most so many bytes in UTF-8. */
export function maxBytes(max: number): Rule<string> {
  return (value, check) => {
    if (value.length * 3 > max && Buffer.byteLength(value) > max) check.tooLong(max);
  };
}

export function range(low: number, high: number): Rule<number> {
  const detail = `must be between ${low} and ${high}, inclusive`;
  return (value, check) => {
    if (!(value >= low && value <= high)) check.invalid(value, detail);
  };
}

export const nonNegative: Rule<number> = atLeast(0);
export const positive: Rule<number> = (value, check) => {
  if (!(value > 0)) check.invalid(value, 'must be greater than zero');
};

export function atLeast(low: number): Rule<number> {
  const detail = `must be greater than or equal to ${low}`;
  return (value, check) => {
    if (!(value >= low)) check.invalid(value, detail);
  };
}

/** The value an object was created with stays; nothing and an empty list or map are the same. */
export const immutable: Rule = immutableBecause('field is immutable');

export function immutableBecause(detail: string): Rule {
  const differs = (value: unknown, check: Check, before: unknown): void => {
    if (check.updating && !sameValue(value, before)) check.invalid(value, detail);
  };
  return absentRule(differs, (check, before, value) => differs(value, check, before));
}

/** As `immutable`, told as forbidden. */
export function unchangeable(detail: string): Rule {
  const differs = (value: unknown, check: Check, before: unknown): void => {
    if (check.updating && !sameValue(value, before)) check.forbidden(detail);
  };
  return absentRule(differs, (check, before, value) => differs(value, check, before));
}

/** A rule that also minds when there is nothing. */
export function absentRule<T>(rule: Rule<T>, absent: Absent): Rule<T> {
  const minding = (value: T, check: Check, before?: T): void => rule(value, check, before);
  return Object.assign(minding, { absent });
}

export const nothing: Rule<unknown> = () => {};

/** Equal as Go's semantic equality has it: what is empty is not there. */
export function sameValue(a: unknown, b: unknown): boolean {
  return isEmpty(a) ? isEmpty(b) : equal(a, b);
}

function isEmpty(value: unknown): boolean {
  return (
    isAbsent(value) || (typeof value === 'object' && !Array.isArray(value) && Object.keys(value ?? {}).length === 0)
  );
}
