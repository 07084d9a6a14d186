// What priority and fairness tells of itself, under upstream's names.

import type { Counter, Histogram, Metrics, Reading } from '../../metrics/metrics.ts';
import type { PriorityLevel } from './priority-level.ts';

export type FlowMetrics = {
  readonly dispatched: Counter;
  readonly rejected: Counter;
  readonly waited: Histogram;
  /** Names the levels whose present the gauges tell. */
  watch(levels: () => Iterable<PriorityLevel>): void;
};

const waitSeconds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

export function flowMetrics(metrics: Metrics): FlowMetrics {
  let levels: () => Iterable<PriorityLevel> = () => [];
  const perLevel = (name: string, help: string, read: (level: PriorityLevel) => number) =>
    metrics.gauge({
      name: `apiserver_flowcontrol_${name}`,
      help,
      labels: ['priority_level'],
      *read(): Iterable<Reading> {
        for (const level of levels()) yield [[level.limits.name], read(level)];
      },
    });
  perLevel('current_executing_seats', 'Seats in use now.', ({ executing }) => executing);
  perLevel('current_executing_requests', 'Requests that hold a seat now.', ({ executing }) => executing);
  perLevel('current_inqueue_requests', 'Requests that wait for a seat now.', ({ waiting }) => waiting);
  perLevel('nominal_limit_seats', 'Seats the level always has.', ({ limits }) => limits.nominalSeats);
  return {
    dispatched: metrics.counter({
      name: 'apiserver_flowcontrol_dispatched_requests_total',
      help: 'Requests that were given a seat.',
      labels: ['priority_level', 'flow_schema'],
    }),
    rejected: metrics.counter({
      name: 'apiserver_flowcontrol_rejected_requests_total',
      help: 'Requests that were refused with 429.',
      labels: ['priority_level', 'flow_schema', 'reason'],
    }),
    waited: metrics.histogram({
      name: 'apiserver_flowcontrol_request_wait_duration_seconds',
      help: 'How long requests waited for their seat.',
      labels: ['priority_level', 'flow_schema', 'execute'],
      buckets: waitSeconds,
    }),
    watch(read) {
      levels = read;
    },
  };
}
