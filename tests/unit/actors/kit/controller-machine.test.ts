// The machine every controller runs in: each of its transitions is walked, and the effects it asks for are told.

import { describe, expect, test } from 'vitest';
import { type ActorLogic, createActor, type SnapshotFrom } from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap } from 'xstate/graph';
import { type ControllerEvent, controllerMachine } from '../../../../actors/kit/controller-machine.ts';
import type { Effect } from '../../../../actors/kit/effect.ts';
import { stateName } from '../../../../actors/kit/lifecycle.ts';

type Moment = SnapshotFrom<typeof controllerMachine>;

/** The same machine; its emitted effects, which walking does not need, are kept out of the type. */
const walkable = controllerMachine as unknown as ActorLogic<Moment, ControllerEvent, { readonly workersMax: number }>;

const started: ControllerEvent = { type: 'controller.started' };
const synced: ControllerEvent = { type: 'world.synced', nowMs: 0 };
const stop: ControllerEvent = { type: 'stop' };

function named(...keys: string[]): ControllerEvent {
  return { type: 'keys.enqueued', keys: keys.map((key) => ({ key, cause: null })), nowMs: 0 };
}

function settled(key: string, nowMs = 0): ControllerEvent {
  return { type: 'reconcile.settled', key, outcome: { kind: 'done' }, nowMs };
}

describe('every transition', () => {
  const shape = ({ value, context: { queue } }: Moment) =>
    `${stateName(value)} ${queue.waiting} waiting ${queue.running} running`;
  const events: ControllerEvent[] = [
    started,
    synced,
    stop,
    named('a'),
    named('b'),
    settled('a'),
    settled('b'),
    { type: 'timer.fired', timer: 'due', generation: 1, nowMs: 0 },
  ];
  // A key is only settled where it runs, and a host sends nothing to a machine that has ended.
  const possible = (snapshot: Moment, event: ControllerEvent) =>
    snapshot.status === 'active' && (event.type !== 'reconcile.settled' || runs(snapshot, event.key));
  const walked = adjacencyMapToArray(
    getAdjacencyMap(walkable, {
      input: { workersMax: 1 },
      events: (snapshot) => events.filter((event) => possible(snapshot, event)),
      serializeState: (snapshot) => `${shape(snapshot)} ${['a', 'b'].filter((key) => runs(snapshot, key))}`,
      limit: 10_000,
    }),
  );
  const lines = new Set(
    walked.map(({ state, event, nextState }) => `${shape(state)} --${event.type}--> ${shape(nextState)}`),
  );

  test('is as it was drawn', () => {
    expect([...lines].sort()).toMatchSnapshot();
  });

  test('keeps the number of workers, and never idles while a key waits', () => {
    for (const { nextState } of walked) {
      const { queue, workersMax } = nextState.context;
      expect(queue.running).toBeLessThanOrEqual(workersMax);
      if (stateName(nextState.value) === 'running.idle') expect(queue.waiting + queue.running).toBe(0);
      if (stateName(nextState.value) === 'running.working') expect(queue.running).toBeGreaterThan(0);
    }
  });

  test('reaches every state, and the fault only by an event the state knows nothing of', () => {
    const reached = new Set(walked.map(({ nextState }) => stateName(nextState.value)));
    expect([...reached].sort()).toEqual([
      'draining',
      'faulted',
      'running.idle',
      'running.working',
      'stopped',
      'syncing',
    ]);
    const faults = walked.filter(({ nextState }) => nextState.value === 'faulted');
    expect(new Set(faults.map(({ state, event }) => `${stateName(state.value)} ${event.type}`))).toEqual(
      new Set([
        'starting world.synced',
        'starting keys.enqueued',
        'starting timer.fired',
        'syncing controller.started',
        'syncing timer.fired',
        'running.idle controller.started',
        'running.idle world.synced',
        'running.working controller.started',
        'running.working world.synced',
        'draining controller.started',
        'draining world.synced',
      ]),
    );
  });
});

/** A machine that has been sent events, and the effects it asked for. */
function run(...events: ControllerEvent[]) {
  const effects: Effect[] = [];
  const actor = createActor(controllerMachine, { input: { workersMax: 2 } });
  actor.on('effect', ({ effect }) => effects.push(effect));
  actor.start();
  for (const event of events) actor.send(event);
  const reconciled = effects.flatMap((effect) => (effect.kind === 'reconcile' ? [effect.key] : []));
  return { effects, reconciled, state: stateName(actor.getSnapshot().value) };
}

describe('keys', () => {
  test('that come before the world is complete wait for it', () => {
    expect(run(started, named('a', 'b'))).toMatchObject({ reconciled: [], state: 'syncing' });
    expect(run(started, named('a', 'b'), synced)).toMatchObject({ reconciled: ['a', 'b'], state: 'running.working' });
  });

  test('are reconciled side by side up to the number of workers', () => {
    const full = [started, synced, named('a', 'b', 'c')] as const;
    expect(run(...full).reconciled).toEqual(['a', 'b']);
    expect(run(...full, settled('a')).reconciled).toEqual(['a', 'b', 'c']);
    expect(run(...full, settled('a'), settled('b'), settled('c')).state).toBe('running.idle');
  });

  test('are not started any more once it is to stop, and it stops when those under way are done', () => {
    const stopping = [started, synced, named('a', 'b', 'c'), stop, settled('a')] as const;
    expect(run(...stopping)).toMatchObject({ reconciled: ['a', 'b'], state: 'draining' });
    expect(run(...stopping, settled('b'))).toMatchObject({ reconciled: ['a', 'b'], state: 'stopped' });
  });
});

describe('the timer', () => {
  const again = (key: string, againAfterMs: number, nowMs = 0): ControllerEvent => ({
    type: 'reconcile.settled',
    key,
    outcome: { kind: 'done', againAfterMs },
    nowMs,
  });
  const fired = (generation: number, nowMs: number): ControllerEvent => ({
    type: 'timer.fired',
    timer: 'due',
    generation,
    nowMs,
  });
  const begun = [started, synced, named('a', 'b')] as const;
  const armed = (effects: readonly Effect[]) =>
    effects.flatMap((effect) => (effect.kind === 'arm' ? [[effect.generation, effect.ms]] : []));

  test('is armed for the earliest key, and armed anew only for an earlier one', () => {
    expect(armed(run(...begun, again('a', 100), again('b', 200)).effects)).toEqual([[1, 100]]);
    expect(armed(run(...begun, again('a', 100), again('b', 50)).effects)).toEqual([
      [1, 100],
      [2, 50],
    ]);
  });

  test('brings the key back and is armed for the next one', () => {
    const { effects, reconciled } = run(...begun, again('a', 100), again('b', 250), fired(1, 100));
    expect(reconciled).toEqual(['a', 'b', 'a']);
    expect(armed(effects)).toEqual([
      [1, 100],
      [2, 150],
    ]);
  });

  test('of an older generation does no harm', () => {
    const { reconciled } = run(...begun, again('a', 100), again('b', 50), fired(1, 20));
    expect(reconciled).toEqual(['a', 'b']);
  });

  test('is given back when the controller stops', () => {
    expect(run(...begun, again('a', 100), settled('b'), stop).effects.at(-1)).toEqual({ kind: 'disarm', timer: 'due' });
  });
});

function runs({ context }: Moment, key: string): boolean {
  return JSON.stringify(context.queue.entries).includes(`"key":"${key}","value":{"state":"running"`);
}
