// How a kubelet holds its node's lease (facts §4.1): what it writes, and what follows from the answer. A pure step and no
// machine: renewals are nearly all that thousands of kubelets do, and each is the same step again.

import { resources } from '../../streams/resources/names.ts';
import type { Lease, Node } from '../../streams/resources/node.ts';
import type { Write, WriteOutcome } from '../kit/write.ts';
import type { Beat } from './kubelet-context.ts';
import { leaseDraft, renewedLease } from './node-object.ts';
import { isNewer } from './turn.ts';

export type LeaseHold = {
  /** The Node object the lease belongs to. */
  readonly node: Node;
  /** As it was last written; null before that. */
  readonly lease: Lease | null;
  /** Writes refused in a row. */
  readonly failures: number;
};

const retryFirstMs = 1_000;
const retryMaxMs = 7_000;

export function leaseWrite({ node, lease }: LeaseHold, nowMs: number): Write {
  const resource = resources.leases;
  return lease === null
    ? { kind: 'create', resource, object: leaseDraft(node, nowMs) }
    : { kind: 'update', resource, object: renewedLease(lease, { node, nowMs }) };
}

/** What is held now, and how long to wait before the next write. `newest` is the lease as the world has it. */
export function leaseSettled(
  hold: LeaseHold,
  {
    outcome,
    newest,
    beat,
  }: { readonly outcome: WriteOutcome; readonly newest: Lease | undefined; readonly beat: Beat },
): { readonly hold: LeaseHold; readonly waitMs: number } {
  const { lease, failures } = hold;
  if (outcome.kind === 'done') {
    const waitMs = lease === null ? beat.firstRenewMs : beat.renewMs;
    return { hold: { ...hold, lease: outcome.object as Lease, failures: 0 }, waitMs };
  }
  const fresher = newest !== undefined && (lease === null || isNewer(newest, lease));
  // Somebody changed it, or it is there from an earlier life: it is taken over; one that was deleted is made again.
  if (fresher || (outcome.reason === 'NotFound' && lease !== null))
    return { hold: { ...hold, lease: newest ?? null }, waitMs: 0 };
  return { hold: { ...hold, failures: failures + 1 }, waitMs: Math.min(retryFirstMs * 2 ** failures, retryMaxMs) };
}
