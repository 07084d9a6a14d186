// The scheduler's numbers under the names kube-scheduler gives them, read when they are asked for.

import type { AttemptResult } from '../../actors/scheduler/statistics.ts';
import type { RunningScheduler } from '../host/scheduler-host.ts';
import type { Distributed, Metrics, Reading } from './metrics.ts';

export function schedulerMetrics(metrics: Metrics, running: () => RunningScheduler | undefined): void {
  const read = <T>(of: (scheduler: RunningScheduler) => Iterable<T>) => {
    return (): Iterable<T> => {
      const scheduler = running();
      return scheduler === undefined ? [] : of(scheduler);
    };
  };
  metrics.gauge({
    name: 'scheduler_pending_pods',
    help: 'Pods that wait, by queue.',
    labels: ['queue'],
    read: read((scheduler) => {
      const now = scheduler.status();
      return (['active', 'backoff', 'unschedulable', 'gated'] as const).map((queue): Reading => [[queue], now[queue]]);
    }),
  });
  metrics.gauge({
    name: 'scheduler_schedule_attempts_total',
    help: 'Attempts to find a node, by outcome.',
    type: 'counter',
    labels: ['result', 'profile'],
    read: read(({ statistics }) => attempts(statistics.attempts)),
  });
  metrics.gauge({
    name: 'scheduler_queue_incoming_pods_total',
    help: 'Pods that came into a queue, by the event that brought them.',
    type: 'counter',
    labels: ['event', 'queue'],
    read: read(({ incoming }) =>
      Array.from(incoming.entries(), ({ event, queue, count }): Reading => [[event, queue], count]),
    ),
  });
  metrics.gauge({
    name: 'scheduler_preemption_attempts_total',
    help: 'Times that less important pods were looked for to make room.',
    type: 'counter',
    read: read(({ statistics }): Reading[] => [[[], statistics.preemptionAttempts]]),
  });
  metrics.distribution({
    name: 'scheduler_preemption_victims',
    help: 'Pods evicted at once for one other.',
    read: read(({ statistics }) => [[[], statistics.preemptionVictims] as const]),
  });
  metrics.distribution({
    name: 'scheduler_pod_scheduling_attempts',
    help: 'Attempts it took to schedule a pod.',
    read: read(({ statistics }) => [[[], statistics.attemptsPerPod] as const]),
  });
  metrics.distribution({
    name: 'scheduler_pod_scheduling_sli_duration_seconds',
    help: 'Time from a pod coming to its binding, by the attempts it took.',
    labels: ['attempts'],
    read: read(({ statistics }) => distributions(statistics.seconds)),
  });
  metrics.distribution({
    name: 'scheduler_scheduling_attempt_duration_seconds',
    help: 'Time to find a node, or to find that there is none.',
    labels: ['result', 'profile'],
    read: read(({ statistics }) => distributions(statistics.attemptSeconds)),
  });
  metrics.distribution({
    name: 'scheduler_framework_extension_point_duration_seconds',
    help: 'Time spent at a point of scheduling, of every tenth attempt.',
    labels: ['extension_point', 'profile'],
    read: read(({ statistics }) => distributions(statistics.pointSeconds)),
  });
}

function* attempts(byProfile: ReadonlyMap<string, Readonly<Record<AttemptResult, number>>>): Iterable<Reading> {
  for (const [profile, counts] of byProfile) {
    for (const [result, count] of Object.entries(counts)) yield [[result, profile], count];
  }
}

function* distributions(
  byLabels: ReadonlyMap<string, Distributed>,
): Iterable<readonly [readonly string[], Distributed]> {
  for (const [labels, values] of byLabels) yield [labels.split(' '), values];
}
