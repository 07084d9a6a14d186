// A real nats-server for tests: its own store in a temporary directory, started through the product's own code, and
// able to die as servers do.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BatchStaging, batchStaging } from '../../infra/nats/batch-staging.ts';
import { ensureNatsCredentials, type NatsCredentials } from '../../infra/nats/credentials.ts';
import { dataDirPaths } from '../../infra/nats/data-dir.ts';
import { requireNatsServer } from '../../infra/nats/find-server.ts';
import { type NatsServer, startNatsServer } from '../../infra/nats/server-process.ts';
import { sleep, systemClock } from '../../streams/base/clock.ts';
import { systemRandom } from '../../streams/base/random.ts';

const portMsMax = 30_000;
const portPollMs = 50;

export class TestNats {
  readonly #root: string;
  readonly credentials: NatsCredentials;
  readonly #staging: BatchStaging;
  #server: NatsServer | undefined;
  /** Settles when the running server ends without having been asked to. */
  #exit: Promise<void> = Promise.resolve();
  #died: Promise<void> = Promise.resolve();
  #port = -1;
  /** Starts that failed because somebody had the port. */
  refusals = 0;

  static async start(): Promise<TestNats> {
    const nats = new TestNats(mkdtempSync(join(tmpdir(), 'shiplog-nats-')));
    await nats.restart();
    return nats;
  }

  private constructor(root: string) {
    this.#root = root;
    this.#staging = batchStaging(dataDirPaths(root));
    this.credentials = ensureNatsCredentials(dataDirPaths(root), systemRandom());
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get monitorUrl(): string {
    return this.#server?.monitorUrl ?? '';
  }

  /** As the product does it for its own server once the streams exist. */
  stageInMemory(): void {
    this.#staging.begin();
  }

  /**
   * Starts the server again on the same store and port. The port is one of those the system gives to any outgoing
   * connection, so somebody may have it meanwhile: until they are done it is waited for.
   */
  async restart(durability: 'always' | 'relaxed' = 'always'): Promise<void> {
    // A killed process keeps its port until it is really gone.
    await this.#died;
    const giveUpAt = systemClock.monotonic() + portMsMax;
    for (;;) {
      try {
        return await this.#start(durability);
      } catch (error) {
        if (!String(error).includes('address already in use') || systemClock.monotonic() > giveUpAt) throw error;
        this.refusals++;
        await sleep(systemClock, portPollMs);
      }
    }
  }

  async #start(durability: 'always' | 'relaxed'): Promise<void> {
    const { promise: died, resolve: onExit } = Promise.withResolvers<void>();
    this.#server = await startNatsServer({
      paths: dataDirPaths(this.#root),
      program: requireNatsServer().path,
      credentials: this.credentials,
      clock: systemClock,
      durability,
      crashed: true,
      onExit: () => onExit(),
      ...(this.#port === -1 ? undefined : { port: this.#port }),
    });
    this.#exit = died;
    this.#port = this.#server.port;
  }

  /** kill -9. */
  kill(): void {
    if (this.#server === undefined) return;
    process.kill(this.#server.pid, 'SIGKILL');
    this.#died = this.#exit;
  }

  /** The server hangs: its connections stay open and nothing answers. */
  pause(): void {
    if (this.#server !== undefined) process.kill(this.#server.pid, 'SIGSTOP');
  }

  resume(): void {
    if (this.#server !== undefined) process.kill(this.#server.pid, 'SIGCONT');
  }

  /** Copies the store of a stopped server, as a backup would. */
  backUp(): void {
    const { natsStore } = dataDirPaths(this.#root);
    cpSync(natsStore, `${natsStore}.backup`, { recursive: true });
  }

  /** Puts the copy in the place of a stopped server's store. */
  restore(): void {
    const { natsStore } = dataDirPaths(this.#root);
    rmSync(natsStore, { recursive: true });
    cpSync(`${natsStore}.backup`, natsStore, { recursive: true });
  }

  /** Ends the server and keeps the store. */
  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#staging.end();
    this.#server = undefined;
  }

  /** Ends the server and deletes the store. */
  async discard(): Promise<void> {
    await this.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }
}
