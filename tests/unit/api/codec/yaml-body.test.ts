// YAML as Kubernetes reads it: the table was printed by sigs.k8s.io/yaml.

import { expect, test } from 'vitest';
import { parseYaml } from '../../../../infra/api/codec/yaml-body.ts';

function value(text: string): unknown {
  const parsed = parseYaml(text);
  if (parsed.type === 'malformed') throw new Error(parsed.message);
  return parsed.value;
}

test.each<[string, unknown]>([
  ['yes', true],
  ['y', true],
  ['Off', false],
  ['~', null],
  ['nULL', 'nULL'],
  ['tRUE', 'tRUE'],
  ['2001-01-01', '2001-01-01'],
  ['1:30', '1:30'],
  ['190:20:30', '190:20:30'],
  ['0777', 511],
  ['0o14', 12],
  ['0o9', '0o9'],
  ['0x1F', 31],
  ['-0x1f', -31],
  ['0b11', 3],
  ['08', 8],
  ['1_000', 1000],
  ['_1', '_1'],
  ['._6', '._6'],
  ['1e3', 1000],
  ['1e', '1e'],
  ['1.', 1],
  ['.5', 0.5],
  ['1E400', '1E400'],
  ['+1', 1],
  ['-0', 0],
  ["'1'", '1'],
  ['"yes"', 'yes'],
  ['!!str 5', '5'],
  ['!!int "5"', 5],
  ['!!binary aGVsbG8=', 'hello'],
  ['!custom bar', 'bar'],
  ['=', '='],
])('%s', (text, expected) => {
  expect(value(`a: ${text}`)).toEqual({ a: expected });
});

test('keys become texts', () => {
  expect(value('1: a\ntrue: b\n1.5: c\nyes: d')).toEqual({ 1: 'a', true: 'd', '1.5': 'c' });
  expect(parseYaml('~: a').type).toBe('malformed');
  expect(parseYaml('? [a]\n: b').type).toBe('malformed');
});

test('only the first document counts', () => {
  expect(value('---\na: 1\n---\nb: 2')).toEqual({ a: 1 });
  expect(value('')).toBeNull();
});

test('merge keys and aliases are expanded, own keys win', () => {
  expect(value('base: &b {x: 1, z: 2}\nit:\n  <<: *b\n  x: 3')).toEqual({
    base: { x: 1, z: 2 },
    it: { x: 3, z: 2 },
  });
  expect(value('<<: [{a: 1}, {a: 2, b: 2}]')).toEqual({ a: 1, b: 2 });
});

test('the last of two equal keys wins and both are reported', () => {
  expect(parseYaml('a: 1\nb: 0\na: 2')).toEqual({
    type: 'parsed',
    value: { a: 2, b: 0 },
    duplicates: ['yaml: line 3: key "a" already set in map'],
  });
});

test('documents that expand without end are refused', () => {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const items = level === 0 ? 'x' : Array.from({ length: 10 }, () => `*l${level - 1}`).join(', ');
    return `l${level}: &l${level} [${items}]`;
  });
  expect(parseYaml(levels.join('\n'))).toEqual({
    type: 'malformed',
    message: 'yaml: document contains excessive aliasing',
  });
  expect(parseYaml('a: &a [*a]').type).toBe('malformed');
  expect(parseYaml('a: *nowhere').type).toBe('malformed');
});
