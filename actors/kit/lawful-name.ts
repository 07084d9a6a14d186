// Picks the name of a step: of all that could be said about it, the most telling that the machine allows.

import type { AnyStateMachine } from 'xstate';
import { absent, gone, type Step, step } from './lifecycle.ts';

/**
 * The first candidate that leads the machine from `from` to `to`; where none does, the first one, which the log then
 * records with its anomaly.
 */
export function lawfulName(
  machine: AnyStateMachine,
  { from, to }: Pick<Step, 'from' | 'to'>,
  candidates: Iterable<string>,
): string {
  let first = '';
  for (const candidate of candidates) {
    if (step(machine, from ?? absent, candidate) === (to ?? gone)) return candidate;
    if (first === '') first = candidate;
  }
  return first;
}
