// One container as a machine that things happen to: killed, started, frozen, cut off. Told through the engine's own
// API, because containers are restarted here, which testcontainers' handles do not follow (mapped ports change).

import type { StartedNetwork, StartedTestContainer } from 'testcontainers';
import { eventually } from '../kit/eventually.ts';
import type { Engine } from './engine.ts';

export type MachineOptions = {
  readonly engine: Engine;
  readonly started: StartedTestContainer;
  readonly network: StartedNetwork;
  /** Its name in the network. */
  readonly alias: string;
};

type Handle = ReturnType<Engine['container']['getById']>;

export class Machine {
  readonly #container: Handle;
  readonly #network: ReturnType<Engine['network']['getById']>;
  readonly #alias: string;
  readonly #host: string;
  #ports: Readonly<Record<string, number>> = {};

  static async of(options: MachineOptions): Promise<Machine> {
    const machine = new Machine(options);
    await machine.#learnPorts();
    return machine;
  }

  private constructor({ engine, started, network, alias }: MachineOptions) {
    this.#container = engine.container.getById(started.getId());
    this.#network = engine.network.getById(network.getId());
    this.#alias = alias;
    // The engine maps a port of its own for each address family, so the name that means both will not do.
    this.#host = started.getHost() === 'localhost' ? '127.0.0.1' : started.getHost();
  }

  /** Where a port of the machine is reached from here. */
  reach(port: number): { readonly host: string; readonly port: number } {
    return { host: this.#host, port: this.#ports[`${port}/tcp`] ?? 0 };
  }

  /** Identifies the process: another one after every start, the same as long as it lives. */
  async processRun(): Promise<string> {
    const { State } = await this.#container.inspect();
    return State.Running ? `pid ${State.Pid}, started ${State.StartedAt}` : `ended with exit code ${State.ExitCode}`;
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#container.kill({ signal: 'SIGKILL' });
    await this.#container.wait();
  }

  async start(): Promise<void> {
    await this.#container.start();
    await this.#learnPorts();
  }

  /** Every process stands still; connections stay open and nothing answers. */
  async pause(): Promise<void> {
    await this.#container.pause();
  }

  async unpause(): Promise<void> {
    await this.#container.unpause();
  }

  /** Takes the machine off the network: what is sent to it vanishes. */
  async cutOff(): Promise<void> {
    await this.#network.disconnect({ Container: this.#container.id });
  }

  async reconnect(): Promise<void> {
    await this.#network.connect({ Container: this.#container.id, EndpointConfig: { Aliases: [this.#alias] } });
    await this.#learnPorts();
  }

  /** What the machine printed, for the messages of failed tests. */
  async lastWords(lines = 30): Promise<string> {
    let bytes = await this.#container.logs({ stdout: true, stderr: true, tail: lines });
    let text = '';
    // Each piece begins with eight bytes, the last four of which tell its length.
    while (bytes.length >= 8) {
      const end = 8 + bytes.readUInt32BE(4);
      text += bytes.subarray(8, end).toString('utf8');
      bytes = bytes.subarray(end);
    }
    return text;
  }

  /** The engine tells a started container's ports a moment later. */
  async #learnPorts(): Promise<void> {
    this.#ports = await eventually(async () => {
      const { NetworkSettings, State } = await this.#container.inspect();
      if (!State.Running) throw new Error(`${this.#alias} ended: ${await this.lastWords()}`);
      const found = Object.entries(NetworkSettings.Ports).map(([name, bound]) => [
        name,
        Number(bound?.[0]?.HostPort ?? 0),
      ]);
      if (found.some(([, port]) => port === 0)) throw new Error(`${this.#alias} has no mapped ports yet`);
      return Object.fromEntries(found) as Record<string, number>;
    });
  }
}
