// The pods that wait until something changes that may help. An event is put to pods that look alike and were turned away
// by the same plugins as to one; where a plugin looks at what a pod uses (its claims), only the users of the object the event
// is about are asked one by one. So an event costs by shapes and by those it concerns, not by pods that wait.

import { resources } from '../../streams/resources/names.ts';
import { claimNamesOf } from '../../streams/resources/pod-claims.ts';
import { claimNameOf } from '../../streams/resources/resource-claim.ts';
import type { ClusterEvent } from './framework.ts';
import type { PodShape, WaitingPod } from './pod-shape.ts';
import type { QueuedPod } from './queued-pod.ts';
import { type NamedObject, Waiters } from './waiters.ts';

/** Pods of one shape that the same plugins turned away. */
type Group = { readonly shape: PodShape; readonly rejectedBy: string; readonly pods: Set<QueuedPod> };

/**
 * Whom to ask whether an event helps: `one` of the pods alike for all of them; `users` of the object themselves, and one for
 * all others; or `each`.
 */
export type Audience = 'one' | 'users' | 'each';

export type Hints = {
  /** `queued` stands for all pods alike. */
  audience(event: ClusterEvent, queued: QueuedPod): Audience;
  helps(event: ClusterEvent, queued: QueuedPod): boolean;
};

export class UnschedulablePods {
  readonly #groups = new Map<PodShape, Map<string, Group>>();
  readonly #groupOf = new Map<QueuedPod, Group>();
  readonly #users = new Waiters<QueuedPod>();

  get size(): number {
    return this.#groupOf.size;
  }

  pods(): Iterable<QueuedPod> {
    return this.#groupOf.keys();
  }

  add(queued: QueuedPod): void {
    const group = this.#groupFor(queued);
    group.pods.add(queued);
    this.#groupOf.set(queued, group);
    const used = usedBy(queued.info);
    if (used.length > 0) this.#users.wait(queued, used);
  }

  delete(queued: QueuedPod): void {
    const group = this.#groupOf.get(queued);
    if (group === undefined) return;
    this.#groupOf.delete(queued);
    this.#users.leave(queued);
    group.pods.delete(queued);
    if (group.pods.size > 0) return;
    const ofShape = this.#groups.get(group.shape);
    ofShape?.delete(group.rejectedBy);
    if (ofShape?.size === 0) this.#groups.delete(group.shape);
  }

  /** The pods that may be better off for the event. */
  helpedBy(event: ClusterEvent, hints: Hints): QueuedPod[] {
    const helped: QueuedPod[] = [];
    const users = this.#usersOf(event);
    for (const ofShape of this.#groups.values()) {
      for (const group of ofShape.values()) this.#askGroup(group, { event, hints, users, helped });
    }
    return helped;
  }

  #askGroup({ pods }: Group, { event, hints, users, helped }: Asking): void {
    const [first] = pods;
    if (first === undefined) return;
    const audience = hints.audience(event, first);
    const own = audience === 'each' ? pods : audience === 'users' ? inGroup(users, pods) : nobody;
    for (const queued of own) if (hints.helps(event, queued)) helped.push(queued);
    let others: boolean | undefined;
    for (const queued of own.size === pods.size ? nobody : pods) {
      if (own.has(queued)) continue;
      others ??= hints.helps(event, queued);
      if (!others) return;
      helped.push(queued);
    }
  }

  #usersOf(event: ClusterEvent): ReadonlySet<QueuedPod> {
    if (event.kind !== 'objectChanged') return nobody;
    const { namespace = '', name } = event.object.metadata;
    return new Set(this.#users.concernedBy({ resource: event.resource, namespace, name }));
  }

  #groupFor({ info: { shape }, rejectedBy: plugins }: QueuedPod): Group {
    const rejectedBy = plugins.join();
    let ofShape = this.#groups.get(shape);
    if (ofShape === undefined) {
      ofShape = new Map();
      this.#groups.set(shape, ofShape);
    }
    let group = ofShape.get(rejectedBy);
    if (group === undefined) {
      group = { shape, rejectedBy, pods: new Set() };
      ofShape.set(rejectedBy, group);
    }
    return group;
  }
}

type Asking = {
  readonly event: ClusterEvent;
  readonly hints: Hints;
  /** Of the object the event is about. */
  readonly users: ReadonlySet<QueuedPod>;
  readonly helped: QueuedPod[];
};

const nobody: ReadonlySet<QueuedPod> = new Set();

function inGroup(users: ReadonlySet<QueuedPod>, pods: ReadonlySet<QueuedPod>): ReadonlySet<QueuedPod> {
  if (users.size === 0) return nobody;
  const found = new Set<QueuedPod>();
  for (const queued of users) if (pods.has(queued)) found.add(queued);
  return found;
}

/** What pods of one shape may use each its own of: their claims. */
export function usedBy({ pod, namespace }: WaitingPod): NamedObject[] {
  const used: NamedObject[] = [];
  for (const name of claimNamesOf(pod)) used.push({ resource: resources.persistentVolumeClaims, namespace, name });
  for (const entry of pod.spec.resourceClaims ?? []) {
    const claim = claimNameOf(pod, entry);
    if (claim.kind === 'named') used.push({ resource: resources.resourceClaims, namespace, name: claim.name });
  }
  return used;
}
