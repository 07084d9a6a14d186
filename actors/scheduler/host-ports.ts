// The host ports taken on a node. Two pods clash over protocol and port when they listen on the same address or one of
// them on all addresses. Counted, because a pod bound by hand may already share a port.

import type { Container, PodSpec } from '../../streams/resources/pod.ts';

export type HostPort = { readonly slot: string; readonly ip: string };

const everyAddress = '0.0.0.0';
const none: readonly HostPort[] = [];

/** Ports of the containers that run side by side: sidecars count, one-shot init containers do not. */
export function hostPortsOf(spec: PodSpec): readonly HostPort[] {
  let ports: HostPort[] | undefined;
  const collect = (container: Container) => {
    for (const { hostPort = 0, hostIP = '', protocol = 'TCP' } of container.ports ?? []) {
      if (hostPort <= 0) continue;
      ports ??= [];
      ports.push({ slot: `${protocol}/${hostPort}`, ip: hostIP === '' ? everyAddress : hostIP });
    }
  };
  for (const container of spec.containers) collect(container);
  for (const container of spec.initContainers ?? []) if (container.restartPolicy === 'Always') collect(container);
  return ports ?? none;
}

export function clash(a: HostPort, b: HostPort): boolean {
  return a.slot === b.slot && (a.ip === b.ip || a.ip === everyAddress || b.ip === everyAddress);
}

export class HostPorts {
  /** Protocol and port → address → how many pods. */
  readonly #taken = new Map<string, Map<string, number>>();

  get size(): number {
    return this.#taken.size;
  }

  add({ slot, ip }: HostPort): void {
    let addresses = this.#taken.get(slot);
    if (addresses === undefined) {
      addresses = new Map();
      this.#taken.set(slot, addresses);
    }
    addresses.set(ip, (addresses.get(ip) ?? 0) + 1);
  }

  remove({ slot, ip }: HostPort): void {
    const addresses = this.#taken.get(slot);
    const count = addresses?.get(ip);
    if (addresses === undefined || count === undefined) return;
    if (count > 1) addresses.set(ip, count - 1);
    else addresses.delete(ip);
    if (addresses.size === 0) this.#taken.delete(slot);
  }

  isTaken({ slot, ip }: HostPort): boolean {
    const addresses = this.#taken.get(slot);
    if (addresses === undefined) return false;
    return ip === everyAddress || addresses.has(ip) || addresses.has(everyAddress);
  }
}
