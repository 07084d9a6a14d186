// The scheduler as a statechart: what it may do when. Its knowledge of thousands of nodes and pods is too large to be
// copied at every step, so the context holds it by reference; nobody but this machine touches it, and it follows from
// the events alone. Invariant: closed and synchronous; time comes with the events, effects are emitted.

import { enqueueActions, setup } from 'xstate';
import { assertNever } from '../../streams/base/assert.ts';
import type { Cause } from '../../streams/log/event.ts';
import type { Labels } from '../../streams/resources/meta.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { EffectEmitted, TimerFired, WriteSettled } from '../kit/effect.ts';
import { Scheduler } from './scheduler.ts';
import type { ObjectChange, SchedulerOptions } from './scheduler-ports.ts';

type At = { readonly nowMs: number };
type Recorded = At & { readonly cause: Cause | null };

export type SchedulerEvent =
  /** Everything there is: the start. */
  | ({
      readonly type: 'world.synced';
      readonly nodes: readonly Node[];
      readonly pods: readonly Pod[];
      readonly namespaces: readonly Namespaced[];
    } & At)
  | ({ readonly type: 'pod.added' | 'pod.changed'; readonly pod: Pod } & Recorded)
  | ({ readonly type: 'pod.gone'; readonly uid: string } & Recorded)
  | ({ readonly type: 'node.changed'; readonly node: Node } & Recorded)
  | ({ readonly type: 'node.gone'; readonly name: string } & Recorded)
  | ({ readonly type: 'namespace.changed' } & Namespaced)
  | { readonly type: 'namespace.gone'; readonly name: string }
  /** An object of a kind that plugins watch. */
  | ({ readonly type: 'object.changed'; readonly change: ObjectChange } & Recorded)
  /** Leave to seek nodes for so many pods: the host slices the work, so that others get their turn. */
  | ({ readonly type: 'work'; readonly podsMax: number } & At)
  | (WriteSettled & At)
  | (TimerFired & At)
  | { readonly type: 'stop' };

export type Namespaced = { readonly name: string; readonly labels: Labels };

export const schedulerMachine = setup({
  types: {
    context: {} as { readonly scheduler: Scheduler },
    events: {} as SchedulerEvent,
    input: {} as SchedulerOptions,
    emitted: {} as EffectEmitted,
  },
  actions: {
    takeIn: enqueueActions(({ context: { scheduler }, event, enqueue }) => {
      takeIn(scheduler, event);
      for (const effect of scheduler.takeEffects()) enqueue.emit({ type: 'effect', effect });
    }),
    drain: enqueueActions(({ context: { scheduler }, enqueue }) => {
      scheduler.drain();
      for (const effect of scheduler.takeEffects()) enqueue.emit({ type: 'effect', effect });
    }),
  },
  guards: {
    hasWork: ({ context: { scheduler } }) => scheduler.hasWork,
    isIdle: ({ context: { scheduler } }) => !scheduler.hasWork && !scheduler.isBinding,
    isWaiting: ({ context: { scheduler } }) => !scheduler.hasWork && scheduler.isBinding,
    isDone: ({ context: { scheduler } }) => !scheduler.isBinding,
  },
}).createMachine({
  id: 'scheduler',
  context: ({ input }) => ({ scheduler: new Scheduler(input) }),
  initial: 'starting',
  states: {
    /** Nothing is known yet. */
    starting: {
      on: {
        'world.synced': { target: 'running', actions: 'takeIn' },
        stop: 'stopped',
        '*': 'faulted',
      },
    },
    running: {
      initial: 'idle',
      on: {
        'pod.*': { actions: 'takeIn' },
        'node.*': { actions: 'takeIn' },
        'namespace.*': { actions: 'takeIn' },
        'object.*': { actions: 'takeIn' },
        'write.settled': { actions: 'takeIn' },
        'timer.fired': { actions: 'takeIn' },
        // A slice granted before the last pod was dealt with is of no use any more.
        work: {},
        stop: { target: 'draining', actions: 'drain' },
        '*': 'faulted',
      },
      states: {
        /** No pod is ready, no binding is under way. */
        idle: {
          always: { guard: 'hasWork', target: 'scheduling' },
        },
        /** Pods are ready: the host grants slices of work. */
        scheduling: {
          on: { work: { actions: 'takeIn' } },
          always: [
            { guard: 'isWaiting', target: 'binding' },
            { guard: 'isIdle', target: 'idle' },
          ],
        },
        /** All that can be asked for has been; answers are awaited. */
        binding: {
          always: [
            { guard: 'hasWork', target: 'scheduling' },
            { guard: 'isIdle', target: 'idle' },
          ],
        },
      },
    },
    /** No new work; bindings under way are seen through. */
    draining: {
      on: {
        'pod.*': { actions: 'takeIn' },
        'node.*': { actions: 'takeIn' },
        'namespace.*': { actions: 'takeIn' },
        'object.*': { actions: 'takeIn' },
        'write.settled': { actions: 'takeIn' },
        'timer.fired': {},
        work: {},
        stop: {},
        '*': 'faulted',
      },
      always: { guard: 'isDone', target: 'stopped' },
    },
    stopped: { type: 'final' },
    /** It was told something it does not know: a defect, to be seen at once. */
    faulted: { type: 'final' },
  },
});

function takeIn(scheduler: Scheduler, event: SchedulerEvent): void {
  switch (event.type) {
    case 'world.synced':
      load(scheduler, event);
      break;
    case 'pod.added':
    case 'pod.changed':
      scheduler.podRecorded(event.pod, event);
      break;
    case 'pod.gone':
      scheduler.podGone(event.uid, event);
      break;
    case 'node.changed':
      scheduler.nodeRecorded(event.node, event);
      break;
    case 'node.gone':
      scheduler.nodeGone(event.name, event);
      break;
    case 'namespace.changed':
      scheduler.namespaceRecorded(event.name, event.labels);
      break;
    case 'namespace.gone':
      scheduler.namespaceRecorded(event.name, undefined);
      break;
    case 'object.changed':
      scheduler.objectRecorded(event.change, event);
      break;
    case 'work':
      scheduler.work(event.podsMax, event.nowMs);
      break;
    case 'write.settled':
      scheduler.settled(event.ticket, event.outcome, { nowMs: event.nowMs, cause: null });
      break;
    case 'timer.fired':
      scheduler.timerFired(event.timer, event.generation, event.nowMs);
      break;
    case 'stop':
      break;
    default:
      assertNever(event);
  }
}

function load(scheduler: Scheduler, event: Extract<SchedulerEvent, { type: 'world.synced' }>): void {
  const moment = { nowMs: event.nowMs, cause: null };
  for (const { name, labels } of event.namespaces) scheduler.namespaceRecorded(name, labels);
  for (const node of event.nodes) scheduler.nodeRecorded(node, moment);
  for (const pod of event.pods) scheduler.podRecorded(pod, moment);
}
