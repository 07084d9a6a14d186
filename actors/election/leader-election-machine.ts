// Which of several replicas does the work: the one whose name stands in a Lease, for as long as it renews it in time.
// The rules and periods are client-go's, so that a stock kube-controller-manager could stand in the same queue; only
// nobody polls here: the log tells when the lease changes.
//
//   waiting → acquiring → leading (resting ⇄ renewing) → stopped
//
// Invariants: a replica that cannot renew gives up its leadership before the others may take the lease (renewDeadline <
// leaseDuration), by its own monotonic clock; every write of the lease states the version it replaces.

import { enqueueActions, setup } from 'xstate';
import type { Draft } from '../../streams/resources/meta.ts';
import { microTimestamp } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Lease, LeaseSpec } from '../../streams/resources/node.ts';
import type { EffectEmitted, TimerFired } from '../kit/effect.ts';
import type { Write, WriteOutcome } from '../kit/write.ts';

/** When something was seen: by the wall clock, for the lease, and by the monotonic one, for judging it. */
type Seen = { readonly nowMs: number; readonly tickMs: number };

export type ElectionEvent =
  /** The lease as the log has it; undefined where there is none. */
  | ({ readonly type: 'lease.observed'; readonly lease: Lease | undefined } & Seen)
  | (TimerFired & Seen)
  | ({ readonly type: 'write.settled'; readonly ticket: string; readonly outcome: WriteOutcome } & Seen)
  | ({ readonly type: 'stop' } & Seen);

export type ElectionInput = {
  readonly namespace: string;
  /** The lease, e.g. `kube-scheduler`. */
  readonly name: string;
  /** Who we are: no two living processes share it. */
  readonly identity: string;
};

export type LeadershipEmitted = { readonly type: 'leadership'; readonly leading: boolean };

type ElectionContext = ElectionInput & {
  readonly lease: Lease | undefined;
  /** Since when the lease has been as it is, by our clock: those of others do not count. */
  readonly observedAtMs: number;
  /** When the write under way was asked for: others count from when they see it, which is never before. */
  readonly askedAtMs: number;
  readonly renewedAtMs: number;
  readonly generation: number;
  readonly tickets: number;
};

/** client-go's defaults for control-plane components. */
const leaseDurationSeconds = 15;
const renewDeadlineMs = 10_000;
/** Timers of the system fire up to a millisecond early: the deadline's fires once, so it is to find the deadline past. */
const deadlineTimerMs = renewDeadlineMs + 1;
const retryMs = 2_000;

const wake = 'wake';
const deadline = 'deadline';

