// What `/shiplog/v1/nodes` is asked and answers: shared by the server and by `shiplog nodes`, which loads nothing else of it.

import type { NodeRow } from './node-list.ts';

export type NodeRows = { readonly items: readonly NodeRow[] };

/** What every action takes; each uses what it needs. */
export type NodesRequest = {
  readonly names?: readonly string[];
  readonly count?: number;
  readonly prefix?: string;
  /** Text of a profile, or the name of one that comes with Shiplog. */
  readonly profile?: string;
  readonly resource?: string;
  readonly state?: string;
};

/** The nodes an action was done to. */
export type NodesAnswer = { readonly names: readonly string[] };

export const addMax = 20_000;
