// The lifecycle of autoscalers: every transition is walked, the telling ones are named, and no change a client can write
// leaves them without a lawful name.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { autoscalerLifecycle } from '../../../../../actors/controllers/hpa/autoscaler-machine.ts';
import { transitionOf } from '../../../../../actors/kit/lifecycle.ts';
import type { AutoscalerStatus, HorizontalPodAutoscaler } from '../../../../../streams/resources/autoscaling.ts';
import type { KubeObject } from '../../../../../streams/resources/meta.ts';
import { loose, transitionTable } from '../../../../kit/transition-table.ts';
import { at, meta } from '../../../../kit/workloads.ts';

const { machine } = autoscalerLifecycle;
const table = transitionTable(machine);

test('begins absent, ends gone, and every state in between has a way in and a way out', () => {
  expect(loose(table)).toEqual({ dead: ['Gone'], unreachable: ['Absent'] });
  expect(new Set(table.flatMap((line) => line.split(/ --.*--> /)))).toEqual(new Set(Object.keys(machine.states)));
});

test('every state can end', () => {
  for (const state of Object.keys(machine.states)) {
    if (state === 'Absent' || state === 'Gone') continue;
    expect(table).toContain(`${state} --horizontalpodautoscaler.deleted--> Gone`);
  }
});

function autoscaler(status?: AutoscalerStatus, maxReplicas = 5): HorizontalPodAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: meta('web'),
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas },
    ...(status && { status }),
  };
}

/** `able active limited`, each `+`, `-` or `?`. */
function said(marks: string, change: AutoscalerStatus & { reason?: string } = {}): AutoscalerStatus {
  const { reason = 'Any', ...status } = change;
  const types = ['AbleToScale', 'ScalingActive', 'ScalingLimited'];
  const conditions = types.flatMap((type, i) =>
    marks[i] === '?' ? [] : [{ type, status: marks[i] === '+' ? ('True' as const) : ('False' as const), reason }],
  );
  return { ...status, conditions };
}

describe('a step is told as what it is', () => {
  const rows: readonly (readonly [before: AutoscalerStatus | undefined, after: AutoscalerStatus, step: string])[] = [
    [undefined, said('++-'), 'activated Pending → Active'],
    [undefined, said('-??'), 'targetLost Pending → Detached'],
    [said('++-'), said('+--'), 'metricsLost Active → Blind'],
    [said('++-'), said('+--', { reason: 'ScalingDisabled' }), 'disabled Active → Disabled'],
    [said('+--'), said('++-'), 'activated Blind → Active'],
    [said('++-'), said('+++'), 'limited Active → Limited'],
    [said('++-'), said('++-', { currentReplicas: 3 }), 'statusUpdated Active → Active'],
    [said('++-'), said('++-', { lastScaleTime: at(5) }), 'rescaled Active → Active'],
    [said('++-'), said('+++', { lastScaleTime: at(5) }), 'rescaledToLimit Active → Limited'],
    [undefined, said('+??', { lastScaleTime: at(5) }), 'rescaled Pending → Active'],
  ];

  test.each(rows)('%#', (before, after, step) => {
    const old = autoscaler(before);
    const from = autoscalerLifecycle.stateOf(old);
    const { type, to, anomaly } = transitionOf(autoscalerLifecycle, { before: old, after: autoscaler(after), from });
    expect(`${type.replace('horizontalpodautoscaler.', '')} ${from} → ${to}`).toBe(step);
    expect(anomaly).toBeUndefined();
  });

  test('when the spec changes', () => {
    const before = autoscaler(said('++-'));
    const after = autoscaler(said('++-'), 9);
    expect(transitionOf(autoscalerLifecycle, { before, after, from: 'Active' }).type).toBe(
      'horizontalpodautoscaler.reconfigured',
    );
  });
});

test('every change that a client can write has a lawful name', () => {
  const marks = fc.stringMatching(/^[-+?]{3}$/);
  const reason = fc.constantFrom('ScalingDisabled', 'Any');
  const scaledAt = fc.constantFrom(at(1), at(2));
  const status = fc
    .tuple(marks, reason, scaledAt)
    .map(([text, reason, lastScaleTime]) => said(text, { reason, lastScaleTime }));
  const object = fc
    .tuple(fc.option(status, { nil: undefined }), fc.integer({ min: 1, max: 2 }))
    .map(([status, maxReplicas]) => autoscaler(status, maxReplicas));
  const going = ({ metadata, ...object }: HorizontalPodAutoscaler): KubeObject => ({
    ...object,
    metadata: { ...metadata, deletionTimestamp: at(9) },
  });
  fc.assert(
    fc.property(object, object, fc.constantFrom(0, 1, 2), (first, second, ending) => {
      const before = ending === 2 ? going(first) : first;
      const after = ending === 0 ? second : going(second);
      const from = autoscalerLifecycle.stateOf(before);
      expect(transitionOf(autoscalerLifecycle, { before, after, from })).not.toHaveProperty('anomaly');
      expect(transitionOf(autoscalerLifecycle, { before, after: undefined, from })).not.toHaveProperty('anomaly');
    }),
  );
});
