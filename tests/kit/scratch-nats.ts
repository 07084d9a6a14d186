// A nats-server for one test: with settings of the test's choice, stopped and deleted when the test is over.

import { onTestFinished } from 'vitest';
import { ensureNatsCredentials, type NatsCredentials } from '../../infra/nats/credentials.ts';
import { type DataDirPaths, dataDirPaths } from '../../infra/nats/data-dir.ts';
import { requireNatsServer } from '../../infra/nats/find-server.ts';
import { type NatsServer, type NatsServerOptions, startNatsServer } from '../../infra/nats/server-process.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { seededRandom } from '../../streams/base/random.ts';
import { tempDir } from './temp-dir.ts';

export type ScratchNats = {
  readonly server: NatsServer;
  readonly paths: DataDirPaths;
  readonly credentials: NatsCredentials;
};

export type ScratchNatsOptions = Partial<
  Pick<NatsServerOptions, 'paths' | 'durability' | 'port' | 'onExit' | 'crashed'>
>;

export async function scratchNats(options: ScratchNatsOptions = {}): Promise<ScratchNats> {
  const paths = options.paths ?? dataDirPaths(tempDir());
  const credentials = ensureNatsCredentials(paths, seededRandom(paths.root));
  const { path: program } = requireNatsServer();
  const server = await startNatsServer({ ...options, paths, program, credentials, clock: systemClock });
  onTestFinished(() => server.stop());
  return { server, paths, credentials };
}
