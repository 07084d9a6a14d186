// Lists and maps that expressions build. A list under construction in a comprehension is grown in place, so that `map`
// and `filter` stay linear; a map finds its keys by number whatever type the number has, as CEL's equality asks for.

import { type ListValue, type MapValue, Uint, type Value } from './values.ts';

export class ArrayList implements ListValue {
  readonly category = 'list';
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }

  get size(): number {
    return this.items.length;
  }

  at(index: number): Value {
    return this.items[index] as Value;
  }
}

/** A comprehension's accumulator: only the loop that made it may add to it. */
export class GrowingList extends ArrayList {
  readonly #items: Value[];

  constructor() {
    const items: Value[] = [];
    super(items);
    this.#items = items;
  }

  append(value: Value): void {
    this.#items.push(value);
  }
}

export function* elements(list: ListValue): Generator<Value> {
  for (let at = 0; at < list.size; at++) yield list.at(at);
}

export function toArray(list: ListValue): readonly Value[] {
  return list instanceof ArrayList ? list.items : [...elements(list)];
}

export function concatenate(left: ListValue, right: ListValue): ListValue {
  if (left.rules !== undefined) return left.rules.concat(left, right);
  return new ArrayList([...toArray(left), ...toArray(right)]);
}

/** A map with keys of any type CEL allows. */
export class EntryMap implements MapValue {
  readonly category = 'map';
  readonly #entries = new Map<string, { readonly key: Value; readonly value: Value }>();

  get size(): number {
    return this.#entries.size;
  }

  find(key: Value): Value | undefined {
    const name = keyName(key);
    return name === undefined ? undefined : this.#entries.get(name)?.value;
  }

  keys(): readonly Value[] {
    return [...this.#entries.values()].map(({ key }) => key);
  }

  /** Only while the map is being built. False when the key is there already. */
  insert(key: Value, value: Value): boolean {
    const name = keyName(key);
    if (name === undefined || this.#entries.has(name)) return false;
    this.#entries.set(name, { key, value });
    return true;
  }
}

/** Whether a value can be a key at all. */
export function isKey(value: Value): boolean {
  return keyName(value) !== undefined;
}

/** Equal keys have equal names, also across the number types. */
function keyName(key: Value): string | undefined {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'bigint') return `n${key}`;
  if (typeof key === 'boolean') return `b${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  if (typeof key === 'number') return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`;
  return undefined;
}
