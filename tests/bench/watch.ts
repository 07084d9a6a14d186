// Fan-out: a thousand watchers of one resource, a thousand events a second, and what the server needs for it. The objects
// are as small as a client can make them: with their managedFields an event is 484 bytes, not the 300 of the budget.

import { fileURLToPath } from 'node:url';
import { RunningCluster, run } from '../kit/running-cluster.ts';
import { accessOf } from './api.ts';
import type { Bench } from './bench.ts';
import type { WatchLoadOptions, WatchLoadResult } from './watch-load.ts';

const program = fileURLToPath(new URL('./watch-load.ts', import.meta.url));
const watchers = 1_000;
const perSecond = 1_000;
const seconds = 10;

export const watchBench: Bench = {
  name: 'watch',
  about: '1,000 watchers × 1,000 events a second',
  async run(say) {
    const cluster = new RunningCluster(['--nodes', '0', '--quiet']);
    try {
      await cluster.startQuietly();
      const access = accessOf(cluster);
      say(`${watchers} watchers, ${perSecond} events/s for ${seconds} s`);
      const path = '/api/v1/namespaces/default/configmaps';
      const { metadata } = JSON.parse(await cluster.ok(['get', '--raw', `${path}?limit=1`])) as {
        readonly metadata: { readonly resourceVersion: string };
      };
      const result = await load({
        ...access,
        pid: cluster.pid,
        watchers,
        watchPath: `${path}?watch=1&resourceVersion=${metadata.resourceVersion}`,
        createPath: path,
        body: JSON.stringify({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { generateName: 'w-' },
          data: { at: '%t' },
        }),
        perSecond,
        seconds,
      });
      const cores = (cpu: number) => `${(cpu / result.seconds).toFixed(2)} cores`;
      const note = [
        `${(result.bytes / result.delivered).toFixed(0)} bytes an event, ${result.lost} lost`,
        `server ${cores(result.serverCpuSeconds)} (${((result.serverCpuSeconds * 1e6) / result.delivered).toFixed(2)} µs an event)`,
        `load ${cores(result.ownCpuSeconds)}`,
        `p50 ${result.p50Ms.toFixed(0)} ms`,
      ].join(', ');
      return [
        {
          work: `watch: ${watchers} × ${perSecond} events/s, delivered`,
          measured: result.delivered / result.seconds,
          unit: 'events/s',
          note,
        },
        { work: 'watch: delivery p99', measured: result.p99Ms, unit: 'ms', budget: { atMost: 100 } },
      ];
    } finally {
      await cluster.dispose();
    }
  },
};

async function load(options: WatchLoadOptions): Promise<WatchLoadResult> {
  const ran = await run(process.execPath, [program, JSON.stringify(options)]);
  if (ran.code !== 0) throw new Error(`the load generator failed: ${ran.stderr}`);
  return JSON.parse(ran.stdout) as WatchLoadResult;
}
