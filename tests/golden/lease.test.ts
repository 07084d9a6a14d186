// The lease's lifecycle as a table: given a lease, when it is written so, then the log says that.

import { describe, expect, test } from 'vitest';
import { check, transitionOf } from '../../actors/kit/lifecycle.ts';
import { leaseLifecycle } from '../../actors/node/lease-machine.ts';
import type { Lease, LeaseSpec } from '../../streams/resources/node.ts';

const free = aLease({});
const held = aLease({ holderIdentity: 'a', renewTime: '2026-01-01T00:00:00.000000Z' });
const renewed = aLease({ holderIdentity: 'a', renewTime: '2026-01-01T00:00:10.000000Z' });
const other = aLease({ holderIdentity: 'b', renewTime: '2026-01-01T00:01:00.000000Z' });
const released = aLease({ holderIdentity: '', renewTime: '2026-01-01T00:00:10.000000Z' });
const going: Lease = { ...held, metadata: { ...held.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };

const rows: readonly (readonly [string, Lease | undefined, Lease | undefined, string, string])[] = [
  ['is created free', undefined, free, 'lease.created', 'null → Released'],
  ['is created by its holder', undefined, held, 'lease.acquired', 'null → Held'],
  ['is acquired', released, held, 'lease.acquired', 'Released → Held'],
  ['is renewed', held, renewed, 'lease.renewed', 'Held → Held'],
  ['is taken over', renewed, other, 'lease.takenOver', 'Held → Held'],
  ['is released', renewed, released, 'lease.released', 'Held → Released'],
  ['is changed while held', held, aLease({ ...held.spec, leaseDurationSeconds: 15 }), 'lease.updated', 'Held → Held'],
  ['is changed while free', free, released, 'lease.updated', 'Released → Released'],
  ['is to be deleted', held, going, 'lease.deletionRequested', 'Held → Terminating'],
  ['is deleted', held, undefined, 'lease.deleted', 'Held → null'],
  ['is gone', going, undefined, 'lease.deleted', 'Terminating → null'],
];

describe('a lease', () => {
  test.each(rows)('%s', (_, before, after, type, step) => {
    const from = before ? leaseLifecycle.stateOf(before) : null;
    const transition = transitionOf(leaseLifecycle, { before, after, from });
    expect({ ...transition, step: `${transition.from} → ${transition.to}` }).toMatchObject({ type, step });
    expect(transition.anomaly).toBeUndefined();
  });

  test('has every event of its machine in this table, but for the one that comes from the stream', () => {
    const named = [...rows.map(([, , , type]) => type), 'lease.expired'];
    expect(new Set(named)).toEqual(new Set(leaseLifecycle.machine.events));
  });

  test('may expire in its stream', () => {
    expect(check(leaseLifecycle, { type: 'lease.expired', from: 'Held', to: null }).anomaly).toBeUndefined();
  });
});

function aLease(spec: LeaseSpec): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'l', namespace: 'n', uid: 'u' },
    spec,
  };
}
