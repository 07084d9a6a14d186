// Fields a schema does not name are dropped before an object is stored or shown, unless the schema preserves them.
// Invariants: an object without such fields is returned as it is, without a copy; pruning twice changes nothing.

import { setKey } from '../codec/own-key.ts';
import { typeFields } from './definition.ts';
import { isObject, type Json } from './json.ts';
import { type Structural, valueSchema } from './structural.ts';

export type PruneOptions = {
  /** The value is a whole resource: apiVersion, kind and metadata belong to it whatever the schema says. */
  readonly root: boolean;
  /** Hears the path of every field that goes: `spec.list[0].foo`. */
  readonly report?: (path: string) => void;
};

export function prune(value: unknown, schema: Structural | undefined, { root, report }: PruneOptions): unknown {
  return new Pruner(report).run(value, schema, root);
}

class Pruner {
  readonly #report: ((path: string) => void) | undefined;
  readonly #path: (string | number)[] = [];

  constructor(report: ((path: string) => void) | undefined) {
    this.#report = report;
  }

  run(value: unknown, schema: Structural | undefined, root: boolean): unknown {
    const preserves = schema?.preserves === true;
    if (Array.isArray(value)) return this.#list(value, schema, preserves);
    return isObject(value) ? this.#object(value, schema, { root, preserves }) : value;
  }

  #object(
    object: Json,
    schema: Structural | undefined,
    { root, preserves }: { readonly root: boolean; readonly preserves: boolean },
  ): Json {
    const keepsType = root || schema?.embedded === true;
    let dropped: Set<string> | undefined;
    let changed: Map<string, unknown> | undefined;
    for (const key in object) {
      if (keepsType && typeFields.has(key)) continue;
      const known = schema !== undefined && (schema.properties.has(key) || schema.additional !== undefined);
      if (!known) {
        if (preserves) continue;
        this.#tell(key);
        dropped ??= new Set();
        dropped.add(key);
        continue;
      }
      const before = object[key];
      if (typeof before !== 'object' || before === null) continue;
      this.#path.push(key);
      const after = this.run(before, valueSchema(schema, key), false);
      this.#path.pop();
      if (after === before) continue;
      changed ??= new Map();
      changed.set(key, after);
    }
    return dropped === undefined && changed === undefined ? object : rebuilt(object, dropped, changed);
  }

  /** A list whose unknown content is preserved preserves it in its items as well. */
  #list(list: readonly unknown[], schema: Structural | undefined, preserves: boolean): readonly unknown[] {
    const items = schema?.items;
    if (preserves && items === undefined) return list;
    let copy: unknown[] | undefined;
    const at = this.#path.length;
    for (let index = 0; index < list.length; index++) {
      const before = list[index];
      if (typeof before !== 'object' || before === null) continue;
      this.#path.push(index);
      const after = isObject(before)
        ? this.#object(before, items, { root: false, preserves: preserves || items?.preserves === true })
        : this.#list(before as readonly unknown[], items, preserves || items?.preserves === true);
      this.#path.length = at;
      if (after === before) continue;
      copy ??= [...list];
      copy[index] = after;
    }
    return copy ?? list;
  }

  #tell(key: string): void {
    if (this.#report === undefined) return;
    // What is no field of a resource, yet belongs to every one, is not worth a word.
    if (this.#path.length === 0 && typeFields.has(key)) return;
    let text = '';
    for (const step of [...this.#path, key]) {
      text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
    }
    this.#report(text);
  }
}

function rebuilt(
  object: Json,
  dropped: ReadonlySet<string> | undefined,
  changed: ReadonlyMap<string, unknown> | undefined,
): Json {
  const kept: Json = {};
  for (const key in object) {
    if (dropped?.has(key) === true) continue;
    setKey(kept, key, changed?.has(key) === true ? changed.get(key) : object[key]);
  }
  return kept;
}
