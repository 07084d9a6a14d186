// All controllers of this process: they run while this process leads, each of them unless it is switched off. The switches
// are a ConfigMap (kube-system/shiplog-controllers), so they are on the log like everything else, hold for whichever
// process leads, and survive a restart: `shiplog controllers off job-controller` sets `job-controller: "off"` in it.

import type { Controller } from '../../actors/kit/controller.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import { ControllerHost, type ControllerPorts, type ControllerStatus } from './controller-host.ts';

export const switchboard = { namespace: 'kube-system', name: 'shiplog-controllers' } as const;

export type ControllerRow = {
  readonly name: string;
  /** False where it is switched off. */
  readonly enabled: boolean;
  readonly status: ControllerStatus;
};

export class ControllerManager {
  readonly #ports: ControllerPorts;
  readonly #slots: readonly Slot[];
  #leading = false;
  #off: Switches = {};
  readonly #unlisten: () => void;

  constructor(controllers: readonly Controller[], ports: ControllerPorts) {
    this.#ports = ports;
    this.#slots = controllers.map((controller) => new Slot(controller, ports));
    const { view } = ports;
    this.#off = switchesOf(view.get(resources.configMaps, switchboard));
    this.#unlisten = view.resource(resources.configMaps).listen(({ type, ref, current }) => {
      if (ref.name !== switchboard.name || ref.namespace !== switchboard.namespace) return;
      this.#off = type === 'DELETED' ? {} : switchesOf(current.object);
      this.#turn();
    });
  }

  get rows(): readonly ControllerRow[] {
    return this.#slots.map(({ controller: { name }, status }) => ({ name, enabled: this.#isOn(name), status }));
  }

  /** This process leads: everything that is not switched off begins to work. */
  lead(): void {
    this.#leading = true;
    this.#turn();
  }

  /** Nothing new is begun; resolves once what was under way has ended. */
  async follow(): Promise<void> {
    this.#leading = false;
    this.#turn();
    await Promise.all(this.#slots.map((slot) => slot.settled));
  }

  async stop(): Promise<void> {
    this.#unlisten();
    await this.follow();
  }

  #isOn(name: string): boolean {
    return this.#off[name] !== 'off';
  }

  #turn(): void {
    for (const slot of this.#slots) {
      const wanted = this.#leading && this.#isOn(slot.controller.name);
      if (slot.want(wanted)) this.#ports.logger.debug('controller switched', { name: slot.controller.name, wanted });
    }
  }
}

type Switches = Readonly<Record<string, string>>;

function switchesOf(map: KubeObject | undefined): Switches {
  return (map as { readonly data?: Switches } | undefined)?.data ?? {};
}

/** One controller, which is made anew each time it begins: a host runs once. */
class Slot {
  readonly controller: Controller;
  readonly #ports: ControllerPorts;
  #host: ControllerHost | undefined;
  #wanted = false;
  #ending = false;
  #turning: Promise<void> = Promise.resolve();
  /** Counts of the runs before. */
  #before = { reconciles: 0, errors: 0 };

  constructor(controller: Controller, ports: ControllerPorts) {
    this.controller = controller;
    this.#ports = ports;
  }

  get status(): ControllerStatus {
    const status = this.#host?.status ?? { state: 'stopped', queueDepth: 0, running: 0, reconciles: 0, errors: 0 };
    const { reconciles, errors } = this.#before;
    return { ...status, reconciles: status.reconciles + reconciles, errors: status.errors + errors };
  }

  /** Resolves once it is as it was last wanted. */
  get settled(): Promise<void> {
    return this.#turning;
  }

  /** True where this changes something. */
  want(wanted: boolean): boolean {
    if (wanted === this.#wanted) return false;
    this.#wanted = wanted;
    // One that is still ending begins again only once it has ended.
    if (this.#host === undefined) this.#begin();
    else if (!wanted && !this.#ending) this.#turning = this.#end(this.#host);
    return true;
  }

  #begin(): void {
    if (!this.#wanted) return;
    this.#host = new ControllerHost(this.controller, this.#ports);
    this.#host.start();
  }

  async #end(host: ControllerHost): Promise<void> {
    this.#ending = true;
    // A machine that failed has said so itself.
    await host.stop().catch(() => {});
    this.#ending = false;
    const { reconciles, errors } = host.status;
    this.#before = { reconciles: this.#before.reconciles + reconciles, errors: this.#before.errors + errors };
    this.#host = undefined;
    this.#begin();
  }
}
