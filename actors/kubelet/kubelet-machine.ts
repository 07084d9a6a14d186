// One kubelet: it registers its node, keeps it alive (a lease every 10 s, a status every 5 minutes or when the world
// shows another), and decides which pods bound to the node it takes. Each pod it takes has a worker of its own
// (`pod-worker.ts`). When its machine crashes it goes silent, and the control plane finds out by the lease.
//
//   off → registering → running → unregistered      any → crashed → registering      any → stopped
//
// A kubelet whose Node object was deleted beats no more until it is started again, as upstream.

import { setup } from 'xstate';
import { decideResize } from './decide-resize.ts';
import { beat, goDark, greet, hear, holdLease, KubeletTurn, loseAllPods, register } from './heartbeat.ts';
import {
  type KubeletContext,
  type KubeletEffect,
  type KubeletEvent,
  type KubeletInput,
  kubeletContext,
} from './kubelet-context.ts';
import { forgetPod, takePod } from './take-pod.ts';

const base = setup({
  types: {} as {
    context: KubeletContext;
    events: KubeletEvent;
    input: KubeletInput;
    emitted: { readonly type: 'effect'; readonly effect: KubeletEffect };
  },
});

/** An action that takes one step of a turn. */
function taking(step: (turn: KubeletTurn, event: KubeletEvent) => void) {
  return base.enqueueActions(({ context, event, enqueue }) => {
    const turn = new KubeletTurn(context, event.nowMs);
    step(turn, event);
    enqueue.assign(() => turn.draft);
    for (const effect of turn.effects) enqueue.emit({ type: 'effect', effect });
  });
}

export const kubeletMachine = base
  .extend({
    actions: {
      hear: taking(hear),
      register: taking(register),
      greet: taking(greet),
      holdLease: taking(holdLease),
      beat: taking(beat),
      // One step for both: heartbeats are most of what thousands of kubelets do.
      'hear, beat': taking((turn, event) => {
        hear(turn, event);
        beat(turn);
      }),
      goDark: taking(goDark),
      loseAllPods: taking(loseAllPods),
      takePod: taking(takePod),
      forgetPod: taking(forgetPod),
      decideResize: taking(decideResize),
    },
    guards: {
      isRegistered: ({ context }) => context.node !== null,
      wasDeleted: ({ context }) => context.node === null,
    },
  })
  .createMachine({
    id: 'kubelet',
    context: ({ input }) => kubeletContext(input),
    initial: 'off',
    states: {
      // A machine that has never run hears nothing of its node.
      off: { on: { 'node.changed': {} } },
      registering: {
        entry: 'register',
        on: {
          'node.changed': { actions: ['hear', 'register'] },
          'write.settled': { actions: ['hear', 'register'] },
          'timer.fired': { actions: ['hear', 'register'] },
        },
        always: { guard: 'isRegistered', target: 'running' },
      },
      running: {
        entry: ['greet', 'holdLease', 'beat'],
        on: {
          'node.changed': { actions: 'hear, beat' },
          'write.settled': { actions: 'hear, beat' },
          'timer.fired': { actions: 'hear, beat' },
          'node.pressed': { actions: 'hear, beat' },
        },
        always: { guard: 'wasDeleted', target: 'unregistered' },
      },
      unregistered: {
        entry: 'goDark',
        on: { 'node.changed': {}, 'write.settled': {}, 'timer.fired': {} },
      },
      crashed: {
        entry: ['goDark', 'loseAllPods'],
        on: {
          'kubelet.started': { target: 'registering', actions: 'hear' },
          'kubelet.stopped': 'stopped',
          '*': {},
        },
      },
      stopped: { type: 'final', entry: 'goDark' },
      faulted: { type: 'final' },
    },
    on: {
      'kubelet.started': { target: '.registering', actions: ['goDark', 'hear'] },
      'kubelet.crashed': '.crashed',
      'kubelet.stopped': '.stopped',
      'pod.bound': { actions: 'takePod' },
      'pod.ended': { actions: 'forgetPod' },
      'pod.resizing': { actions: 'decideResize' },
      // Told again by whoever watches the node once it is registered.
      'node.pressed': {},
      '*': '.faulted',
    },
  });
