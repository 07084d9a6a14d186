import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  difference,
  EMPTY,
  type FieldSet,
  hasPath,
  intersection,
  isEmptySet,
  isSubset,
  parseFieldSet,
  pathsOf,
  recursiveDifference,
  sameSet,
  setOf,
  union,
} from '../../../../infra/api/patch/field-set.ts';
import { compareElements, printPath } from '../../../../infra/api/patch/path-element.ts';
import { frozen } from './support.ts';

describe('FieldsV1', () => {
  test('is the set itself', () => {
    const set = parseFieldSet({
      'f:spec': { 'f:ports': { '.': {}, 'k:{"port":80}': { '.': {}, 'f:port': {} } } },
    }) as FieldSet;
    expect(pathsOf(set).map(printPath)).toEqual(['.spec.ports', '.spec.ports[port=80]', '.spec.ports[port=80].port']);
    expect(hasPath(set, ['f:spec'])).toBe(false);
    expect(hasPath(set, ['f:spec', 'f:ports'])).toBe(true);
    expect(hasPath(set, ['f:spec', 'f:ports', 'k:{"port":81}'])).toBe(false);
  });

  test.each<[string, unknown, unknown]>([
    [
      'the keys of an item in any order',
      { 'f:p': { 'k:{"protocol":"TCP", "port": 80}': {} } },
      { 'f:p': { 'k:{"port":80,"protocol":"TCP"}': {} } },
    ],
    ['elements in any order', { 'f:b': {}, 'f:a': {} }, { 'f:a': {}, 'f:b': {} }],
    ['a lone dot', { 'f:a': { '.': {} } }, { 'f:a': {} }],
    ['a dot behind other elements', { 'f:a': { 'f:b': {}, '.': {} } }, { 'f:a': { '.': {}, 'f:b': {} } }],
    ['a dot at the top', { '.': {}, 'f:a': {} }, { 'f:a': {} }],
    ['elements of kinds nobody knows', { 'x:y': {}, 'f:a': {} }, { 'f:a': {} }],
    ['values as Go writes them', { 'f:a': { 'v:"<"': {}, 'v: 1.0': {} } }, { 'f:a': { 'v:1': {}, 'v:"\\u003c"': {} } }],
    [
      'the same item twice',
      { 'f:a': { 'k:{"n":"x"}': { 'f:b': {} }, 'k:{ "n":"x"}': { '.': {} } } },
      { 'f:a': { 'k:{"n":"x"}': { '.': {}, 'f:b': {} } } },
    ],
  ])('is respelled on entry: %s', (_, sent, spelled) => {
    expect(JSON.stringify(parseFieldSet(frozen(sent) as never))).toBe(JSON.stringify(spelled));
  });

  test.each([
    [[]],
    ['x'],
    [{ 'f:a': 1 }],
    [{ a: {} }],
    [{ 'k:x': {} }],
    [{ 'k:1': {} }],
    [{ 'i:x': {} }],
    [{ 'v:': {} }],
  ])('%j is refused', (malformed) => {
    expect(parseFieldSet(malformed as never)).toBeUndefined();
  });

  test('absent fields are the empty set', () => {
    expect([parseFieldSet(undefined), parseFieldSet(null), parseFieldSet({})]).toEqual([EMPTY, EMPTY, EMPTY]);
  });
});

test('elements sort as upstream sorts them', () => {
  const sorted = [
    'f:a',
    'f:b',
    'k:{"name":"E1"}',
    'k:{"name":"E10"}',
    'k:{"name":"a b"}',
    'k:{"port":80}',
    'k:{"port":443}',
    'k:{"port":443,"protocol":"TCP"}',
    'v:2',
    'v:10',
    'v:"a"',
    'v:"ä"',
    'v:false',
    'v:true',
    'i:2',
    'i:10',
  ];
  for (const [i, left] of sorted.entries()) {
    for (const [j, right] of sorted.entries()) {
      expect(Math.sign(compareElements(left, right)), `${left} and ${right}`).toBe(Math.sign(i - j));
    }
  }
});

test.each([
  [['f:spec', 'f:replicas'], '.spec.replicas'],
  [['f:containers', 'k:{"name":"a\\"b"}', 'f:image'], '.containers[name="a\\"b"].image'],
  [['f:ports', 'k:{"containerPort":80,"protocol":"TCP"}'], '.ports[containerPort=80,protocol="TCP"]'],
  [['f:finalizers', 'v:"x/y"'], '.finalizers[="x/y"]'],
  [['f:flags', 'v:true'], '.flags[=true]'],
  [['f:list', 'i:3'], '.list[3]'],
])('%j prints as %s', (path, text) => {
  expect(printPath(path)).toBe(text);
});

describe('the algebra', () => {
  const elements = fc.constantFrom('f:a', 'f:b', 'k:{"n":"x"}', 'v:1');
  const paths = fc.array(elements, { minLength: 1, maxLength: 3 });
  const sets = fc.array(paths, { maxLength: 8 }).map((all) => frozen(setOf(...all)));
  const members = (set: FieldSet) => new Set(pathsOf(set).map((path) => path.join()));

  test('works on members as on plain sets of paths', () => {
    fc.assert(
      fc.property(sets, sets, (left, right) => {
        const [l, r] = [members(left), members(right)];
        const [inLeft, inRight] = [(path: string) => l.has(path), (path: string) => r.has(path)];
        expect(members(union(left, right))).toEqual(new Set([...l, ...r]));
        expect(members(intersection(left, right))).toEqual(new Set([...l].filter(inRight)));
        expect(members(difference(left, right))).toEqual(new Set([...l].filter((path) => !inRight(path))));
        expect(isSubset(left, right)).toBe([...l].every(inRight));
        expect(sameSet(left, right)).toBe([...l].every(inRight) && [...r].every(inLeft));
      }),
    );
  });

  test('a recursive difference also takes what lies below', () => {
    fc.assert(
      fc.property(sets, sets, (left, right) => {
        const gone = pathsOf(right).map((path) => path.join());
        const left_ = [...members(left)].filter((path) => !gone.some((g) => path === g || path.startsWith(`${g},`)));
        expect(members(recursiveDifference(left, right))).toEqual(new Set(left_));
      }),
    );
  });

  test('results are spelled canonically, so equal sets are equal JSON', () => {
    fc.assert(
      fc.property(sets, sets, (left, right) => {
        for (const set of [union(left, right), difference(left, right), intersection(left, right)]) {
          expect(JSON.stringify(parseFieldSet(set as never))).toBe(JSON.stringify(set));
        }
        expect(JSON.stringify(union(left, right))).toBe(JSON.stringify(union(right, left)));
      }),
    );
  });

  test('an operation that changes nothing returns its left side', () => {
    fc.assert(
      fc.property(sets, sets, (left, right) => {
        expect(union(union(left, right), right)).toEqual(union(left, right));
        const whole = union(left, right);
        expect(union(whole, right)).toBe(whole);
        const rest = difference(left, right);
        expect(difference(rest, right)).toBe(rest);
        expect(recursiveDifference(rest, EMPTY)).toBe(rest);
      }),
    );
  });

  test('nothing remains of a set taken from itself', () => {
    fc.assert(
      fc.property(sets, (set) => {
        expect(isEmptySet(difference(set, set))).toBe(true);
      }),
    );
  });
});
