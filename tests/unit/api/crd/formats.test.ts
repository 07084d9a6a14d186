import { expect, test } from 'vitest';
import { effectiveFormat, hasFormat, unrecognizedFormat } from '../../../../infra/api/crd/formats.ts';

// What upstream's own validator said of each (strfmt in k8s.io/kube-openapi).
const cases: [format: string, is: readonly string[], isNot: readonly string[]][] = [
  ['bsonobjectid', ['507f1f77bcf86cd799439011'], ['507f1f77bcf86cd79943901']],
  ['uri', ['http://a', '/a', 'mailto:x@y', '*', 'http://a?%zz'], ['a', '', ':a', 'http://a:x', 'http://a b', '/%zz']],
  ['email', ['a@b.c', 'A <a@b.c>', 'é@b.c', 'a@[1.2.3.4]'], ['a', 'a@', 'a@b@c', '.a@b', 'a@[x]']],
  ['hostname', ['example.com', 'localhost'], ['-a', 'a_b', '']],
  ['ipv4', ['1.2.3.4', '01.2.3.4', '::ffff:1.2.3.4'], ['1.2.3', '256.1.1.1', '::1']],
  ['ipv6', ['::1', '::ffff:1.2.3.4'], ['1.2.3.4', 'fe80::1%eth0']],
  ['cidr', ['1.2.3.4/24', '::/0'], ['1.2.3.4', '1.2.3.4/33', '::/129']],
  ['mac', ['00:11:22:33:44:55', '0011.2233.4455', '001122334455'], ['00:11:22:33:44', '00:11-22:33:44:55']],
  ['uuid', ['123e4567-e89b-12d3-a456-426614174000', '123E4567E89B42D3A456426614174000'], ['123e4567']],
  ['uuid4', ['123e4567-e89b-42d3-a456-426614174000'], ['123e4567-e89b-12d3-a456-426614174000']],
  ['isbn', ['0-306-40615-2', '9780306406157', '080442957X'], ['0306406153']],
  ['creditcard', ['4111 1111 1111 1111', '378282246310005'], ['4111111111111112']],
  ['ssn', ['123-45-6789', '123 45 6789'], ['123456789']],
  ['hexcolor', ['#fff', 'ffffff'], ['#ffff', '#ggg']],
  ['rgbcolor', ['rgb(1, 2, 3)'], ['rgb(256,0,0)', 'rgb(1,2)']],
  ['byte', ['YQ==', 'YWJj'], ['YQ', 'YWJj\n']],
  ['date', ['2020-02-29'], ['2019-02-29', '2020-13-01', '2020-1-1']],
  [
    'date-time',
    ['2020-01-01T00:00:00Z', '2020-01-01t00:00:00.5+01:00'],
    ['2020-01-01T00:00:00', '2020-01-01T24:00:00Z'],
  ],
  ['duration', ['1h30m', '-1h', '2 weeks', '1d'], ['1x', 'h', '1']],
  ['k8s-short-name', ['a-b'], ['a.b', 'A']],
  ['k8s-long-name', ['a.b'], ['a..b', '']],
];

test.each(cases)('%s', (format, is, isNot) => {
  expect(is.filter((text) => !hasFormat(format, text))).toEqual([]);
  expect(isNot.filter((text) => hasFormat(format, text))).toEqual([]);
});

test('a format is one of a type, and others say nothing', () => {
  expect(effectiveFormat({ type: 'string', format: 'date' })).toBe('date');
  expect(effectiveFormat({ type: 'integer', format: 'date' })).toBe('');
  expect(unrecognizedFormat({ type: 'integer', format: 'int32' })).toBeUndefined();
  expect(unrecognizedFormat({ type: 'string', format: 'bogus' })).toBe('bogus');
  expect(hasFormat('bogus', 'anything')).toBe(true);
});
