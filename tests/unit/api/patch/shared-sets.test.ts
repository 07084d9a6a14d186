// What field sets are found again by is bounded, whatever names anybody comes up with.

import { expect, test } from 'vitest';
import { LEAF } from '../../../../infra/api/patch/field-set.ts';
import { type SharedSet, sharedMember } from '../../../../infra/api/patch/shared-sets.ts';

const along = (names: readonly string[]) =>
  names.reduce<SharedSet>((set, name) => set.with(`f:${name}`, LEAF), sharedMember());

test('sets built along the same way are the same', () => {
  expect(along(['a', 'b']).set).toBe(along(['a', 'b']).set);
  expect(along(['a', 'b']).set).toEqual({ '.': {}, 'f:a': {}, 'f:b': {} });
});

test('names that are long are forgotten, and the set that was made of them stays', () => {
  const remembered = sharedMember();
  const long = 'x'.repeat(9 * 1024 * 1024);
  const { set } = along(['a', long]);
  expect(Object.keys(set)).toEqual(['.', 'f:a', `f:${long}`]);
  expect(sharedMember()).not.toBe(remembered);
});

test('so are the sets of a map that grows entry by entry', () => {
  const remembered = sharedMember();
  const names = Array.from({ length: 400 }, (_, index) => `${String(index).padStart(3, '0')}-${'x'.repeat(240)}`);
  for (let length = 1; length <= names.length; length++)
    expect(Object.keys(along(names.slice(0, length)).set)).toHaveLength(length + 1);
  expect(sharedMember()).not.toBe(remembered);
});
