import { memoryClusterLog } from '../../streams/log/memory-log.ts';
import { eventLogContract } from './event-log.suite.ts';

eventLogContract('memory', async () => {
  const cluster = memoryClusterLog();
  return { cluster, discard: () => cluster.close() };
});
