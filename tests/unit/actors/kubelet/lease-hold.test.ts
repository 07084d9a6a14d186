// What a kubelet writes about its lease, and what it makes of the answers.

import { describe, expect, test } from 'vitest';
import { type LeaseHold, leaseSettled, leaseWrite } from '../../../../actors/kubelet/lease-hold.ts';
import type { Lease, Node } from '../../../../streams/resources/node.ts';

const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'node-uid' } };
const beat = { renewMs: 10_000, firstRenewMs: 4_000, statusMs: 300_000 };
const nowMs = Date.UTC(2026, 0, 1);
const lease = (resourceVersion: string): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'n1', namespace: 'kube-node-lease', uid: 'l', resourceVersion },
  spec: { holderIdentity: 'n1' },
});
const fresh: LeaseHold = { node, lease: null, failures: 0 };
const held: LeaseHold = { ...fresh, lease: lease('5') };
const failed = (reason: 'Conflict' | 'NotFound' | 'Unavailable' | 'AlreadyExists') =>
  ({ kind: 'failed', reason, message: '' }) as const;

describe('a kubelet', () => {
  test('makes its lease, owned by its node, and renews it from then on', () => {
    expect(leaseWrite(fresh, nowMs)).toMatchObject({
      kind: 'create',
      object: {
        metadata: { name: 'n1', namespace: 'kube-node-lease', ownerReferences: [{ kind: 'Node', uid: 'node-uid' }] },
        spec: { holderIdentity: 'n1', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' },
      },
    });
    expect(leaseWrite(held, nowMs)).toMatchObject({ kind: 'update', object: { metadata: { resourceVersion: '5' } } });
  });

  const rows: readonly {
    readonly what: string;
    readonly hold: LeaseHold;
    readonly outcome: Parameters<typeof leaseSettled>[1]['outcome'];
    readonly newest?: Lease;
    readonly expected: { readonly revision: string | undefined; readonly waitMs: number };
  }[] = [
    {
      what: 'waits its own first time after making it',
      hold: fresh,
      outcome: { kind: 'done', object: lease('1') },
      expected: { revision: '1', waitMs: 4_000 },
    },
    {
      what: 'waits ten seconds after renewing it',
      hold: held,
      outcome: { kind: 'done', object: lease('6') },
      expected: { revision: '6', waitMs: 10_000 },
    },
    {
      what: 'takes over one that is there from an earlier life',
      hold: fresh,
      outcome: failed('AlreadyExists'),
      newest: lease('3'),
      expected: { revision: '3', waitMs: 0 },
    },
    {
      what: 'takes over what somebody changed',
      hold: held,
      outcome: failed('Conflict'),
      newest: lease('9'),
      expected: { revision: '9', waitMs: 0 },
    },
    {
      what: 'makes one anew that was deleted',
      hold: held,
      outcome: failed('NotFound'),
      expected: { revision: undefined, waitMs: 0 },
    },
    {
      what: 'tries again where the log does not answer',
      hold: held,
      outcome: failed('Unavailable'),
      newest: lease('5'),
      expected: { revision: '5', waitMs: 1_000 },
    },
    {
      what: 'no later than after seven seconds',
      hold: { ...held, failures: 6 },
      outcome: failed('Unavailable'),
      expected: { revision: '5', waitMs: 7_000 },
    },
  ];
  test.each(rows)('$what', ({ hold, outcome, newest, expected }) => {
    const settled = leaseSettled(hold, { outcome, newest, beat });
    expect({ revision: settled.hold.lease?.metadata.resourceVersion, waitMs: settled.waitMs }).toEqual(expected);
    expect(settled.hold.failures).toBe(
      outcome.kind === 'failed' && settled.waitMs > 0 ? hold.failures + 1 : hold.failures,
    );
  });
});
