// What a large cluster costs: memory for each stored pod, and how long others wait while somebody lists all of them.

import { readFileSync } from 'node:fs';
import { RunningCluster } from '../kit/running-cluster.ts';
import { accessOf } from './api.ts';
import type { Bench, Row } from './bench.ts';
import { aPod } from './objects.ts';
import { runLoad } from './run-load.ts';

const pods = 50_000;
const pings = 20_000;

const forms = [
  { name: 'JSON', accept: 'application/json' },
  { name: 'protobuf', accept: 'application/vnd.kubernetes.protobuf' },
  { name: 'Table', accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  { name: 'metadata', accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
];

export const listBench: Bench = {
  name: 'list',
  about: '50,000 pods: memory for each, and what others wait while they are listed',
  async run(say) {
    const cluster = new RunningCluster(['--nodes', '0', '--quiet']);
    const rows: Row[] = [];
    try {
      await cluster.startQuietly();
      const access = accessOf(cluster);
      const path = '/api/v1/namespaces/default/pods';
      const load = { ...access, path } as const;
      const body = JSON.stringify(aPod(undefined));
      await runLoad({ ...load, method: 'POST', body, clients: 64, requests: 1_000 });
      const before = residentKb(cluster.pid);
      say(`create ${pods} pods`);
      await runLoad({ ...load, method: 'POST', body, clients: 64, requests: pods - 1_000 });
      rows.push({
        work: 'memory for each stored pod of 3 KB, API server',
        measured: (residentKb(cluster.pid) - before) / (pods - 1_000),
        unit: 'KB',
        budget: { atMost: 6 },
      });
      for (const { name, accept } of forms) {
        say(`list as ${name}`);
        const ping = { ...access, method: 'GET', path: '/version', clients: 1, requests: pings } as const;
        const list = { ...load, method: 'GET', accept, clients: 1, requests: 3 } as const;
        const alone = await runLoad(ping);
        const [beside, listed] = await Promise.all([runLoad(ping), runLoad(list)]);
        rows.push({
          work: `LIST ${pods.toLocaleString('en')} pods as ${name}: longest wait of others`,
          measured: beside.maxMs,
          unit: 'ms',
          budget: { atMost: 20 },
          yardstick: { what: 'without the list', value: alone.maxMs },
          note: `${listed.p50Ms.toFixed(0)} ms, ${(listed.bytes / 3e6).toFixed(0)} MB`,
        });
      }
    } finally {
      await cluster.dispose();
    }
    return rows;
  },
};

function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN);
}
