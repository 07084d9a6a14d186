// How many replicas metrics ask for, as a table: the numbers are those of upstream's own test cases. A pod is written as
// what each of its two containers uses, with what is special about it: `u` unready, `h` started a moment ago, `F` failed,
// `D` going away, `P` pending; `-` alone has no metric.

import { describe, expect, test } from 'vitest';
import type { PodMetric } from '../../actors/controllers/hpa/metrics.ts';
import {
  averageReplicas,
  type Calculation,
  type Proposal,
  sharedValueReplicas,
  utilizationReplicas,
  valueReplicas,
} from '../../actors/controllers/hpa/replica-calculator.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { aPod, at, startMs } from '../kit/workloads.ts';

const nowMs = startMs + 3_600_000;
const startUp = { cpuInitializationPeriodMs: 120_000, initialReadinessDelayMs: 10_000, nowMs };
const usual = { up: 0.1, down: 0.1 };

type Case = {
  readonly replicas: number;
  readonly pods: string;
  readonly requests?: string;
  readonly target: number;
  readonly tolerances?: { readonly up: number; readonly down: number };
  readonly container?: string;
};

function podsOf({ pods, requests = '' }: Case): { readonly pods: Pod[]; readonly metrics: Map<string, PodMetric> } {
  const metrics = new Map<string, PodMetric>();
  const asked = requests.split(' ');
  const all = pods.split(' ').map((text, index) => {
    const [, level = '', marks = ''] = /^(\d+|-)(\w*)$/.exec(text) ?? [];
    const name = `pod-${index}`;
    const cpu = requests === '' ? '1' : (asked[index] ?? '');
    const container = (own: string) => ({
      name: own,
      image: 'x',
      ...(cpu !== '' && { resources: { requests: { cpu } } }),
    });
    if (level !== '-') metrics.set(name, { value: 2 * Number(level), timestampMs: nowMs - 1_000, windowMs: 60_000 });
    const pod = aPod(name, {
      unready: /[uFP]/.test(marks),
      spec: { containers: [container('one'), container('two')] },
      ...(marks.includes('F') && { phase: 'Failed' as const }),
      ...(marks.includes('P') && { phase: 'Pending' as const }),
      ...(marks.includes('D') && { meta: { deletionTimestamp: at(0) } }),
    });
    const startTime = new Date(marks.includes('h') ? nowMs : nowMs - 180_000).toISOString();
    const since = marks.includes('h') ? startTime : at(0);
    const ready = { type: 'Ready', status: /[uFP]/.test(marks) ? 'False' : 'True', lastTransitionTime: since } as const;
    return { ...pod, status: { ...pod.status, startTime, conditions: [ready] } };
  });
  return { pods: all, metrics };
}

function told(proposal: Proposal): string {
  if (proposal.kind === 'failed') return proposal.message;
  const { replicas, usage, utilization } = proposal;
  return `${replicas} (${utilization === undefined ? '' : `${utilization}% `}${usage})`;
}

function calculation(row: Case, pods: readonly Pod[]): Calculation {
  return { currentReplicas: row.replicas, pods, tolerances: row.tolerances ?? usual, startUp };
}

