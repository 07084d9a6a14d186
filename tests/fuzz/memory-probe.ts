// Loaded into the fuzz's server process before the program: on each connection to its socket it collects all garbage,
// writes down the heap, and answers with what the process has from the system, measured before.

import { createServer } from 'node:net';
import { writeHeapSnapshot } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import { probeVariable, snapshotOf } from './memory.ts';

const path = process.env[probeVariable];
if (path !== undefined && isMainThread) {
  // Not for the processes and threads it starts.
  delete process.env[probeVariable];
  const server = createServer((socket) => {
    const resident = process.memoryUsage.rss();
    writeHeapSnapshot(snapshotOf(path));
    socket.end(String(resident));
  });
  server.listen(path).unref();
}
