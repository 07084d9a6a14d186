// What a controller is: which objects concern it and what it wants done about one of them. Level-based: `reconcile`
// looks at the world as it is and never asks which event woke it; a repeated plan collides harmlessly.

import type { Random } from '../../streams/base/random.ts';
import type { ResourceName } from '../../streams/resources/meta.ts';
import type { Change } from '../../streams/views/change.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { FailureReason, Note, Write } from './write.ts';

/** Names what to reconcile, usually `namespace/name`. */
export type Key = string;

export type ReconcileInput<Memory = unknown> = {
  readonly world: ObjectReader;
  readonly key: Key;
  readonly nowMs: number;
  /**
   * Since when the key has been looked after without a break: from its first coming until a plan that neither fails
   * nor asks to be looked at again. Never before the controller's start, so nothing is held against anybody for a time
   * in which nobody looked.
   */
  readonly sinceMs: number;
  /** What went wrong the last time the key was reconciled; empty otherwise. For telling people, never for deciding. */
  readonly failures: readonly FailedWrite[];
  /** What the last plans for the key wanted remembered; undefined at first, and after a restart. */
  readonly memory?: Memory | undefined;
  readonly random: Random;
};

export type FailedWrite = { readonly write: Write; readonly reason: FailureReason; readonly message: string };

export type Plan<Memory = unknown> = {
  /**
   * Carried out side by side, so at most one of them concerns an object; the next reconcile of the key begins after all
   * of them and sees what they did. A write that fails makes the key come again with back-off.
   */
  readonly writes: readonly Write[];
  readonly notes?: readonly PlannedNote[];
  /** Look again after this long even if nothing happens. */
  readonly againAfterMs?: number;
  /** The key rests this long whatever happens, so that a burst of changes is taken in at one go. */
  readonly pauseMs?: number;
  /** Absent: what was remembered before stays. */
  readonly remember?: Remembered<Memory>;
};

/**
 * What the next look at the key is told, for the few controllers whose answer depends on what they have answered before.
 * The host keeps it as long as the controller runs; nothing may need it that could not do without it after a restart.
 * It is kept once its write is done, and what was there before stays where that write failed; at once without one.
 */
export type Remembered<Memory> = { readonly memory: Memory | undefined; readonly after?: Write };

/** A note is told once its write is done, and not at all where that write failed; at once without one. */
export type PlannedNote = Note & { readonly after?: Write };

export const nothingToDo: Plan = { writes: [] };

export type Watch = {
  /** `all` hears of every resource, those included that appear later. */
  readonly resource: ResourceName | 'all';
  /** The keys this change concerns. Called for every change of the resource, and at start once for every object. */
  keys(change: WatchedChange, world: ObjectReader): readonly Key[];
};

/** Without an event where the object was there when the controller began. */
export type WatchedChange = Pick<Change, 'type' | 'ref' | 'current' | 'previous'> & {
  readonly event?: Change['event'];
};

export type Controller<Memory = unknown> = {
  /** As kube-controller-manager's `--controllers` names it, e.g. `deployment-controller`. */
  readonly name: string;
  /** User its writes are recorded under, e.g. `system:serviceaccount:kube-system:deployment-controller`. */
  readonly user: string;
  readonly watches: readonly Watch[];
  /** Keys that are looked at from the start, whatever the world holds. */
  readonly initialKeys?: readonly Key[];
  /** Keys reconciled side by side at most. */
  readonly workers: number;
  reconcile(input: ReconcileInput<Memory>): Plan<Memory>;
};
