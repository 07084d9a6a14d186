// From starting the process to a cluster that says it is ready, its nodes included: a first start and a later one.

import { systemClock } from '../../streams/base/clock.ts';
import { RunningCluster, run } from '../kit/running-cluster.ts';
import type { Bench, Row } from './bench.ts';

export const startUpBench: Bench = {
  name: 'start-up',
  about: 'process start until every node is ready',
  async run(say) {
    const bare = await timed(async () => {
      await run(process.execPath, ['-e', '0']);
    });
    const yardstick = { what: 'node -e 0', value: bare };
    const cluster = new RunningCluster();
    const rows: Row[] = [];
    try {
      say('first start');
      const first = await timed(() => cluster.start());
      rows.push({
        work: 'start-up to ready, first start',
        measured: first,
        unit: 'ms',
        budget: { atMost: 1_000 },
        yardstick,
        note: 'certificates are made',
      });
      await cluster.stop();
      say('second start');
      const second = await timed(() => cluster.start());
      rows.push({
        work: 'start-up to ready, later start',
        measured: second,
        unit: 'ms',
        budget: { atMost: 1_000 },
        yardstick,
      });
    } finally {
      await cluster.dispose();
    }
    return rows;
  },
};

async function timed(work: () => Promise<void>): Promise<number> {
  const started = systemClock.monotonic();
  await work();
  return systemClock.monotonic() - started;
}
