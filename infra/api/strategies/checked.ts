// How a kind's rules become its strategy: most kinds are a rule, and defaults that are fields at a place.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Strategy, SubresourceStrategy } from '../registry/strategy.ts';
import { problemsOf, type Rule } from '../validation/check.ts';
import { fill, mapSame, within } from './fill.ts';

export type Particulars = Omit<Strategy, 'lifecycle'>;
type Json = Readonly<Record<string, unknown>>;

/** Both for creations and for updates: rules about change find what was before. */
export function checked(rule: Rule): Pick<Strategy, 'validate'> {
  return { validate: (next, before) => problemsOf(rule, next as unknown, before) };
}

/** The kind has a status whose writes are checked by `rule`; a new object's is `initial`. */
export function withStatus(initial: object, rule?: Rule): Particulars {
  const status: SubresourceStrategy = rule === undefined ? {} : checkedUpdate(rule);
  return {
    status: true,
    subresources: { status },
    prepareCreate: (object) => ({ ...object, status: initial }) as AnyObject,
  };
}

export function checkedUpdate(rule: Rule): SubresourceStrategy {
  return { validate: (next, before) => problemsOf(rule, next as unknown, before) };
}

/** Changes what stands at the path, where it is there; `*` stands for every item of a list. */
export function at(path: string, change: (value: Json) => object): (object: AnyObject) => AnyObject {
  const keys = path.split('.');
  return (object) => changeAt(object, keys, change) as AnyObject;
}

/** Fills in fields at the path, where it is there; the nulls Go prints for pointers are fields that are not there. */
export function filled(path: string, defaults: Json): (object: AnyObject) => AnyObject {
  return at(path, (value) => {
    const nulls = Object.keys(defaults).filter((key) => value[key] === null);
    if (nulls.length === 0) return fill(value, defaults);
    return { ...fill(value, defaults), ...Object.fromEntries(nulls.map((key) => [key, defaults[key]])) };
  });
}

export function inTurn(...changes: readonly ((object: AnyObject) => AnyObject)[]): (object: AnyObject) => AnyObject {
  return (object) => {
    let changed = object;
    for (const change of changes) changed = change(changed);
    return changed;
  };
}

function changeAt(value: object, keys: readonly string[], change: (value: Json) => object): object {
  const [key, ...rest] = keys;
  if (key === undefined) return change(value as Json);
  if (key === '*') {
    if (!Array.isArray(value)) return value;
    return mapSame(value as readonly object[], (item) => changeAt(item, rest, change)) as object;
  }
  return within(value as Record<string, object>, key, (inner) => changeAt(inner, rest, change));
}
