// From what metrics ask for to what is done, as a table: the numbers are those of upstream's own test cases.

import { describe, expect, test } from 'vitest';
import type { AutoscalerMemory, Recommendation, ScaleEvent } from '../../actors/controllers/hpa/memory.ts';
import { changedWithin, nothingRemembered, scaled } from '../../actors/controllers/hpa/memory.ts';
import { normalized } from '../../actors/controllers/hpa/scaling-rules.ts';
import type { AutoscalerSpec, ScalingPolicy, ScalingRules } from '../../streams/resources/autoscaling.ts';

const nowMs = 10_000_000;
const scaleTargetRef = { kind: 'Deployment', name: 'web' };

type Change = {
  readonly behavior?: AutoscalerSpec['behavior'];
  readonly memory?: Partial<AutoscalerMemory>;
  readonly min?: number;
  readonly max?: number;
};

function normal(currentReplicas: number, wanted: number, { behavior, memory, min = 1, max = 1_000 }: Change = {}) {
  return normalized({
    spec: { scaleTargetRef, minReplicas: min, maxReplicas: max, ...(behavior && { behavior }) },
    memory: { ...nothingRemembered, syncedAtMs: nowMs, ...memory },
    currentReplicas,
    wanted,
    downscaleStabilizationMs: 300_000,
    nowMs,
  });
}

const policies = {
  up: [
    { type: 'Pods', value: 4, periodSeconds: 60 },
    { type: 'Percent', value: 100, periodSeconds: 60 },
  ],
  down: [{ type: 'Percent', value: 100, periodSeconds: 60 }],
} as const;

/** `5/60` is five pods a minute, `5%/60` five in a hundred. */
function rules(text: string, selectPolicy: ScalingRules['selectPolicy'] = 'Max'): ScalingRules {
  const parsed = text.split(' ').map((policy): ScalingPolicy => {
    const [amount = '', period = ''] = policy.split('/');
    const type = amount.endsWith('%') ? 'Percent' : 'Pods';
    return { type, value: Number.parseInt(amount, 10), periodSeconds: Number(period) };
  });
  return { selectPolicy, stabilizationWindowSeconds: 0, policies: parsed };
}

const up = (text: string, select?: ScalingRules['selectPolicy']) => ({
  scaleUp: rules(text, select),
  scaleDown: { policies: policies.down, stabilizationWindowSeconds: 0 },
});
const down = (text: string, select?: ScalingRules['selectPolicy']) => ({
  scaleUp: { policies: policies.up, stabilizationWindowSeconds: 0 },
  scaleDown: rules(text, select),
});
const usual = up('4/60 100%/60');

/** Spread over the time before now. */
function spread(changes: readonly number[], seconds: number): ScaleEvent[] {
  return changes.map((by, index) => ({ by, atMs: nowMs - (1_000 * seconds * (index + 1)) / (changes.length + 1) }));
}

