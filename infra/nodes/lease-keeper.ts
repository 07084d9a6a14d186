// Keeps the lease of one node: writes it when it is due, one write at a time, from when its kubelet says so until it says
// no more.

import type { Write, WriteOutcome } from '../../actors/kit/write.ts';
import type { Beat } from '../../actors/kubelet/kubelet-context.ts';
import { type LeaseHold, leaseSettled, leaseWrite } from '../../actors/kubelet/lease-hold.ts';
import { leaseNamespace } from '../../actors/kubelet/node-object.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Lease, Node } from '../../streams/resources/node.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';

/**
 * Renewals of all nodes fall on a grid of this many milliseconds, so that those that are due together go to the log together:
 * thousands of nodes cost a write to the socket for each step and not for each lease.
 */
const gridMs = 40;

export type LeasePorts = {
  readonly world: ObjectReader;
  readonly clock: Clock;
  readonly beat: Beat;
  write(write: Write): Promise<WriteOutcome>;
};

export class LeaseKeeper {
  readonly #ports: LeasePorts;
  #hold: LeaseHold | undefined;
  #timer: Timer | undefined;
  /** Holding again forgets the answers that earlier writes still await. */
  #life = 0;

  constructor(ports: LeasePorts) {
    this.#ports = ports;
  }

  hold(node: Node): void {
    this.drop();
    this.#hold = { node, lease: null, failures: 0 };
    this.#write();
  }

  drop(): void {
    this.#life++;
    this.#hold = undefined;
    this.#timer?.cancel();
  }

  #write(): void {
    const { clock, write } = this.#ports;
    if (this.#hold === undefined) return;
    const life = this.#life;
    void write(leaseWrite(this.#hold, clock.now())).then((outcome) => {
      if (life === this.#life) this.#settled(outcome);
    });
  }

  #settled(outcome: WriteOutcome): void {
    const { world, clock, beat } = this.#ports;
    if (this.#hold === undefined) return;
    const key = { namespace: leaseNamespace, name: this.#hold.node.metadata.name };
    const newest = outcome.kind === 'failed' ? world.get<Lease>(resources.leases, key) : undefined;
    const { hold, waitMs } = leaseSettled(this.#hold, { outcome, newest, beat });
    this.#hold = hold;
    if (waitMs === 0) this.#write();
    else this.#timer = clock.after(toGrid(waitMs, clock.monotonic()), () => this.#write());
  }
}

function toGrid(waitMs: number, nowMs: number): number {
  return Math.ceil((nowMs + waitMs) / gridMs) * gridMs - nowMs;
}
