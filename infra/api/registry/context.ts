// Who asks, as what, and why: travels with every request from the front door, or from an actor, down to the event.

import type { Cause } from '../../../streams/log/event.ts';

export type RequestUser = {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
};

/** What of a client's request is recorded beside who wrote: with the user it makes every event an audit record. */
export type ClientFacts = {
  /** Who really asked, where they act as somebody else. */
  readonly impersonator?: RequestUser;
  readonly userAgent: string;
  /** The address the request came from. */
  readonly address: string;
};

export type RequestContext = {
  readonly user: RequestUser;
  /** Absent where the writer is part of this process. */
  readonly client?: ClientFacts;
  /** The writer is part of this process: its rights are the program's own, and nobody asks for them. */
  readonly inProcess?: boolean;
  /** Field manager the change is recorded and owned under. */
  readonly agent: string;
  /** The event that made an actor ask; null for people. */
  readonly cause: Cause | null;
  /** Decide everything, record nothing. */
  readonly dryRun: boolean;
  /**
   * Whether managedFields are kept for this write. The control plane's own writes in this process are not tracked:
   * who wrote what is on every event, and tracking would double the cost of each status.
   */
  readonly tracksOwnership: boolean;
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void;
};

export type Preconditions = { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined };

export type DeleteOptions = {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  readonly preconditions?: Preconditions | undefined;
};