describe('utilization of what was asked for', () => {
  const rows: readonly (readonly [what: string, row: Case, answer: string])[] = [
    ['grows', { replicas: 3, pods: '300 500 700', target: 30 }, '5 (50% 1000)'],
    ['grows less for pods not ready', { replicas: 3, pods: '300u 500 700', target: 30 }, '4 (60% 1200)'],
    ['grows less for hot pods', { replicas: 3, pods: '300h 500 700', target: 30 }, '4 (60% 1200)'],
    ['does not turn round for pods not ready', { replicas: 3, pods: '400 500u 700u', target: 30 }, '3 (40% 800)'],
    ['does not turn round for hot pods', { replicas: 3, pods: '400 500uh 700uh', target: 30 }, '3 (40% 800)'],
    ['ignores failed pods', { replicas: 2, pods: '500 700 -F -F', target: 30 }, '4 (60% 1200)'],
    ['ignores pods going away', { replicas: 2, pods: '500 700 -uD -uD', target: 30 }, '4 (60% 1200)'],
    ['shrinks', { replicas: 5, pods: '100 300 500 250 250', target: 50 }, '3 (28% 560)'],
    ['shrinks without pods not ready', { replicas: 5, pods: '100 300 500 250u 250u', target: 50 }, '2 (30% 600)'],
    ['shrinks without pending pods', { replicas: 5, pods: '100 -P -P -P -P', target: 50 }, '1 (10% 200)'],
    ['shrinks without hot pods', { replicas: 5, pods: '100 300 500 250h 250h', target: 50 }, '2 (30% 600)'],
    ['shrinks without failed pods', { replicas: 5, pods: '100 300 500 250 250 -F -F', target: 50 }, '3 (28% 560)'],
    [
      'is content near the target',
      { replicas: 3, pods: '1010 1030 1020', requests: '0.9 1 1.1', target: 100 },
      '3 (102% 2040)',
    ],
    [
      'counts pods without a metric as full when it shrinks',
      { replicas: 4, pods: '400 95 - -', target: 100 },
      '3 (24% 495)',
    ],
    [
      'stays when pods without a metric would make it right',
      { replicas: 2, pods: '1000 -', target: 100 },
      '2 (100% 2000)',
    ],
    ['stays when it would grow by what is missing', { replicas: 2, pods: '1900 -', target: 100 }, '2 (190% 3800)'],
    ['stays when it would shrink by what is missing', { replicas: 2, pods: '600 -', target: 100 }, '2 (60% 1200)'],
    ['stays for missing and unready', { replicas: 3, pods: '100u 450 -', target: 50 }, '3 (45% 900)'],
    ['stays for missing and hot', { replicas: 3, pods: '100h 450 -', target: 50 }, '3 (45% 900)'],
    ['grows for missing and unready', { replicas: 3, pods: '100u 2000 -', target: 50 }, '4 (200% 4000)'],
    ['grows for missing and hot', { replicas: 3, pods: '100uh 2000 -', target: 50 }, '4 (200% 4000)'],
    ['shrinks for missing and unready', { replicas: 4, pods: '100u 100 100 -', target: 50 }, '3 (10% 200)'],
    [
      'counts them at a target above 100 %',
      { replicas: 4, pods: '200u 100 100 -', requests: '1 1 2 2', target: 300 },
      '2 (6% 200)',
    ],
    ['is not fooled by a surge', { replicas: 2, pods: '100 100 -', target: 50 }, '2 (10% 200)'],
    [
      'needs requests',
      { replicas: 1, pods: '200', requests: ' ', target: 100 },
      'missing request for cpu in container one of Pod pod-0',
    ],
    [
      'needs pods that run',
      { replicas: 2, pods: '200u 100u', target: 100 },
      'did not receive metrics for targeted pods (pods might be unready)',
    ],
    [
      'leaves a tolerance of nothing',
      { replicas: 3, pods: '909 1010 1111', requests: '0.9 1 1.1', target: 100, tolerances: { up: 0, down: 0 } },
      '4 (101% 2020)',
    ],
    [
      'stays within its own tolerance upwards',
      { replicas: 3, pods: '1890 1910 1900', requests: '0.9 1 1.1', target: 100, tolerances: { up: 2, down: 0.1 } },
      '3 (190% 3800)',
    ],
    [
      'leaves its own tolerance upwards',
      { replicas: 3, pods: '1100 1080 1090', requests: '0.9 1 1.1', target: 100, tolerances: { up: 0.08, down: 2 } },
      '4 (109% 2180)',
    ],
    [
      'stays within its own tolerance downwards',
      { replicas: 3, pods: '660 640 650', requests: '0.9 1 1.1', target: 100, tolerances: { up: 0.1, down: 0.36 } },
      '3 (65% 1300)',
    ],
    [
      'leaves its own tolerance downwards',
      { replicas: 3, pods: '660 640 650', requests: '0.9 1 1.1', target: 100, tolerances: { up: 0.1, down: 0.34 } },
      '2 (65% 1300)',
    ],
  ];

  test.each(rows)('%s', (_, row, answer) => {
    const { pods, metrics } = podsOf(row);
    const { target, container } = row;
    expect(told(utilizationReplicas(calculation(row, pods), { metrics, resource: 'cpu', container, target }))).toBe(
      answer,
    );
  });

  test('of pods that are not there any more says nothing', () => {
    const row: Case = { replicas: 1, pods: '-', target: 100 };
    const metrics = new Map([['an-older-pod', { value: 100, timestampMs: nowMs, windowMs: 60_000 }]]);
    const proposal = utilizationReplicas(calculation(row, podsOf(row).pods), {
      metrics,
      resource: 'cpu',
      container: undefined,
      target: 100,
    });
    expect(told(proposal)).toBe('no metrics returned matched known pods');
  });
});