describe('the pace', () => {
  const before = spread([1, 5, 9], 120);
  const rows: readonly (readonly [what: string, current: number, wanted: number, change: Change, answer: string])[] = [
    ['within range', 5, 7, { min: 3, max: 8, behavior: usual }, '7 DesiredWithinRange'],
    ['below the minimum', 3, 1, { min: 2, max: 8, behavior: usual }, '2 TooFewReplicas'],
    ['to nothing where that is allowed', 1, 0, { min: 0, max: 10, behavior: usual }, '0 DesiredWithinRange'],
    ['above the maximum', 20, 1_000, { max: 10, behavior: usual }, '10 TooManyReplicas'],
    ['above a maximum near by', 100, 1_000, { min: 100, max: 150, behavior: usual }, '150 TooManyReplicas'],
    ['one in a hundred of few pods is one', 3, 1_000, { max: 2_000, behavior: up('1%/60') }, '4 ScaleUpLimit'],
    ['twenty pods a minute down', 1_000, 3, { min: 3, max: 2_000, behavior: down('20/60') }, '980 ScaleDownLimit'],
    ['as by default', 10, 50, { behavior: usual }, '20 ScaleUpLimit'],
    ['the larger of two', 10, 500, { behavior: up('100/60 100%/60') }, '110 ScaleUpLimit'],
    ['the larger of two again', 10, 500, { behavior: up('2/60 100%/60') }, '20 ScaleUpLimit'],
    ['the smaller of two, asked for', 10, 500, { behavior: up('2/60 100%/60', 'Min') }, '12 ScaleUpLimit'],
    ['not at all, asked for', 10, 500, { behavior: up('2/60', 'Disabled') }, '10 ScaleUpLimit'],
    ['not down, asked for', 10, 2, { behavior: down('2/60', 'Disabled') }, '10 ScaleDownLimit'],
    ['fast enough', 10, 50, { behavior: up('100/60') }, '50 DesiredWithinRange'],
    ['thirty pods a minute', 10, 50, { behavior: up('30/60') }, '40 ScaleUpLimit'],
    ['threefold', 10, 50, { behavior: up('200%/60') }, '30 ScaleUpLimit'],
    ['down by the larger', 100, 2, { behavior: down('20/60 1%/60') }, '80 ScaleDownLimit'],
    ['down by the smaller', 100, 2, { behavior: down('20/60 1%/60', 'Min') }, '99 ScaleDownLimit'],
    ['down to the minimum', 10, 0, { behavior: down('100/60') }, '1 TooFewReplicas'],
    ['down to a higher minimum', 10, 2, { min: 5, behavior: down('100%/60') }, '5 TooFewReplicas'],
    ['down by pods', 10, 2, { behavior: down('5/60') }, '5 ScaleDownLimit'],
    ['down by half', 10, 5, { behavior: down('50%/60') }, '5 DesiredWithinRange'],
    [
      'to the maximum after growth',
      100,
      500,
      { max: 200, behavior: up('300/60'), memory: { ups: before } },
      '200 TooManyReplicas',
    ],
    [
      'not beyond what has come already',
      100,
      500,
      { behavior: up('5/120'), memory: { ups: before } },
      '100 ScaleUpLimit',
    ],
    [
      'by what is left of the period',
      100,
      500,
      { behavior: up('150/120'), memory: { ups: before } },
      '235 ScaleUpLimit',
    ],
    [
      'by a share of what was there first',
      100,
      500,
      { behavior: up('200%/120'), memory: { ups: before } },
      '255 ScaleUpLimit',
    ],
    [
      'what went comes back',
      6,
      24,
      { behavior: up('300%/300'), memory: { ups: spread([4], 120), downs: spread([2], 120) } },
      '16 ScaleUpLimit',
    ],
    ['down whatever went before', 10, 5, { behavior: usual, memory: { downs: before } }, '5 DesiredWithinRange'],
    [
      'down to the minimum after shrinking',
      100,
      0,
      { behavior: down('115/120'), memory: { downs: before } },
      '1 TooFewReplicas',
    ],
    [
      'down to a minimum after shrinking',
      100,
      0,
      { min: 5, behavior: down('130/120'), memory: { downs: before } },
      '5 TooFewReplicas',
    ],
    ['without behavior: doubled', 10, 50, {}, '20 ScaleUpLimit'],
    ['without behavior: four at least', 1, 50, {}, '4 ScaleUpLimit'],
    ['without behavior: at most the maximum', 10, 50, { max: 12 }, '12 TooManyReplicas'],
    ['without behavior: at least the minimum', 10, 0, { min: 2 }, '2 TooFewReplicas'],
  ];

  test.each(rows)('%s', (_, current, wanted, change, answer) => {
    const { replicas, limited } = normal(current, wanted, change);
    expect(`${replicas} ${limited.reason}`).toBe(answer);
    expect(limited.status).toBe(limited.reason === 'DesiredWithinRange' ? 'False' : 'True');
  });
});

const ago = (minutes: number, replicas: number): Recommendation => ({ replicas, atMs: nowMs - minutes * 60_000 });

