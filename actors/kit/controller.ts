// What a controller is: which objects concern it and what it wants done about one of them. Level-based: `reconcile`
// looks at the world as it is and never asks which event woke it; a repeated plan collides harmlessly.

import type { Random } from '../../streams/base/random.ts';
import type { ResourceName } from '../../streams/resources/meta.ts';
import type { Change } from '../../streams/views/change.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { Note, Write } from './write.ts';

/** Names what to reconcile, usually `namespace/name`. */
export type Key = string;

export type ReconcileInput = {
  readonly world: ObjectReader;
  readonly key: Key;
  readonly nowMs: number;
  readonly random: Random;
};

export type Plan = {
  /**
   * Carried out side by side; the next reconcile of the key begins after all of them and sees what they did.
   * A write that fails makes the key come again with back-off.
   */
  readonly writes: readonly Write[];
  readonly notes?: readonly Note[];
  /** Look again after this long even if nothing happens. */
  readonly againAfterMs?: number;
};

export const nothingToDo: Plan = { writes: [] };

export type Watch = {
  readonly resource: ResourceName;
  /** The keys this change concerns. Called for every change of the resource, and at start once for every object. */
  keys(change: Pick<Change, 'type' | 'ref' | 'current' | 'previous'>, world: ObjectReader): readonly Key[];
};

export type Controller = {
  /** As kube-controller-manager's `--controllers` names it, e.g. `deployment-controller`. */
  readonly name: string;
  /** User its writes are recorded under, e.g. `system:serviceaccount:kube-system:deployment-controller`. */
  readonly user: string;
  readonly watches: readonly Watch[];
  /** Keys reconciled side by side at most. */
  readonly workers: number;
  reconcile(input: ReconcileInput): Plan;
};
