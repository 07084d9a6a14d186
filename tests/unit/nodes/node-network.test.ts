// Addresses of simulated nodes and of their pods.

import { describe, expect, test } from 'vitest';
import { nodeAddressOf, PodAddresses, podCidrOf, simulatedNodesMax } from '../../../infra/nodes/node-network.ts';

test('every node has a block of its own, clear of the service range', () => {
  expect([podCidrOf(0), podCidrOf(255), podCidrOf(256), podCidrOf(3_071), podCidrOf(3_072)]).toEqual([
    '10.244.0.0/24',
    '10.244.255.0/24',
    '10.245.0.0/24',
    '10.255.255.0/24',
    '10.112.0.0/24',
  ]);
  const blocks = new Set<string>();
  for (let i = 0; i < simulatedNodesMax; i++) blocks.add(podCidrOf(i));
  expect(blocks.size).toBe(simulatedNodesMax);
  for (const block of blocks) expect(Number(block.split('.')[1])).toBeGreaterThanOrEqual(112);
  expect(() => podCidrOf(simulatedNodesMax)).toThrow(/pod addresses for 36864 simulated nodes/);
  expect([nodeAddressOf(0), nodeAddressOf(254)]).toEqual(['172.18.0.2', '172.18.1.0']);
});

describe('the addresses of a block', () => {
  test('are given out one after the other, and come again only when all were used', () => {
    const addresses = new PodAddresses('10.244.3.0/24');
    expect([addresses.take(), addresses.take()]).toEqual(['10.244.3.1', '10.244.3.2']);
    addresses.release('10.244.3.1');
    expect(addresses.take()).toBe('10.244.3.3');
    for (let i = 4; i <= 254; i++) addresses.take();
    expect(addresses.take()).toBe('10.244.3.1');
    expect(addresses.take()).toBeUndefined();
  });

  test('go back to who had them, where they are free', () => {
    const addresses = new PodAddresses('10.244.3.0/24');
    expect(addresses.take('10.244.3.7')).toBe('10.244.3.7');
    expect(addresses.take('10.244.3.7')).toBe('10.244.3.1');
    expect(addresses.take('10.244.9.7')).toBe('10.244.3.2');
    expect(addresses.take('10.244.3.999')).toBe('10.244.3.3');
  });
});
