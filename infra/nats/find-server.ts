// The nats-server to run: SHIPLOG_NATS_SERVER, PATH, then the project's cache (the search shared with the set-up).
//
// Here nothing is installed: by the time a cluster starts, the set-up has done that or was not used. So the error says
// which ways were tried and how to get one.

import { fileURLToPath } from 'node:url';
import { type FoundNatsServer, findNatsServer, type TriedWay } from '../setup/find-nats-server.mjs';

export type { FoundNatsServer, TriedWay };

/** No usable nats-server was found. */
export class NatsServerMissing extends Error {
  override readonly name = 'NatsServerMissing';
  readonly tried: readonly TriedWay[];

  constructor(tried: readonly TriedWay[]) {
    super(
      [
        'No usable nats-server was found. Looked in this order:',
        ...tried.map(({ way, reason }) => `  ${way}: ${reason}`),
        '`npm start` installs one; or set SHIPLOG_NATS_SERVER to one, or use --nats URL or --memory.',
      ].join('\n'),
    );
    this.tried = tried;
  }
}

/**
 * @throws {NatsServerMissing}
 */
export function requireNatsServer(
  env: Readonly<Record<string, string | undefined>> = process.env,
  root: string = fileURLToPath(new URL('../../', import.meta.url)),
): FoundNatsServer {
  const { found, tried } = findNatsServer({ root, env });
  if (found === undefined) throw new NatsServerMissing(tried);
  return found;
}
