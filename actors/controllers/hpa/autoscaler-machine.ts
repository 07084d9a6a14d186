// The lifecycle of an autoscaler: whether it can do what it is for, read off the conditions it last reported. A step that
// says so is told as what it is, above all that the target was rescaled.

import { setup } from 'xstate';
import type { HorizontalPodAutoscaler } from '../../../streams/resources/autoscaling.ts';
import type { KubeObject } from '../../../streams/resources/meta.ts';
import { findCondition, holds } from '../../kit/conditions.ts';
import { lawfulName } from '../../kit/lawful-name.ts';
import { absent, gone, type Lifecycle, type Step } from '../../kit/lifecycle.ts';
import { sameJson } from '../../kit/same-json.ts';

const event = <Name extends string>(name: Name) => `horizontalpodautoscaler.${name}` as const;

/** What a report may lead to, from anywhere but the end. */
const reports = {
  [event('activated')]: 'Active',
  [event('limited')]: 'Limited',
  [event('disabled')]: 'Disabled',
  [event('metricsLost')]: 'Blind',
  [event('targetLost')]: 'Detached',
  [event('cleared')]: 'Pending',
  [event('rescaled')]: 'Active',
  [event('rescaledToLimit')]: 'Limited',
} as const;
const endings = { [event('deletionRequested')]: 'Terminating', [event('deleted')]: gone } as const;

function living<State extends string>(state: State) {
  const staying = [event('reconfigured'), event('statusUpdated'), event('updated')];
  return { on: { ...reports, ...endings, ...Object.fromEntries(staying.map((name) => [name, state])) } };
}

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'horizontalpodautoscaler',
  initial: absent,
  states: {
    [absent]: { on: { [event('created')]: 'Pending' } },
    /** Nobody has looked at it yet. */
    Pending: living('Pending'),
    /** The target has the replicas its metrics ask for. */
    Active: living('Active'),
    /** The metrics ask for more or fewer than its bounds or its pace allow. */
    Limited: living('Limited'),
    /** The target was scaled to nothing by somebody: it is left there. */
    Disabled: living('Disabled'),
    /** The metrics cannot be had. */
    Blind: living('Blind'),
    /** The target, or its scale, cannot be had or set. */
    Detached: living('Detached'),
    Terminating: {
      on: {
        [event('updated')]: 'Terminating',
        [event('statusUpdated')]: 'Terminating',
        [event('deleted')]: gone,
      },
    },
    [gone]: { type: 'final' },
  },
});

export const autoscalerLifecycle: Lifecycle = {
  machine,
  stateOf,
  eventOf: (step) => lawfulName(machine, step, candidates(step)),
};

function stateOf(object: KubeObject): string {
  const { metadata, status } = object as HorizontalPodAutoscaler;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const conditions = status?.conditions;
  const able = findCondition(conditions, 'AbleToScale');
  if (able === undefined) return 'Pending';
  if (able.status !== 'True') return 'Detached';
  const active = findCondition(conditions, 'ScalingActive');
  if (active !== undefined && active.status !== 'True') {
    return active.reason === 'ScalingDisabled' ? 'Disabled' : 'Blind';
  }
  return holds(conditions, 'ScalingLimited') ? 'Limited' : 'Active';
}

function* candidates({ before, after, from, to }: Step): Generator<string> {
  if (after === undefined) return yield event('deleted');
  if (before === undefined || from === null) return yield event('created');
  if (from !== to && to === 'Terminating') yield event('deletionRequested');
  const [old, now] = [before as HorizontalPodAutoscaler, after as HorizontalPodAutoscaler];
  if (old.status?.lastScaleTime !== now.status?.lastScaleTime) {
    yield event('rescaled');
    yield event('rescaledToLimit');
  }
  if (!sameJson(old.spec, now.spec)) yield event('reconfigured');
  if (from === to && !sameJson(old.status, now.status)) yield event('statusUpdated');
  if (from === to) yield event('updated');
  for (const name of Object.keys(reports)) yield name;
}
