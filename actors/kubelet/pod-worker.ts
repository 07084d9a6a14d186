// One pod on its node, from the moment the kubelet takes it up until the object is gone. A state is a goal: in each the
// worker does what is missing to reach it (`pursue.ts`), hears facts (`observe.ts`), and tells the world what came of
// it (`report.ts`), one write at a time.
//
//   preparing → initializing → running → stopping → finished → gone
//
// A worker that is made again for a pod goes at once to where the pod is. Whatever ends the pod (its deletion, its
// deadline, its completion) leads through stopping. An event it does not know is a fault of its host and made visible.

import { setup } from 'xstate';
import { isPodTerminal } from '../pod/pod-conditions.ts';
import { observe } from './observe.ts';
import { PodTurn } from './pod-turn.ts';
import {
  cleanUp,
  finish,
  initialize,
  isCompleted,
  isHopeless,
  isInitialized,
  isQuiet,
  keepRunning,
  prepare,
  takeUp,
} from './pursue.ts';
import { owesReport, report } from './report.ts';
import type { WorkerEffect } from './runtime.ts';
import { stop } from './stop-containers.ts';
import { isEnding, type WorkerContext, type WorkerEvent, type WorkerInput, workerContext } from './worker-context.ts';

type WorkerTypes = {
  context: WorkerContext;
  events: WorkerEvent;
  input: WorkerInput;
  emitted: { readonly type: 'effect'; readonly effect: WorkerEffect };
};

const types = {} as WorkerTypes;
const base = setup({ types });

/** An action that takes one step of a turn. */
function taking(step: (turn: PodTurn, event: WorkerEvent) => void) {
  return base.enqueueActions(({ context, event, enqueue }) => {
    const turn = new PodTurn(context, nowOf(event));
    step(turn, event);
    enqueue.assign(() => turn.draft);
    for (const effect of turn.effects) enqueue.emit({ type: 'effect', effect });
  });
}

/** Every fact is taken in first; then the state's own step looks at what is missing now. */
function observing(step: (turn: PodTurn) => void) {
  return (turn: PodTurn, event: WorkerEvent) => {
    observe(turn, event);
    step(turn);
  };
}

const setUp = base.extend({
  actions: {
    takeUp: taking(takeUp),
    prepare: taking(prepare),
    'observe, prepare': taking(observing(prepare)),
    initialize: taking(initialize),
    'observe, initialize': taking(observing(initialize)),
    keepRunning: taking(keepRunning),
    'observe, keepRunning': taking(observing(keepRunning)),
    stop: taking(stop),
    'observe, stop': taking(observing(stop)),
    finish: taking(finish),
    'observe, finish': taking(observing(finish)),
    cleanUp: taking(cleanUp),
    report: taking(report),
  },
  guards: {
    isOver: ({ context }) => isPodTerminal(context.pod),
    isEnding: ({ context }) => isEnding(context),
    hasSandbox: ({ context }) => context.podIP !== null,
    isSetUp: ({ context }) => context.podIP !== null && isInitialized(context),
    isInitialized: ({ context }) => isInitialized(context),
    isHopeless: ({ context }) => isHopeless(context),
    isCompleted: ({ context }) => isCompleted(context),
    isQuiet: ({ context }) => isQuiet(context),
    owesReport: ({ context }) => owesReport(context),
  },
});

export const podWorkerMachine = setUp.createMachine({
  id: 'pod-worker',
  context: ({ input }) => workerContext(input),
  initial: 'preparing',
  states: {
    preparing: {
      entry: 'takeUp',
      on: hearing('prepare'),
      always: [
        { guard: 'isOver', target: 'finished' },
        { guard: 'isEnding', target: 'stopping' },
        { guard: 'isSetUp', target: 'running' },
        { guard: 'hasSandbox', target: 'initializing' },
      ],
    },
    initializing: {
      entry: 'initialize',
      on: hearing('initialize'),
      always: [
        { guard: 'isEnding', target: 'stopping' },
        { guard: 'isHopeless', target: 'stopping' },
        { guard: 'isInitialized', target: 'running' },
      ],
    },
    running: {
      entry: 'keepRunning',
      on: hearing('keepRunning'),
      always: [
        { guard: 'isEnding', target: 'stopping' },
        { guard: 'isCompleted', target: 'stopping' },
      ],
    },
    stopping: { entry: 'stop', on: hearing('stop'), always: { guard: 'isQuiet', target: 'finished' } },
    finished: { entry: 'finish', on: hearing('finish') },
    gone: { type: 'final', entry: 'cleanUp' },
    faulted: { type: 'final' },
  },
  on: { 'pod.gone': '.gone', '*': '.faulted' },
  always: { guard: 'owesReport', actions: 'report' },
});

type Pursuit = 'prepare' | 'initialize' | 'keepRunning' | 'stop' | 'finish';

/** All events but the last one of a pod, told to the state's own step. */
function hearing<P extends Pursuit>(pursuit: P) {
  const actions = `observe, ${pursuit}` as const;
  return {
    'pod.changed': { actions },
    'write.settled': { actions },
    'timer.fired': { actions },
    'sandbox.ready': { actions },
    'sandbox.failed': { actions },
    'volumes.failed': { actions },
    'image.pulling': { actions },
    'image.pulled': { actions },
    'image.pullFailed': { actions },
    'container.started': { actions },
    'container.startFailed': { actions },
    'container.readiness': { actions },
    'container.startedUp': { actions },
    'container.probeFailed': { actions },
    'container.unhealthy': { actions },
    'container.hookFailed': { actions },
    'container.resized': { actions },
    'resize.granted': { actions },
    'resize.refused': { actions },
    'pod.evicted': { actions },
    'container.exited': { actions },
  } as const;
}

/** The first turn is taken at the time the worker was made. */
function nowOf(event: WorkerEvent | { readonly type: 'xstate.init'; readonly input: WorkerInput }): number {
  return 'nowMs' in event ? event.nowMs : event.input.nowMs;
}
