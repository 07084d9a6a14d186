// What the process tells of itself: the names are those of Prometheus' own client libraries, so that stock dashboards
// find them.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../../streams/base/clock.ts';
import type { Metrics, Reading } from './metrics.ts';

export function processMetrics(metrics: Metrics, clock: Clock): void {
  const startedSeconds = clock.now() / 1_000 - process.uptime();
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const one = (name: string, help: string, read: () => number, type: 'gauge' | 'counter' = 'gauge') =>
    metrics.gauge({ name, help, type, read: (): Iterable<Reading> => [[[], read()]] });
  one('process_start_time_seconds', 'Start of the process, seconds since the Unix epoch.', () => startedSeconds);
  one('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  one('nodejs_heap_size_used_bytes', 'Memory in use by JavaScript objects.', () => process.memoryUsage().heapUsed);
  one('nodejs_external_memory_bytes', 'Memory held by buffers outside the heap.', () => process.memoryUsage().external);
  one(
    'process_cpu_seconds_total',
    'Processor time used, user and system.',
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
    'counter',
  );
  metrics.gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How long the event loop was held up since the last scrape.',
    labels: ['quantile'],
    read: () => {
      const readings = [0.5, 0.9, 0.99, 1].map(
        (share) => [[String(share)], delay.percentile(share * 100) / 1e9] as const,
      );
      delay.reset();
      return readings;
    },
  });
}
