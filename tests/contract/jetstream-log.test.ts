import { openLog } from '../kit/jetstream.ts';
import { TestNats } from '../kit/nats-server.ts';
import { eventLogContract } from './event-log.suite.ts';

eventLogContract('jetstream', async () => {
  const nats = await TestNats.start();
  const cluster = await openLog(nats);
  return {
    cluster,
    async discard() {
      await cluster.close();
      await nats.discard();
    },
  };
});
