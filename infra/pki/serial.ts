// Serial numbers of certificates: random, so that none is given twice without a counter to keep.

import type { Random } from '../../streams/base/random.ts';

const serialBytes = 16;

/** A positive number of 127 bits (RFC 5280 allows up to 20 bytes). */
export function serialNumber(random: Random): Buffer {
  const bytes = Buffer.from(random.bytes(serialBytes));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}
