import { isIP, isIPv4 } from 'node:net';
import { describe, expect, test } from 'vitest';
import { servedAddresses, urlHost } from '../../../infra/boot/listen-address.ts';

describe('the address the API server listens on', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8::7', '[2001:db8::7]'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
  ])('%s is reached from the same machine as %s', (address, host) => {
    expect(urlHost(address)).toBe(host);
    expect(new URL(`https://${urlHost(address)}:6443`).port).toBe('6443');
  });

  test('one address is served under itself', () => {
    expect(servedAddresses('192.0.2.7')).toEqual(['192.0.2.7']);
  });

  test('a wildcard is served under addresses that others can use', () => {
    const all = servedAddresses('::');
    expect(all.filter((address) => isIP(address) === 0 || address.startsWith('fe80:') || address === '::1')).toEqual(
      [],
    );
    expect(servedAddresses('0.0.0.0')).toEqual(all.filter((address) => isIPv4(address)));
  });
});
