// What is wrong with a text that is not JSON, and what a pass over its bytes counts. The texts are Go's own.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countKeys, measureJson } from '../../../../infra/api/codec/json-measure.ts';
import { jsonSyntaxError } from '../../../../infra/api/codec/json-syntax.ts';

test.each([
  ['{"a":b}', "invalid character 'b' looking for beginning of value"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['[1 2]', "invalid character '2' after array element"],
  ['{"a":"\u0001"}', "invalid character '\\x01' in string literal"],
  ['{"a":"\n"}', "invalid character '\\n' in string literal"],
  ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
  ['tru', "invalid character ' ' in literal true (expecting 'e')"],
  ['{"a":01}', "invalid character '1' after object key:value pair"],
  ['{"a":-}', "invalid character '}' in numeric literal"],
  ['{"a":1.}', "invalid character '}' after decimal point in numeric literal"],
  ['{"a":1e', "invalid character ' ' in exponent of numeric literal"],
  ['{"a":"\\q"}', "invalid character 'q' in string escape code"],
  ['{"a":"\\u12g4"}', "invalid character 'g' in \\u hexadecimal character escape"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
  ['{"a":1}x', "invalid character 'x' after top-level value"],
  ["'", "invalid character '\\'' looking for beginning of value"],
  ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
  ['"abc', 'unexpected end of JSON input'],
  ['  ', 'unexpected end of JSON input'],
])('%j: %s', (text, message) => {
  expect(jsonSyntaxError(Buffer.from(text))).toBe(message);
});

test('exactly the texts that JSON.parse refuses have something wrong with them', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\u00e9"',
    '1',
    '-0.5e3',
    'true',
    'null',
    ' ',
    '\\',
    '"',
  );
  const texts = fc.oneof(
    fc.json(),
    fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(jsonSyntaxError(Buffer.from(text)) === undefined).toBe(parses(text));
    }),
    { numRuns: 2000 },
  );
});

test('the keys counted in a text are the keys of its value, unless some are written twice', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      // A round trip first: -0 and the like have no JSON of their own.
      const text = JSON.stringify(value);
      expect(measureJson(Buffer.from(text)).keys).toBe(countKeys(JSON.parse(text)));
    }),
  );
  expect(measureJson(Buffer.from('{"a":{"b":1,"b":2}}')).keys).toBe(3);
  expect(measureJson(Buffer.from('{"a:\\":{":["}"]}'))).toEqual({ keys: 1, depth: 2 });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
