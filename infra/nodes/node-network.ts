// Addresses of simulated nodes and of the pods on them. Node i gets 10.244.i.0/24 as kubeadm clusters do; beyond 256
// nodes the blocks go on through 10.255 and then through 10.112–10.243, clear of the service range 10.96.0.0/12.

import { assert, defined } from '../../streams/base/assert.ts';

export const simulatedNodesMax = 36_864;

export function podCidrOf(index: number): string {
  assert(index >= 0 && index < simulatedNodesMax, `there are pod addresses for ${simulatedNodesMax} simulated nodes`);
  const block = index >> 8;
  const second = block < 12 ? 244 + block : 112 + (block - 12);
  return `10.${second}.${index & 255}.0/24`;
}

/** The node that has the block; undefined where no simulated node can have it. */
export function indexOfPodCidr(cidr: string): number | undefined {
  const match = /^10\.(\d+)\.(\d+)\.0\/24$/.exec(cidr);
  if (match === null) return undefined;
  const [second, third] = [Number(match[1]), Number(match[2])];
  const block = second >= 244 ? second - 244 : second - 112 + 12;
  const index = (block << 8) + third;
  return index >= 0 && index < simulatedNodesMax && podCidrOf(index) === cidr ? index : undefined;
}

/** 172.18.0.2 is the first node. */
export function nodeAddressOf(index: number): string {
  const host = index + 2;
  return `172.18.${host >> 8}.${host & 255}`;
}

const first = 1;
const last = 254;

/** Gives out the addresses of one node's block, the one longest unused first, so that none comes back at once. */
export class PodAddresses {
  readonly #prefix: string;
  readonly #used = new Set<number>();
  #next = first;

  /** `cidr` is a /24. */
  constructor(cidr: string) {
    this.#prefix = cidr.slice(0, cidr.lastIndexOf('.') + 1);
  }

  /** `wanted` is given where it is free. Undefined where the block is used up. */
  take(wanted?: string): string | undefined {
    const own = wanted === undefined ? undefined : this.#hostOf(wanted);
    if (own !== undefined && !this.#used.has(own)) return this.#give(own);
    for (let tried = first; tried <= last; tried++) {
      const host = this.#next;
      this.#next = host === last ? first : host + 1;
      if (!this.#used.has(host)) return this.#give(host);
    }
    return undefined;
  }

  release(ip: string): void {
    this.#used.delete(defined(this.#hostOf(ip), `${ip} is an address of this node`));
  }

  #give(host: number): string {
    this.#used.add(host);
    return `${this.#prefix}${host}`;
  }

  #hostOf(ip: string): number | undefined {
    if (!ip.startsWith(this.#prefix)) return undefined;
    const host = Number(ip.slice(this.#prefix.length));
    return Number.isInteger(host) && host >= first && host <= last ? host : undefined;
  }
}
