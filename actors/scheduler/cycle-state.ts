// What the plugins of one attempt tell each other, and what one plugin tells its own later points: found in PreFilter,
// used by Filter, Score, Reserve and PreBind. It begins empty with every attempt and ends with it.

export type StateKey<T> = { readonly name: string; readonly absent: T | undefined };

/** Make one per kind of data, at the top of the plugin's file: the key is its own identity. */
export function stateKey<T>(name: string): StateKey<T> {
  return { name, absent: undefined };
}

export class CycleState {
  #values: Map<StateKey<unknown>, unknown> | undefined;

  get<T>(key: StateKey<T>): T | undefined {
    return this.#values?.get(key) as T | undefined;
  }

  set<T>(key: StateKey<T>, value: T): void {
    this.#values ??= new Map();
    this.#values.set(key, value);
  }
}
