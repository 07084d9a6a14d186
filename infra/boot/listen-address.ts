// What follows from the address the API server listens on: the host clients of this machine name in a URL, and the
// addresses its certificate must be good for. A wildcard listens on every address the machine has.

import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** The host part of a URL that reaches the server from this machine. */
export function urlHost(address: string): string {
  if (wildcards.has(address)) return '127.0.0.1';
  return isIPv6(address) ? `[${address}]` : address;
}

/** Addresses clients may reach the server under; those of a single link are left out, as they mean nothing elsewhere. */
export function servedAddresses(address: string): readonly string[] {
  if (!wildcards.has(address)) return [address];
  return Object.values(networkInterfaces())
    .flat()
    .flatMap((entry) =>
      entry === undefined || entry.internal || entry.address.startsWith('fe80:') ? [] : entry.address,
    )
    .filter((own) => address === '::' || !isIPv6(own));
}
