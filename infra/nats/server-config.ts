// The run-time configuration of nats-server: the documented `nats.conf` with its $SHIPLOG_… names given values.
//
// `nats.conf` is the one place where the server's settings are written; this file only says what differs from cluster
// to cluster: where the store is, which port, how durable, which passwords.

import { readFileSync } from 'node:fs';
import type { Durability } from '../../streams/jetstream/durability.ts';
import type { NatsCredentials } from './credentials.ts';

/** How soon the server syncs a write; what each is worth is told in streams/jetstream/durability.ts. */
const syncInterval: Readonly<Record<Durability, string>> = { always: 'always', relaxed: '100ms' };

export type ServerConfigOptions = {
  readonly storeDir: string;
  readonly credentials: NatsCredentials;
  readonly durability?: Durability;
  /** The client port on the loopback interface; left out, the system chooses. */
  readonly port?: number;
};

export function renderServerConfig(options: ServerConfigOptions, template: string = readTemplate()): string {
  const { storeDir, credentials, durability = 'always', port = -1 } = options;
  const values = {
    SHIPLOG_LISTEN: `127.0.0.1:${port}`,
    SHIPLOG_MONITOR: '127.0.0.1:-1',
    SHIPLOG_SYNC: syncInterval[durability],
    SHIPLOG_STORE_DIR: storeDir,
    SHIPLOG_API_PASSWORD: credentials.api.password,
    SHIPLOG_READER_PASSWORD: credentials.reader.password,
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `# Written at every start from nats.conf; changes here are lost.\n${lines.join('\n')}\n\n${template}`;
}

function readTemplate(): string {
  return readFileSync(new URL('../../nats.conf', import.meta.url), 'utf8');
}
