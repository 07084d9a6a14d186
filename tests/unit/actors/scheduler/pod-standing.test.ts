import { expect, test } from 'vitest';
import { sameLabels } from '../../../../actors/scheduler/pod-standing.ts';
import type { Labels } from '../../../../streams/resources/meta.ts';

test.each<[Labels | undefined, Labels | undefined, boolean]>([
  [undefined, {}, true],
  [{ a: '1' }, { a: '1' }, true],
  [{ a: '1' }, { a: '2' }, false],
  [{ a: '1' }, {}, false],
  [{}, { a: '1' }, false],
  [{ a: '1' }, JSON.parse('{ "a": "1", "constructor": "x" }'), false],
])('labels %j and %j are the same: %s', (a, b, same) => {
  expect(sameLabels(a, b)).toBe(same);
});
