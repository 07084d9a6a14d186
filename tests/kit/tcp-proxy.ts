// A TCP proxy that misbehaves on demand: answers vanish or come late, connections break.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '../../streams/base/clock.ts';

export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #swallowing = false;
  #delayMs = 0;

  static async start(target: { readonly port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target.port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  private constructor(targetPort: number) {
    this.#server = createServer((client) => {
      const upstream = connect(targetPort, '127.0.0.1');
      const pair = [client, upstream] as const;
      this.#pairs.add(pair);
      const end = () => {
        this.#pairs.delete(pair);
        client.destroy();
        upstream.destroy();
      };
      for (const socket of pair) socket.on('error', end).on('close', end);
      client.on('data', (bytes) => upstream.write(bytes));
      upstream.on('data', (bytes) => {
        if (this.#swallowing) return;
        if (this.#delayMs === 0) client.write(bytes);
        else systemClock.after(this.#delayMs, () => client.write(bytes));
      });
    });
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return `127.0.0.1:${address.port}`;
  }

  /** From now on what the server says does not arrive; what it is told does. */
  swallowAnswers(): void {
    this.#swallowing = true;
  }

  /** From now on what the server says arrives so much later (ms). */
  delayAnswers(ms: number): void {
    this.#delayMs = ms;
  }

  /** Present connections stay open and nothing gets through them any more; new ones work. */
  stall(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Breaks every connection; new ones work. */
  cut(): void {
    this.#swallowing = false;
    for (const pair of [...this.#pairs]) for (const socket of pair) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
