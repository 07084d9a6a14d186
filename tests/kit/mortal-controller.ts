// A controller that dies in the middle of what it does, again and again, as a process does that is killed: of the writes
// it has planned some arrive and some do not. After a while it lives again and knows nothing but what is recorded.

import type { Controller } from '../../actors/kit/controller.ts';
import { ControllerHost } from '../../infra/host/controller-host.ts';
import type { Writer } from '../../infra/host/writer.ts';
import { silentLogger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { LiveCluster } from './live-cluster.ts';

/** After this long the writes that were under way have arrived: nobody's hand moves after two lives. */
const arrivedMs = 50;

export type Mortality = {
  readonly random: Random;
  /** Writes a life lasts at most. */
  readonly writesMax: number;
  /** Longest time (ms) until the next life. */
  readonly deadMsMax: number;
};

export class MortalController {
  readonly #cluster: LiveCluster;
  readonly #controller: Controller;
  readonly #mortality: Mortality;
  #host: ControllerHost | undefined;
  #immortal = false;
  deaths = 0;

  constructor(cluster: LiveCluster, controller: Controller, mortality: Mortality) {
    this.#cluster = cluster;
    this.#controller = controller;
    this.#mortality = mortality;
    this.#live();
  }

  /** Once it lives it does not die any more. */
  spare(): void {
    this.#immortal = true;
  }

  async stop(): Promise<void> {
    this.spare();
    await this.#cluster.settled(this.#host?.stop() ?? Promise.resolve());
  }

  #live(): void {
    const { view, clock, writer } = this.#cluster;
    const { random, writesMax } = this.#mortality;
    let left = 1 + random.int(writesMax);
    const mortal: Writer = {
      write: (write, context) => {
        if (!this.#immortal && left-- <= 0) {
          if (left === -1) this.#die();
          // Nobody is there any more who could hear an answer.
          return new Promise(() => {});
        }
        return writer.write(write, context);
      },
      note: (note, context) => {
        if (this.#immortal || left > 0) writer.note(note, context);
      },
    };
    const ports = { view, clock, random, writer: mortal, logger: silentLogger };
    this.#host = new ControllerHost(this.#controller, ports);
    this.#host.start();
  }

  #die(): void {
    this.deaths++;
    void this.#host?.stop();
    this.#host = undefined;
    const { random, deadMsMax } = this.#mortality;
    this.#cluster.clock.after(arrivedMs + random.int(deadMsMax), () => this.#live());
  }
}
