import { expect, test } from 'vitest';
import { imageLocality } from '../../../../../actors/scheduler/plugins/image-locality.ts';
import { aNode, aPod, scores } from '../../../../kit/scheduling.ts';

const mebibyte = 1024 * 1024;

test.each([
  // 523 MiB on both nodes of two: share 1 → 100 * (523-23)/(1000-23) = 51.
  ['an image everybody has counts in full', { 'app:1': 523 * mebibyte }, { 'app:1': 523 * mebibyte }, { a: 51, b: 51 }],
  // On one of two: share 1/2 → 261.5 MiB → 100 * 238.5/977 = 24.
  ['a rare one less, so that it does not draw all pods', { 'app:1': 523 * mebibyte }, {}, { a: 24, b: 0 }],
  ['a small one does not count', { 'app:1': 20 * mebibyte }, {}, { a: 0, b: 0 }],
  ['a huge one no more than 1000 MiB', { 'app:1': 9000 * mebibyte }, {}, { a: 100, b: 0 }],
])('%s', (_, a, b, expected) => {
  const nodes = [aNode('a', { images: a }), aNode('b', { images: b })];
  expect(scores(imageLocality, aPod('p', { image: 'app:1' }), { nodes })).toEqual(expected);
});

test('an image without a tag is the latest', () => {
  const nodes = [aNode('a', { images: { 'registry:5000/app:latest': 1000 * mebibyte } })];
  expect(scores(imageLocality, aPod('p', { image: 'registry:5000/app' }), { nodes })).toEqual({ a: 100 });
});

test('images nobody has make no difference', () => {
  expect(scores(imageLocality, aPod('p'), { nodes: [aNode('a')] })).toBeUndefined();
});
