// One connection to NATS: reconnects for ever with short bounded waits, tells its state, and refuses a server that
// cannot keep the log's promises (older ones ignore settings they do not know without a word).

import { NatsConnectionImpl } from '@nats-io/nats-core/internal';
import {
  type ConnectionOptions,
  connect as connectNats,
  type NatsConnection,
  nkeyAuthenticator,
  PermissionViolationError,
  type Status,
  type TlsOptions,
} from '@nats-io/transport-node';
import { type Clock, sleep } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { LogUnavailable } from '../log/errors.ts';
import type { LogStatus, ReadOptions } from '../log/event-log.ts';
import { ServerUnfit } from './errors.ts';
import { Requests } from './requests.ts';

export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  /** `seed` is the text of an nkey seed, `SU…`. */
  | { readonly kind: 'nkey'; readonly seed: string };

export type ConnectOptions = {
  /** `host:port` or `nats://host:port`. */
  readonly servers: readonly string[];
  readonly credentials?: Credentials;
  readonly tls?: TlsOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Name shown by the server's monitoring. */
  readonly name?: string;
  /** Prefix of the subjects replies arrive on; a user with few rights may subscribe to one prefix only. */
  readonly inboxPrefix?: string;
  /** How long the first connection may take (ms). */
  readonly connectTimeoutMs?: number;
  /** How often the server is pinged (ms); three times this without an answer and the connection counts as lost. */
  readonly pingMs?: number;
};

export const serverVersionMin = '2.15.1';
const flushMsMax = 1_000;

export class Connection {
  readonly nc: NatsConnection;
  readonly requests: Requests;
  readonly inbox: string;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #status: LogStatus = { kind: 'ok' };
  #closed = false;
  readonly #listeners = new Set<(status: LogStatus) => void>();

  /** Rejects with LogUnavailable or ServerUnfit. */
  static async open(options: ConnectOptions): Promise<Connection> {
    let nc: NatsConnection;
    try {
      nc = await connectNats(connectionOptions(options));
    } catch (cause) {
      throw new LogUnavailable(
        `cannot connect to NATS at ${options.servers.join(', ')}: ${String(cause)}. Is nats-server running there, and are the credentials right?`,
        { cause },
      );
    }
    const unfit = unfitness(nc);
    if (unfit !== undefined) {
      await nc.close();
      throw new ServerUnfit(unfit);
    }
    return new Connection(nc, options);
  }

  private constructor(nc: NatsConnection, options: ConnectOptions) {
    this.nc = nc;
    this.#logger = options.logger;
    this.#clock = options.clock;
    this.inbox = `${options.inboxPrefix ?? '_INBOX'}.${options.random.uuid().replaceAll('-', '')}`;
    this.requests = new Requests({ nc, clock: options.clock, inbox: `${this.inbox}.r` });
    void this.#follow();
  }

  /** Identity of the server process: it changes when the server restarts. */
  get serverRun(): string {
    return this.nc.info?.server_id ?? '';
  }

  get usable(): boolean {
    return this.#status.kind === 'ok' && !this.#closed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  status(): LogStatus {
    return this.#status;
  }

