// Logs on a real nats-server for tests, with short time-outs so that outages are noticed at once.

import { systemClock } from '../../streams/base/clock.ts';
import { systemRandom } from '../../streams/base/random.ts';
import { type JetStreamLogOptions, openJetStreamLog } from '../../streams/jetstream/jetstream-cluster-log.ts';
import type { ClusterLog } from '../../streams/log/event-log.ts';
import { ListeningLogger } from './listening-logger.ts';
import { TestNats } from './nats-server.ts';

export function optionsFor(nats: TestNats, change: Partial<JetStreamLogOptions> = {}): JetStreamLogOptions {
  return {
    servers: [nats.address],
    credentials: nats.credentials.api,
    clock: systemClock,
    random: systemRandom(),
    logger: new ListeningLogger(),
    timing: { answerMs: 2_000, heartbeatMs: 100 },
    ...change,
  };
}

export function openLog(nats: TestNats, change: Partial<JetStreamLogOptions> = {}): Promise<ClusterLog> {
  return openJetStreamLog(optionsFor(nats, change));
}

/** Runs `use` with a server and a log on it, and clears both away. */
export async function withLog(
  use: (context: {
    readonly nats: TestNats;
    readonly cluster: ClusterLog;
    readonly logger: ListeningLogger;
  }) => Promise<void>,
  change: Partial<JetStreamLogOptions> = {},
): Promise<void> {
  const nats = await TestNats.start();
  const logger = new ListeningLogger();
  try {
    const cluster = await openLog(nats, { logger, ...change });
    try {
      await use({ nats, cluster, logger });
    } finally {
      await cluster.close();
    }
  } finally {
    await nats.discard();
  }
}
