// A deployment of 2,000 pods on 100 nodes, from `kubectl create` to every pod Running, and what it costs in memory.

import { systemClock } from '../../streams/base/clock.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import type { Bench } from './bench.ts';
import { residentMb } from './process-costs.ts';

const pods = 2_000;
const nodes = 100;

export const deploymentBench: Bench = {
  name: 'deployment',
  about: '2,000 pods on 100 nodes until Running, and memory',
  async run(say) {
    const cluster = new RunningCluster(['--nodes', String(nodes), '--quiet']);
    try {
      await cluster.startQuietly();
      say(`${pods} pods on ${nodes} nodes`);
      const started = systemClock.monotonic();
      await cluster.ok(['create', 'deployment', 'bench', '--image=nginx', `--replicas=${pods}`]);
      await cluster.ok(['rollout', 'status', 'deployment/bench', '--timeout=300s']);
      const seconds = (systemClock.monotonic() - started) / 1_000;
      const memory = residentMb(cluster.pid) + residentMb(cluster.natsPid);
      return [
        {
          work: `Deployment of ${pods} on ${nodes} nodes → Running`,
          measured: pods / seconds,
          unit: 'pods/s',
          budget: { atLeast: 1_000 },
          yardstick: { what: 'kube-apiserver + etcd, bound only', value: 194 },
          note: `${seconds.toFixed(1)} s, kubectl included`,
        },
        { work: 'memory after it, nats-server included', measured: memory, unit: 'MB', budget: { atMost: 400 } },
      ];
    } finally {
      await cluster.dispose();
    }
  },
};
