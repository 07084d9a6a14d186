// Fan-out: a thousand watchers of one resource, a thousand events a second, and what the server needs for it.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
      const cpuBefore = cpuSeconds(cluster.pid);
      const result = await load({
        ...access,
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
      const cores = (cpuSeconds(cluster.pid) - cpuBefore) / result.seconds;
      const note = `${(result.bytes / result.delivered).toFixed(0)} bytes an event, ${result.lost} lost, server ${cores.toFixed(2)} cores, p50 ${result.p50Ms.toFixed(0)} ms`;
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

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Processor time a process has used, user and system. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