export const leaderElectionMachine = setup({
  types: {
    context: {} as ElectionContext,
    events: {} as ElectionEvent,
    input: {} as ElectionInput,
    emitted: {} as EffectEmitted | LeadershipEmitted,
  },
  guards: {
    'the lease is free': ({ context, event }) => isFree(context, event),
    'the write is ours': ({ context, event }) =>
      event.type === 'write.settled' && event.ticket === ticketOf(context) && event.outcome.kind === 'done',
    'the write was refused': ({ context, event }) =>
      event.type === 'write.settled' && event.ticket === ticketOf(context) && event.outcome.kind === 'failed',
    'it is time': ({ context, event }) =>
      event.type === 'timer.fired' && event.timer === wake && event.generation === context.generation,
    'it is time to renew': ({ context, event }) =>
      event.type === 'timer.fired' &&
      event.timer === wake &&
      event.generation === context.generation &&
      !isTooLate(context, event),
    'the deadline has passed': ({ context, event }) => isTooLate(context, event),
    'somebody else holds it': ({ context, event }) =>
      event.type === 'lease.observed' && holderOf(event.lease) !== context.identity,
  },
  actions: {
    'note the lease': enqueueActions(({ context, event, enqueue }) => {
      if (event.type === 'lease.observed') enqueue.assign(observed(context, event.lease, event.tickMs));
      if (event.type === 'write.settled' && event.outcome.kind === 'done') {
        enqueue.assign(observed(context, event.outcome.object as Lease, event.tickMs));
      }
    }),
    'wait for the lease': enqueueActions(({ context, event, enqueue }) => {
      const generation = context.generation + 1;
      const freeAtMs = context.observedAtMs + durationMs(context.lease);
      const ms = Math.max(retryMs, freeAtMs - event.tickMs);
      enqueue.assign({ generation });
      enqueue.emit({ type: 'effect', effect: { kind: 'arm', timer: wake, generation, ms } });
    }),
    'write the lease': enqueueActions(({ context, event, enqueue }) => {
      const tickets = context.tickets + 1;
      const write = leaseWrite(context, heldSpec(context, event.nowMs));
      enqueue.assign({ tickets, askedAtMs: event.tickMs });
      enqueue.emit({ type: 'effect', effect: { kind: 'write', ticket: String(tickets), write, cause: null } });
    }),
    'give the lease back': enqueueActions(({ context, event, enqueue }) => {
      if (context.lease === undefined || holderOf(context.lease) !== context.identity) return;
      const tickets = context.tickets + 1;
      const time = microTimestamp(event.nowMs);
      const spec = { ...context.lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time };
      enqueue.assign({ tickets });
      enqueue.emit({
        type: 'effect',
        effect: { kind: 'write', ticket: String(tickets), write: leaseWrite(context, spec), cause: null },
      });
    }),
    'renew later': enqueueActions(({ context, event, enqueue }) => {
      const generation = context.generation + 1;
      enqueue.assign({ generation, renewedAtMs: context.askedAtMs });
      enqueue.emit({ type: 'effect', effect: { kind: 'arm', timer: wake, generation, ms: retryMs } });
      const ms = Math.max(0, deadlineTimerMs - (event.tickMs - context.askedAtMs));
      enqueue.emit({ type: 'effect', effect: { kind: 'arm', timer: deadline, generation, ms } });
    }),
    'try again later': enqueueActions(({ context, enqueue }) => {
      const generation = context.generation + 1;
      enqueue.assign({ generation });
      enqueue.emit({ type: 'effect', effect: { kind: 'arm', timer: wake, generation, ms: retryMs } });
    }),
    'give the timers back': enqueueActions(({ enqueue }) => {
      for (const timer of [wake, deadline]) enqueue.emit({ type: 'effect', effect: { kind: 'disarm', timer } });
    }),
    lead: enqueueActions(({ context, enqueue }) => {
      if (context.lease !== undefined) {
        const message = `${context.identity} became leader`;
        const note = { regarding: context.lease, type: 'Normal', reason: 'LeaderElection', message } as const;
        enqueue.emit({ type: 'effect', effect: { kind: 'note', note: { ...note, component: context.name } } });
      }
      enqueue.emit({ type: 'leadership', leading: true });
    }),
    follow: enqueueActions(({ enqueue }) => {
      enqueue.emit({ type: 'effect', effect: { kind: 'disarm', timer: deadline } });
      enqueue.emit({ type: 'leadership', leading: false });
    }),
  },
}).createMachine({
  id: 'leader-election',
  context: ({ input }) => ({
    ...input,
    lease: undefined,
    observedAtMs: 0,
    askedAtMs: 0,
    renewedAtMs: 0,
    generation: 0,
    tickets: 0,
  }),
  initial: 'waiting',
  states: {
    waiting: {
      on: {
        'lease.observed': [
          { guard: 'the lease is free', target: 'acquiring', actions: ['note the lease', 'write the lease'] },
          { actions: ['note the lease', 'wait for the lease'] },
        ],
        'timer.fired': [
          { guard: 'the lease is free', target: 'acquiring', actions: 'write the lease' },
          { guard: 'it is time', actions: 'wait for the lease' },
          {},
        ],
        // A renewal that was given up: what it did is told as an observation.
        'write.settled': {},
        stop: { target: 'stopped', actions: 'give the timers back' },
      },
    },
    acquiring: {
      on: {
        'lease.observed': { actions: 'note the lease' },
        'write.settled': [
          { guard: 'the write is ours', target: 'leading', actions: ['note the lease', 'renew later', 'lead'] },
          { guard: 'the write was refused', target: 'waiting', actions: 'wait for the lease' },
          {},
        ],
        'timer.fired': {},
        stop: { target: 'stopped', actions: 'give the timers back' },
      },
    },
    leading: {
      initial: 'resting',
      states: {
        resting: {
          on: { 'timer.fired': { guard: 'it is time to renew', target: 'renewing', actions: 'write the lease' } },
        },
        renewing: {
          on: {
            'write.settled': [
              { guard: 'the write is ours', target: 'resting', actions: ['note the lease', 'renew later'] },
              { guard: 'the write was refused', target: 'resting', actions: 'try again later' },
              {},
            ],
          },
        },
      },
      on: {
        'lease.observed': [
          {
            guard: 'somebody else holds it',
            target: 'waiting',
            actions: ['note the lease', 'follow', 'wait for the lease'],
          },
          { actions: 'note the lease' },
        ],
        'timer.fired': [
          { guard: 'the deadline has passed', target: 'waiting', actions: ['follow', 'wait for the lease'] },
          {},
        ],
        'write.settled': {},
        stop: { target: 'stopped', actions: ['give the timers back', 'give the lease back'] },
      },
    },
    stopped: { type: 'final' },
    /** An event came that the state knows nothing of: a fault of the host, made visible. */
    faulted: { type: 'final' },
  },
  on: { '*': '.faulted' },
});

