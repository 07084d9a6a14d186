// The API server in memory, put on a port: real TLS, real client certificates. Deadlines are on a clock that stands
// still, so that nothing ends by waiting.

import { onTestFinished } from 'vitest';
import type { HttpServer } from '../../infra/api/http/server.ts';
import { serve } from '../../infra/boot/serve.ts';
import { type ClusterPki, ensureClusterPki } from '../../infra/pki/cluster-pki.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { silentLogger } from '../../streams/base/logger.ts';
import { systemRandom } from '../../streams/base/random.ts';
import { type ApiWorld, apiWorld, type WorldOptions } from './api-world.ts';
import { tempDir } from './temp-dir.ts';
import type { WireAccess } from './wire-client.ts';

export type ServedWorld = {
  readonly world: ApiWorld;
  readonly server: HttpServer;
  readonly pki: ClusterPki;
  /** With the administrator's certificate. */
  readonly admin: WireAccess;
  readonly nobody: WireAccess;
};

export async function servedWorld(options: WorldOptions = {}): Promise<ServedWorld> {
  const world = await apiWorld(options);
  const random = systemRandom();
  const pki = await ensureClusterPki({ directory: tempDir(), clock: systemClock, random });
  const server = await serve({
    stack: world.stack,
    log: world.log,
    pki,
    logs: () => ({ kind: 'unavailable', message: 'there are no nodes' }),
    host: '127.0.0.1',
    port: 0,
    checks: [],
    clock: world.clock,
    random,
    logger: silentLogger,
  });
  onTestFinished(() => server.close({ drainMs: 0 }));
  const nobody = { port: server.port, ca: pki.ca };
  return { world, server, pki, nobody, admin: { ...nobody, cert: pki.admin.certificate, key: pki.admin.key } };
}
