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
/** Until then creates and watches run in the interpreter, as they do after every start. */
const warmUpSeconds = 5;
const seconds = 10;

export const watchBench: Bench = {
  name: 'watch',
  about: '1,000 watchers × 1,000 events a second',
  async run(say) {
    const cluster = new RunningCluster(['--nodes', '0', '--quiet']);
    try {
      await cluster.startQuietly();
      const access = accessOf(cluster);
      say(`${watchers} watchers, ${perSecond} events/s for ${warmUpSeconds} s and ${seconds} s`);
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
        warmUpSeconds,
        seconds,
      });
      const cores = (cpu: number) => `${(cpu / result.seconds).toFixed(2)} cores`;
      const { warmUp, measured } = result;
      const ms = (value: number) => value.toFixed(0);
      return [
        {
          work: `watch: ${watchers} × ${perSecond} events/s, delivered`,
          measured: result.delivered / result.seconds,
          unit: 'events/s',
          note: [
            `${ms(result.eventBytes)} bytes an event, ${result.lost} lost, ${result.refused} creates refused`,
            `server ${cores(result.serverCpuSeconds)} (${((result.serverCpuSeconds * 1e6) / result.delivered).toFixed(2)} µs an event)`,
            `load ${cores(result.ownCpuSeconds)}, its own timers p99 ${ms(result.ownLateP99Ms)} ms late`,
          ].join(', '),
        },
        {
          work: 'watch: delivery p99',
          measured: measured.p99Ms,
          unit: 'ms',
          budget: { atMost: 100 },
          note: `p50 ${ms(measured.p50Ms)}, max ${ms(measured.maxMs)} ms; p99 by second of sending ${result.p99MsOfSeconds.map(ms).join(' ')}`,
        },
        {
          work: `watch: delivery p99 in the first ${warmUpSeconds} s`,
          measured: warmUp.p99Ms,
          unit: 'ms',
          note: `not in the row above: code is compiled; p50 ${ms(warmUp.p50Ms)}, max ${ms(warmUp.maxMs)} ms`,
        },
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
