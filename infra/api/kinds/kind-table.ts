// The kinds one API server serves at this moment: the built-in ones, and those that custom resource definitions add and
// take away while it runs. Everything that asks "which kinds are there?" asks this table, so that a custom resource is
// routed, discovered, documented and collected like any other. Invariant: a built-in kind can be neither replaced nor
// removed, and whoever remembers something made of the table compares `changes` before using it again.

import { byPriority } from './api-version-order.ts';
import type { Kind } from './kind.ts';
import { allKinds } from './kinds.ts';

export class KindTable {
  readonly #builtIn: readonly Kind[];
  /** Definition → the kinds it adds, one for each served version. */
  readonly #custom = new Map<string, readonly Kind[]>();
  #all: readonly Kind[] = [];
  #byResource: ReadonlyMap<string, Kind> = new Map();
  #byGvk: ReadonlyMap<string, Kind> = new Map();
  #preferred: ReadonlyMap<string, Kind> = new Map();
  #changes = 0;
  readonly #watched = new Map<Kind, AbortController>();
  readonly #listeners = new Set<() => void>();

  constructor(builtIn: readonly Kind[] = allKinds()) {
    this.#builtIn = builtIn;
    this.#index();
  }

  /** Counts up with every change of the table. */
  get changes(): number {
    return this.#changes;
  }

  /** In the order discovery lists them: built-in groups as upstream ranks them, then the groups of definitions by name. */
  all(): readonly Kind[] {
    return this.#all;
  }

  byResource(group: string, version: string, resource: string): Kind | undefined {
    return this.#byResource.get(`${group}/${version}/${resource}`);
  }

  byGvk(group: string, version: string, kind: string): Kind | undefined {
    return this.#byGvk.get(`${group}/${version}/${kind}`);
  }

  /** The kind behind an object's `apiVersion` and `kind`. */
  byApiVersion(apiVersion: string, kind: string): Kind | undefined {
    const slash = apiVersion.indexOf('/');
    return this.byGvk(slash < 0 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind);
  }

  /** The preferred version's kind of a group's resource. */
  preferred(group: string, resource: string): Kind | undefined {
    return this.#preferred.get(`${group}/${resource}`);
  }

  /** The kinds of one definition from now on; none takes them away. */
  define(definition: string, kinds: readonly Kind[]): void {
    if (kinds.length === 0) {
      if (!this.#custom.delete(definition)) return;
    } else this.#custom.set(definition, kinds);
    this.#changes++;
    this.#index();
    for (const [kind, ending] of this.#watched) {
      if (this.#byResource.get(resourceId(kind)) === kind) continue;
      this.#watched.delete(kind);
      ending.abort();
    }
    for (const listener of this.#listeners) listener();
  }

  /** Calls the listener after every change, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Aborts once the kind has been taken away or another one has come in its place. */
  changeOf(kind: Kind): AbortSignal {
    let ending = this.#watched.get(kind);
    if (ending === undefined) {
      ending = new AbortController();
      this.#watched.set(kind, ending);
    }
    return ending.signal;
  }

  #index(): void {
    const builtIn = new Map(this.#builtIn.map((kind) => [resourceId(kind), kind]));
    const custom = [...this.#custom.values()].flat().filter((kind) => !builtIn.has(resourceId(kind)));
    this.#all = [...this.#builtIn, ...custom.sort(byPriority)];
    this.#byResource = new Map(this.#all.map((kind) => [resourceId(kind), kind]));
    // The first of a name wins: two definitions may claim one, and only one of them has it accepted.
    const backwards = this.#all.toReversed();
    this.#byGvk = new Map(backwards.map((kind) => [`${kind.group}/${kind.version}/${kind.kind}`, kind]));
    this.#preferred = new Map(backwards.map((kind) => [`${kind.group}/${kind.resource}`, kind]));
  }
}

function resourceId({ group, version, resource }: Kind): string {
  return `${group}/${version}/${resource}`;
}
