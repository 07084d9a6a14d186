// Who waits for what: some for certain objects, which they name, the others for anything. A change is told to those it
// may concern, found by the object's name, however many wait. Invariant: a waiter is here once, under its last word.

import type { ResourceName } from '../../streams/resources/meta.ts';

export type NamedObject = { readonly resource: ResourceName; readonly namespace?: string; readonly name: string };

export class Waiters<T> {
  readonly #byObject = new Map<string, Set<T>>();
  readonly #objectsOf = new Map<T, readonly string[]>();
  readonly #attentive = new Set<T>();

  /** Without objects: for anything. */
  wait(waiter: T, objects?: readonly NamedObject[]): void {
    this.leave(waiter);
    if (objects === undefined) {
      this.#attentive.add(waiter);
      return;
    }
    const keys = objects.map(keyOf);
    this.#objectsOf.set(waiter, keys);
    for (const key of keys) {
      const waiting = this.#byObject.get(key);
      if (waiting === undefined) this.#byObject.set(key, new Set([waiter]));
      else waiting.add(waiter);
    }
  }

  leave(waiter: T): void {
    this.#attentive.delete(waiter);
    for (const key of this.#objectsOf.get(waiter) ?? []) {
      const waiting = this.#byObject.get(key);
      waiting?.delete(waiter);
      if (waiting?.size === 0) this.#byObject.delete(key);
    }
    this.#objectsOf.delete(waiter);
  }

  /** Those who wait for the object, then those who wait for anything; without an object only these. */
  concernedBy(object?: NamedObject): T[] {
    const named = object && this.#byObject.get(keyOf(object));
    return named === undefined ? [...this.#attentive] : [...named, ...this.#attentive];
  }
}

function keyOf({ resource: { group, resource }, namespace = '', name }: NamedObject): string {
  return `${group}/${resource}/${namespace}/${name}`;
}