  onStatus(listener: (status: LogStatus) => void, { signal }: ReadOptions = {}): void {
    if (signal?.aborted) return;
    this.#listeners.add(listener);
    signal?.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  /** Resolves when the connection is usable or closed, the signal aborts, or `limitMs` has passed. */
  settled({ signal, limitMs }: { readonly signal: AbortSignal | undefined; readonly limitMs: number }): Promise<void> {
    if (this.usable || this.#closed || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const limit = this.#clock.after(limitMs, () => done());
      const done = () => {
        limit.cancel();
        this.#listeners.delete(listener);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const listener = () => {
        if (this.usable || this.#closed) done();
      };
      this.#listeners.add(listener);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  /** Sends what is still buffered where the server takes it, and disconnects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.usable) {
      const flushed = new AbortController();
      const flush = this.nc.flush().catch(() => {});
      await Promise.race([flush, sleep(this.#clock, flushMsMax, flushed.signal)]);
      flushed.abort();
    }
    await this.nc.close();
    this.#close();
  }

  async #follow(): Promise<void> {
    for await (const status of this.nc.status()) this.#observe(status);
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#become({ kind: 'degraded', reason: 'the connection to NATS is closed' });
  }

  #observe(status: Status): void {
    switch (status.type) {
      case 'disconnect':
        this.#become({ kind: 'degraded', reason: `the connection to NATS at ${status.server} is lost` });
        break;
      case 'reconnect':
        this.#become({ kind: 'ok' });
        break;
      case 'staleConnection':
        this.#dropSocket();
        break;
      case 'error':
        this.#logger.warn('NATS reported an error', { error: status.error.message });
        if (status.error instanceof PermissionViolationError && status.error.operation === 'publish') {
          this.requests.forbid(status.error.subject, status.error.message);
        }
        break;
      default:
        break;
    }
  }

  /**
   * A server that does not answer takes nothing either, and the library (3.4) ends a stale connection only after all it
   * has written is sent: with a full socket that would be when the system gives the connection up, a quarter of an hour
   * later. Without its socket the library goes on and connects anew.
   */
  #dropSocket(): void {
    if (this.nc instanceof NatsConnectionImpl) this.nc.protocol.transport.discard();
  }

  #become(status: LogStatus): void {
    this.#status = status;
    if (status.kind === 'degraded') this.requests.abandon(status.reason);
    this.#logger.info('log status changed', { ...status });
    for (const listener of [...this.#listeners]) listener(status);
  }
}

function connectionOptions(options: ConnectOptions): ConnectionOptions {
  const { credentials = { kind: 'none' }, random } = options;
  return {
    servers: [...options.servers],
    name: options.name ?? 'shiplog',
    timeout: options.connectTimeoutMs ?? 5_000,
    maxReconnectAttempts: -1,
    // A server next door is back within a fraction of a second, and one attempt costs next to nothing.
    reconnectDelayHandler: () => 50 + random.int(100),
    // The library gives up after two equal authentication errors; a server that restarts may refuse for a while.
    ignoreAuthErrorAbort: true,
    // A peer that hangs or a cut network is noticed by two unanswered pings.
    pingInterval: options.pingMs ?? 5_000,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...(options.inboxPrefix === undefined ? undefined : { inboxPrefix: options.inboxPrefix }),
    ...(options.tls === undefined ? undefined : { tls: options.tls }),
    ...(credentials.kind === 'password' ? { user: credentials.user, pass: credentials.password } : undefined),
    ...(credentials.kind === 'token' ? { token: credentials.token } : undefined),
    ...(credentials.kind === 'nkey'
      ? { authenticator: nkeyAuthenticator(new TextEncoder().encode(credentials.seed)) }
      : undefined),
  };
}

/** Why this server cannot carry the log, with the way out. */
function unfitness(nc: NatsConnection): string | undefined {
  const info = nc.info;
  if (info === undefined) return 'the NATS server did not introduce itself';
  if (compareVersions(info.version, serverVersionMin) < 0) {
    return `nats-server ${info.version} at ${nc.getServer()} is too old: Shiplog needs ${serverVersionMin} or newer (older ones sync an atomic batch once per message and ignore settings they do not know)`;
  }
  if (info.jetstream !== true) {
    return `JetStream is off at ${nc.getServer()}: start nats-server with the project's nats.conf or add a jetstream block to its configuration`;
  }
  if (info.max_payload < limits.messageBytesMax) {
    return `nats-server at ${nc.getServer()} takes messages of ${info.max_payload} bytes at most; objects need max_payload: ${limits.messageBytesMax} in its configuration`;
  }
  return undefined;
}

/** Below, equal or above zero by major, minor and patch number; suffixes such as -RC.1 are not weighed. */
export function compareVersions(a: string, b: string): number {
  const parts = (text: string) => (/^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? -1) - (right[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}