describe('an amount for each pod', () => {
  const rows: readonly (readonly [what: string, row: Case, answer: string])[] = [
    ['grows', { replicas: 3, pods: '10000 5000 15000', target: 15_000 }, '4 (20000)'],
    ['heeds no readiness', { replicas: 3, pods: '25000 5000 15000uh', target: 15_000 }, '6 (30000)'],
    ['drops fractions', { replicas: 3, pods: '25000uh 7500 15000uh', target: 15_000 }, '7 (31666)'],
    ['shrinks', { replicas: 5, pods: '6000 6000 6000 6000 6000', target: 20_000 }, '3 (12000)'],
    ['is content near the target', { replicas: 3, pods: '10000 10500 10500', target: 20_000 }, '3 (20666)'],
    [
      'stays where some pods tell nothing and the others are right',
      { replicas: 5, pods: '10000 9500 10500 - -', target: 20_000 },
      '5 (20000)',
    ],
    ['is not fooled by a surge', { replicas: 2, pods: '5000 5000 -', target: 17_000 }, '2 (10000)'],
  ];

  test.each(rows)('%s', (_, row, answer) => {
    const { pods, metrics } = podsOf(row);
    const proposal = averageReplicas(calculation(row, pods), { metrics, resource: undefined, target: row.target });
    expect(told(proposal)).toBe(answer);
  });
});

describe('one value for all pods', () => {
  const rows: readonly (readonly [what: string, row: Case, usage: number, answer: string])[] = [
    ['grows', { replicas: 3, pods: '0 0 0', target: 15_000 }, 20_000, '4 (20000)'],
    ['counts pods that are ready', { replicas: 3, pods: '0u 0 0u', target: 10_000 }, 50_000, '5 (50000)'],
    ['may shrink for pods that are not ready', { replicas: 3, pods: '0u 0 0u', target: 4_400 }, 8_600, '2 (8600)'],
    ['shrinks', { replicas: 5, pods: '0 0 0 0 0', target: 20_000 }, 12_000, '3 (12000)'],
    ['is content near the target', { replicas: 3, pods: '0 0 0', target: 8_888 }, 8_600, '3 (8600)'],
    ['wakes what was scaled to nothing', { replicas: 0, pods: '-', target: 1_000 }, 2_500, '3 (2500)'],
  ];

  test.each(rows)('%s', (_, row, usage, answer) => {
    const { pods } = podsOf(row);
    expect(told(valueReplicas(calculation(row, pods), { usage, target: row.target }))).toBe(answer);
  });

  const shared: readonly (readonly [replicas: number, usage: number, target: number, answer: string])[] = [
    [3, 20_000, 5_000, '4 (6667)'],
    [3, 8_600, 2_150, '4 (2867)'],
    [5, 6_000, 2_000, '3 (1200)'],
    [4, 20_166, 5_000, '4 (5042)'],
    [3, 8_600, 2_900, '3 (2867)'],
    [1, Number.MAX_SAFE_INTEGER, 1, `2147483647 (${Number.MAX_SAFE_INTEGER})`],
  ];

  test.each(shared)('%i replicas that share %i at %i each become %s', (statusReplicas, usage, target, answer) => {
    expect(told(sharedValueReplicas({ statusReplicas, tolerances: usual }, { usage, target }))).toBe(answer);
  });
});