describe('recent recommendations', () => {
  const windows = (upSeconds: number, downSeconds: number) => ({
    scaleUp: { ...rules('1000/60'), stabilizationWindowSeconds: upSeconds },
    scaleDown: { ...rules('1000/60'), stabilizationWindowSeconds: downSeconds },
  });
  type Row = readonly [what: string, recent: readonly Recommendation[], from: number, wanted: number, to: string];
  const rows: readonly (Row | readonly [...Row, behavior: AutoscalerSpec['behavior']])[] = [
    ['none', [], 100, 5, '5 ReadyForNewScale', windows(0, 0)],
    ['hold it up', [ago(2, 4), ago(1, 5)], 100, 3, '5 ScaleDownStabilized', windows(0, 180)],
    ['hold it down', [ago(2, 4), ago(1, 5)], 1, 7, '4 ScaleUpStabilized', windows(300, 0)],
    ['lower ones do not hold it up', [ago(2, 1), ago(1, 2)], 100, 3, '3 ReadyForNewScale', windows(300, 0)],
    ['higher ones do not hold it down', [ago(2, 4), ago(1, 5)], 1, 3, '3 ReadyForNewScale', windows(0, 300)],
    ['old ones do not count', [ago(10, 10), ago(9, 9)], 100, 3, '3 ReadyForNewScale', windows(0, 0)],
    ['old ones do not count upwards', [ago(10, 10), ago(9, 9)], 1, 100, '100 ReadyForNewScale', windows(0, 0)],
    ['some count', [ago(10, 10), ago(1, 4), ago(2, 5), ago(9, 9)], 100, 3, '5 ScaleDownStabilized', windows(0, 180)],
    [
      'some count upwards',
      [ago(100, 10), ago(1, 6), ago(2, 5), ago(3, 9)],
      1,
      100,
      '5 ScaleUpStabilized',
      windows(300, 0),
    ],
    ['between both nothing happens', [ago(100, 2), ago(3, 3)], 2, 1, '2 ScaleDownStabilized', windows(300, 300)],
    ['between both nothing happens upwards', [ago(100, 2), ago(3, 1)], 2, 3, '2 ScaleUpStabilized', windows(300, 300)],
    ['five minutes without behavior', [ago(2, 4), ago(1, 5)], 5, 3, '5 ScaleDownStabilized'],
    ['lower ones without behavior', [ago(2, 1), ago(1, 2)], 3, 3, '3 ReadyForNewScale'],
    ['old ones without behavior', [ago(10, 10), ago(9, 9)], 3, 3, '3 ReadyForNewScale'],
    ['some without behavior', [ago(10, 10), ago(1, 4), ago(2, 5), ago(9, 9)], 5, 3, '5 ScaleDownStabilized'],
  ];

  test.each(rows)('%s', (_, recommendations, from, wanted, to, behavior = undefined) => {
    const { replicas, able } = normal(from, wanted, { memory: { recommendations }, ...(behavior && { behavior }) });
    expect(`${replicas} ${able.reason}`).toBe(to);
  });

  test('that no window reaches are forgotten', () => {
    const recommendations = [ago(10, 10), ago(4, 4), ago(1, 5)];
    expect(normal(5, 3, { memory: { recommendations } }).recommendations).toEqual([ago(4, 4), ago(1, 5), ago(0, 3)]);
    const short = normal(5, 3, { memory: { recommendations }, behavior: windows(0, 120) });
    expect(short.recommendations).toEqual([ago(1, 5), ago(0, 3)]);
  });
});

describe('what came and went', () => {
  const memory: AutoscalerMemory = { ...nothingRemembered, syncedAtMs: nowMs };
  const event = (by: number, seconds: number): ScaleEvent => ({ by, atMs: nowMs - seconds * 1_000 });

  test('is remembered as long as a policy looks back', () => {
    const ups = [event(7, 121), event(5, 120), event(2, 10)];
    const next = scaled({ ...memory, ups }, { from: 2, to: 5, rules: rules('5/60 10%/120'), nowMs });
    expect(next).toEqual({ ups: [event(5, 120), event(2, 10), event(3, 0)], downs: [] });
  });

  test('is counted by its direction, and not at all without rules', () => {
    expect(scaled(memory, { from: 9, to: 5, rules: rules('5/60'), nowMs })).toEqual({ ups: [], downs: [event(4, 0)] });
    expect(scaled(memory, { from: 9, to: 5, rules: undefined, nowMs })).toEqual({ ups: [], downs: [] });
  });

  test('counts within a period, its beginning excluded', () => {
    expect(changedWithin([event(1, 61), event(2, 60), event(4, 59), event(8, 0)], 60, nowMs)).toBe(12);
  });
});
