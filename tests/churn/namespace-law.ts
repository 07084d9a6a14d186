// A namespace ends when nothing is left in it, and what is gone from the log with it stays gone.

import type { ClusterEvent } from '../../infra/library/cluster-event.ts';
import { type Complain, type Law, placeOf } from './law.ts';

export class NamespaceLaw implements Law {
  readonly #complain: Complain;
  readonly #content = new Map<string, Set<string>>();
  ended = 0;

  constructor(complain: Complain) {
    this.#complain = complain;
  }

  take(event: ClusterEvent): void {
    const { namespace, resource, group, name } = event;
    if (resource === 'namespaces' && group === '') {
      if (event.to !== null) return;
      const left = [...(this.#content.get(name) ?? [])];
      this.ended++;
      if (left.length > 0) this.#complain(event, `leaves ${left.join(', ')} behind`);
      return;
    }
    if (namespace === '') return;
    const content = this.#content.get(namespace) ?? new Set<string>();
    this.#content.set(namespace, content);
    const place = `${resource}.${group} ${placeOf(event)}`;
    if (event.to === null) content.delete(place);
    else content.add(place);
  }
}
