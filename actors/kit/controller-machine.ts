// The machine every controller runs in. It decides which key is reconciled when; what to do about a key is the
// controller's own pure function, which the host calls for the `reconcile` effect (invariant: machines are closed).
//
//   starting → syncing → running (idle ⇄ working) → draining → stopped
//
// It listens to the world from `syncing` on and begins to work once the world is complete. Draining starts nothing new
// and waits for what is under way.

import { enqueueActions, setup } from 'xstate';
import type { Cause } from '../../streams/log/event.ts';
import type { Key } from './controller.ts';
import type { EffectEmitted, TimerFired } from './effect.ts';
import {
  emptyQueue,
  enqueue,
  nextDueMs,
  type ReconcileOutcome,
  settle,
  take,
  type WorkQueue,
  wake,
} from './work-queue.ts';

export type NamedKey = { readonly key: Key; readonly cause: Cause | null };

export type ControllerEvent =
  | { readonly type: 'controller.started' }
  /** The view is complete: every object there is has been named. */
  | { readonly type: 'world.synced'; readonly nowMs: number }
  /** Something happened that concerns these keys. They come in batches, one for each turn of the event loop. */
  | { readonly type: 'keys.enqueued'; readonly keys: readonly NamedKey[]; readonly nowMs: number }
  | {
      readonly type: 'reconcile.settled';
      readonly key: Key;
      readonly outcome: ReconcileOutcome;
      readonly nowMs: number;
    }
  | (TimerFired & { readonly nowMs: number })
  | { readonly type: 'stop' };

export type ControllerContext = {
  readonly queue: WorkQueue;
  readonly workersMax: number;
  /** The timer that is armed for the next key that is due. A timer of another generation is stale. */
  readonly armedAtMs: number | null;
  readonly generation: number;
};

export const dueTimer = 'due';

export const controllerMachine = setup({
  types: {
    context: {} as ControllerContext,
    events: {} as ControllerEvent,
    input: {} as { readonly workersMax: number },
    emitted: {} as EffectEmitted,
  },
  guards: {
    'work is under way': ({ context }) => context.queue.running > 0,
    'nothing is under way': ({ context }) => context.queue.running === 0,
  },
  actions: {
    'note keys': enqueueActions(({ context, event, enqueue: act }) => {
      act.assign({ queue: takenIn(context.queue, event) });
    }),
    'go on': enqueueActions(({ context, event, enqueue: act }) => {
      if (!('nowMs' in event)) return;
      const fired = event.type === 'timer.fired' && event.generation === context.generation;
      const armedAtMs = fired ? null : context.armedAtMs;
      let queue = wake(takenIn(context.queue, event), event.nowMs);
      while (queue.running < context.workersMax) {
        const taken = take(queue);
        if (taken === undefined) break;
        queue = taken.queue;
        act.emit({ type: 'effect', effect: { kind: 'reconcile', ...taken.work } });
      }
      const dueMs = nextDueMs(queue);
      if (dueMs === undefined || (armedAtMs !== null && armedAtMs <= dueMs)) {
        act.assign({ queue, armedAtMs });
        return;
      }
      const generation = context.generation + 1;
      const ms = Math.max(0, dueMs - event.nowMs);
      act.assign({ queue, armedAtMs: dueMs, generation });
      act.emit({ type: 'effect', effect: { kind: 'arm', timer: dueTimer, generation, ms } });
    }),
    'give the timer back': enqueueActions(({ context, enqueue: act }) => {
      if (context.armedAtMs === null) return;
      act.assign({ armedAtMs: null });
      act.emit({ type: 'effect', effect: { kind: 'disarm', timer: dueTimer } });
    }),
  },
}).createMachine({
  id: 'controller',
  context: ({ input }) => ({ queue: emptyQueue, workersMax: input.workersMax, armedAtMs: null, generation: 0 }),
  initial: 'starting',
  states: {
    starting: { on: { 'controller.started': 'syncing', stop: 'stopped' } },
    syncing: {
      on: {
        'keys.enqueued': { actions: 'note keys' },
        'world.synced': { target: 'running', actions: 'go on' },
        stop: 'stopped',
      },
    },
    running: {
      initial: 'idle',
      states: {
        idle: { always: { guard: 'work is under way', target: 'working' } },
        working: { always: { guard: 'nothing is under way', target: 'idle' } },
      },
      on: {
        'keys.enqueued': { actions: 'go on' },
        'reconcile.settled': { actions: 'go on' },
        'timer.fired': { actions: 'go on' },
        stop: { target: 'draining', actions: 'give the timer back' },
      },
    },
    draining: {
      always: { guard: 'nothing is under way', target: 'stopped' },
      on: {
        'reconcile.settled': { actions: 'note keys' },
        // What the world tells a controller that is about to stop is left to the next one to run.
        'keys.enqueued': {},
        'timer.fired': {},
        stop: {},
      },
    },
    stopped: { type: 'final' },
    /** An event came that the state knows nothing of: a fault of the host, made visible. */
    faulted: { type: 'final' },
  },
  on: { '*': '.faulted' },
});

/** The queue after what the event says of its keys. */
function takenIn(queue: WorkQueue, event: ControllerEvent): WorkQueue {
  if (event.type === 'reconcile.settled') return settle(queue, event);
  if (event.type !== 'keys.enqueued') return queue;
  let taken = queue;
  for (const { key, cause } of event.keys) taken = enqueue(taken, { key, cause, nowMs: event.nowMs });
  return taken;
}
