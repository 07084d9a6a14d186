// The subsets of an Endpoints object in one form, however they were written: an address stands once for each set of ports
// it has, and one that is said to be both ready and not ready is not ready (upstream: RepackSubsets).

import type { EndpointAddress, EndpointPort, EndpointSubset } from '../../streams/resources/service.ts';

export type Repacked = {
  readonly ports: readonly EndpointPort[];
  readonly addresses: readonly { readonly address: EndpointAddress; readonly ready: boolean }[];
};

type Entry = { readonly address: EndpointAddress; ready: boolean };

/** Stands for subsets without ports. */
const noPort = '';

export function repacked(subsets: readonly EndpointSubset[]): readonly Repacked[] {
  const byPort = new Map<string, { readonly port: EndpointPort | undefined; readonly entries: Map<string, Entry> }>();
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const named = ports.map((port) => [portKey(port), port] as const);
    for (const [key, port] of named.length === 0 ? [[noPort, undefined] as const] : named) {
      const { entries } = byPort.get(key) ?? { entries: new Map<string, Entry>() };
      byPort.set(key, { port, entries });
      for (const address of addresses) note(entries, address, true);
      for (const address of notReadyAddresses) note(entries, address, false);
    }
  }
  const byAddresses = new Map<string, { readonly ports: EndpointPort[]; readonly entries: readonly Entry[] }>();
  for (const { port, entries } of byPort.values()) {
    const key = [...entries]
      .map(([id, { ready }]) => `${id} ${ready}`)
      .sort()
      .join('\n');
    const group = byAddresses.get(key) ?? { ports: [], entries: [...entries.values()] };
    byAddresses.set(key, group);
    if (port !== undefined) group.ports.push(port);
  }
  return [...byAddresses.values()].map(({ ports, entries }) => ({ ports, addresses: entries }));
}

function note(entries: Map<string, Entry>, address: EndpointAddress, ready: boolean): void {
  const id = `${address.ip} ${address.targetRef?.uid ?? ''}`;
  const known = entries.get(id);
  if (known === undefined) entries.set(id, { address, ready });
  else known.ready &&= ready;
}

function portKey({ name = '', port, protocol = 'TCP', appProtocol = '' }: EndpointPort): string {
  return `${name} ${port} ${protocol} ${appProtocol}`;
}
