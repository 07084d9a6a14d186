// Watches one node for shortages and says which pod goes (upstream's eviction manager, every 10 s). It sleeps unless
// somebody said the node is short of something or a pod on it has its memory scripted: idle nodes have no timer.

import {
  type Candidate,
  evictionCheckMs,
  memoryThresholdBytes,
  type Pressure,
  pressures,
  pressureTransitionMs,
  victimOf,
} from '../../actors/kubelet/pressure.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { NodeUsage } from './usage.ts';

export type PressurePorts = {
  readonly clock: Clock;
  /** What the node and its pods use now; undefined where the node is down. */
  usage(): NodeUsage | undefined;
  /** Memory of the node, bytes. */
  readonly capacityBytes: number;
  pod(usage: { readonly namespace: string; readonly name: string; readonly uid: string }): Pod | undefined;
  pressed(now: readonly Pressure[], evictsFor: Pressure | undefined): void;
  evict(pod: Pod, message: string): void;
};

export function isMemoryScripted({ metadata: { annotations } }: Pod): boolean {
  for (const annotation in annotations) if (annotation.startsWith('simulation.shiplog.dev/memory')) return true;
  return false;
}

export class PressureWatch {
  readonly #ports: PressurePorts;
  readonly #said = new Set<Pressure>();
  /** Until when memory counts as short though it is no longer. */
  #memoryUntilMs = 0;
  /** Pods whose memory is scripted, by uid. */
  readonly #scripted = new Set<string>();
  #timer: Timer | undefined;

  constructor(ports: PressurePorts) {
    this.#ports = ports;
  }

  /** Somebody says the node is, or is no longer, short of it. */
  say(pressure: Pressure, isShort: boolean): void {
    if (isShort) this.#said.add(pressure);
    else {
      this.#said.delete(pressure);
      if (pressure === 'memory') this.#memoryUntilMs = 0;
    }
    this.#timer?.cancel();
    this.#look();
  }

  get said(): readonly Pressure[] {
    return pressures.filter((pressure) => this.#said.has(pressure));
  }

  /** A pod whose memory is scripted is on the node. */
  scripted(uid: string): void {
    this.#scripted.add(uid);
    this.#wait();
  }

  ended(uid: string): void {
    this.#scripted.delete(uid);
  }

  /** The machine is down, and all is forgotten with it. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#said.clear();
    this.#scripted.clear();
    this.#memoryUntilMs = 0;
  }

  #wait(): void {
    this.#timer ??= this.#ports.clock.after(evictionCheckMs, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    const { clock, usage, capacityBytes, pressed, pod: podOf, evict } = this.#ports;
    const measured = usage();
    if (measured === undefined) return;
    const nowMs = clock.now();
    const availableBytes = capacityBytes - measured.usage.memoryBytes;
    const isShort = availableBytes < memoryThresholdBytes;
    if (isShort) this.#memoryUntilMs = nowMs + pressureTransitionMs;
    const shown = pressures.filter(
      (pressure) => this.#said.has(pressure) || (pressure === 'memory' && nowMs < this.#memoryUntilMs),
    );
    const acute = isShort ? 'memory' : pressures.find((pressure) => this.#said.has(pressure));
    const candidates: Candidate[] = measured.pods.flatMap((podUsage) => {
      const pod = podOf(podUsage);
      return pod === undefined ? [] : { pod, containers: podUsage.containers };
    });
    const victim =
      acute && victimOf(candidates, { pressure: acute, memoryAvailableBytes: isShort ? availableBytes : undefined });
    pressed(shown, acute);
    if (victim !== undefined) evict(victim.pod, victim.message);
    if (this.#said.size > 0 || this.#scripted.size > 0 || shown.length > 0) this.#wait();
  }
}
