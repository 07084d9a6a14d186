// Every transition of a lifecycle machine, walked with xstate's own graph tools: `State --event--> State` lines in
// order, so that a test can hold them against the picture people have of the machine.

import type { AnyStateMachine } from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap } from 'xstate/graph';
import { stateName } from '../../actors/kit/lifecycle.ts';

export function transitionTable(machine: AnyStateMachine): string[] {
  const events = machine.events.filter((type) => type !== '*').map((type) => ({ type }));
  const lines = new Set<string>();
  for (const { state, event, nextState } of adjacencyMapToArray(getAdjacencyMap(machine, { events }))) {
    if (!state.can(event)) continue;
    lines.add(`${stateName(state.value)} --${event.type}--> ${stateName(nextState.value)}`);
  }
  return [...lines].sort();
}

/** States no event leads out of, and states that no event leads to. */
export function loose(table: readonly string[]): { readonly dead: string[]; readonly unreachable: string[] } {
  const from = new Set(table.map((line) => line.split(' --')[0] ?? ''));
  const to = new Set(table.map((line) => line.split('--> ')[1] ?? ''));
  return {
    dead: [...to].filter((state) => !from.has(state)).sort(),
    unreachable: [...from].filter((state) => !to.has(state)).sort(),
  };
}
