// What is written stands there, in order and whole, however the memory has to grow, and nothing around it is touched.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteWriter } from '../../../../streams/base/byte-writer.ts';

const part = fc.oneof(fc.string({ unit: 'binary', maxLength: 90 }), fc.uint8Array({ maxLength: 90 }), fc.nat(255));

test('texts, bytes and single bytes stand behind each other', () => {
  fc.assert(
    fc.property(fc.array(part), fc.nat(40), fc.nat(9), fc.nat(9), (parts, size, before, behind) => {
      const memory = Buffer.alloc(before + size, 0xaa);
      const writer = new ByteWriter(memory, { before, behind });
      for (const each of parts)
        if (typeof each === 'string') writer.text(each);
        else if (typeof each === 'number') writer.byte(each);
        else writer.raw(each);
      const whole = Buffer.concat(
        parts.map((each) => (typeof each === 'number' ? Buffer.from([each]) : Buffer.from(each as string))),
      );
      expect(writer.written().equals(whole)).toBe(true);
      expect(writer.length).toBe(whole.length);
      expect([...memory.subarray(0, before)].every((byte) => byte === 0xaa)).toBe(true);
      if (whole.length > 0) expect(writer.memory.length - writer.end).toBeGreaterThanOrEqual(behind);
    }),
  );
});