/** The name in the lease; empty where nobody holds it. */
export function holderOf(lease: Lease | undefined): string {
  return lease?.spec?.holderIdentity ?? '';
}

function isFree(context: ElectionContext, event: ElectionEvent): boolean {
  const { lease, observedAtMs } =
    event.type === 'lease.observed' ? observed(context, event.lease, event.tickMs) : context;
  const holder = holderOf(lease);
  return holder === '' || holder === context.identity || observedAtMs + durationMs(lease) <= event.tickMs;
}

function isTooLate({ renewedAtMs }: ElectionContext, { tickMs }: ElectionEvent): boolean {
  return tickMs - renewedAtMs >= renewDeadlineMs;
}

/** A lease that is as it was keeps the time it was first seen so. */
function observed(context: ElectionContext, lease: Lease | undefined, tickMs: number) {
  const same = lease !== undefined && lease.metadata.resourceVersion === context.lease?.metadata.resourceVersion;
  return { lease, observedAtMs: same ? context.observedAtMs : tickMs };
}

function durationMs(lease: Lease | undefined): number {
  return (lease?.spec?.leaseDurationSeconds ?? leaseDurationSeconds) * 1000;
}

function ticketOf({ tickets }: ElectionContext): string {
  return String(tickets);
}

function heldSpec({ lease, identity }: ElectionContext, nowMs: number): LeaseSpec {
  const time = microTimestamp(nowMs);
  const before = lease?.spec;
  const ours = holderOf(lease) === identity;
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds,
    acquireTime: ours ? (before?.acquireTime ?? time) : time,
    renewTime: time,
    leaseTransitions: lease === undefined ? 0 : (before?.leaseTransitions ?? 0) + (ours ? 0 : 1),
  };
}

function leaseWrite({ lease, namespace, name }: ElectionContext, spec: LeaseSpec): Write {
  const resource = resources.leases;
  if (lease !== undefined) {
    const object: Lease = { ...lease, spec };
    return { kind: 'update', resource, object };
  }
  const object: Draft<Lease> = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace },
    spec,
  };
  return { kind: 'create', resource, object };
}
