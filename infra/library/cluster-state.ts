// A past state of the cluster as plain objects, for programs: what `shiplog replay` prints for people.

import type { ReplayedState } from '../../streams/history/replayed-state.ts';
import type { AnyObject, ResourceName } from '../../streams/resources/meta.ts';
import { findResource, resourceNames } from '../api/kinds/find-resource.ts';

export class ClusterState {
  readonly #state: ReplayedState;

  constructor(state: ReplayedState) {
    this.#state = state;
  }

  /** The newest revision that is part of the state. */
  get revision(): number {
    return this.#state.revision;
  }

  /** When that was: the writers' clock. */
  get time(): Date {
    return new Date(this.#state.timeMs);
  }

  /** Kinds are named as for kubectl. Objects are shared: never change them. */
  list(kind: string, { namespace }: { readonly namespace?: string } = {}): AnyObject[] {
    return this.#state.list(resourceOf(kind), namespace).map(({ object }) => object);
  }

  get(kind: string, { namespace = '', name }: { readonly namespace?: string; readonly name: string }) {
    return this.#state.get({ ...resourceOf(kind), namespace, name })?.object;
  }

  /** Every object of every kind. */
  objects(): AnyObject[] {
    return this.#state.resources().flatMap((resource) => this.#state.list(resource).map(({ object }) => object));
  }
}

function resourceOf(kind: string): ResourceName {
  const resource = findResource(kind);
  if (resource === undefined)
    throw new RangeError(`no kind is called ${kind}; there are ${resourceNames().join(', ')}`);
  return resource;
}
