// Every kind that is stored takes its golden object, fills in the same defaults however often it is asked, and leaves an
// update that changes nothing as it is.

import { describe, expect, test } from 'vitest';
import { allKinds } from '../../../../infra/api/kinds/kinds.ts';
import { goldenKinds } from '../../../kit/golden-kinds.ts';
import { created, updated } from '../../../kit/written.ts';

test('every stored kind has a golden object', () => {
  const stored = allKinds().filter(({ verbs, storedAs }) => verbs.includes('update') && storedAs === undefined);
  const names = stored.map(({ group, version, kind }) => `${group === '' ? '' : `${group}/`}${version} ${kind}`);
  expect(goldenKinds.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`).sort()).toEqual(names.sort());
});

describe.each(goldenKinds.map((golden) => [golden.kind, golden] as const))('%s', (_, golden) => {
  test('is taken as it is written', () => {
    expect(created(golden).problems).toEqual([]);
  });

  test('stays what it is through an update that changes nothing', () => {
    const { object } = created(golden);
    const again = updated(object, object);
    expect(again.problems).toEqual([]);
    expect(again.object).toEqual(object);
  });
});
