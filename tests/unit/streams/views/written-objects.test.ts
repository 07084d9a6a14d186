// What was written stands for what is read back only where nobody can tell the two apart.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Revision } from '../../../../streams/base/brand.ts';
import type { EventId } from '../../../../streams/log/event.ts';
import { encodeObject, spliceRevision } from '../../../../streams/resources/encode.ts';
import type { AnyObject, KubeObject } from '../../../../streams/resources/meta.ts';
import { asRead, isAsRead, WrittenObjects } from '../../../../streams/views/written-objects.ts';
import '../../../kit/properties.ts';
import { resources } from '../../../../streams/resources/names.ts';
import { aDeployment, simulatedCluster } from '../../../kit/simulated-cluster.ts';

const revision = 7 as Revision;

const key = fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('b', 'a', '1', '__proto__', 'toJSON', 'length'));

/** JSON, and what a program may hold that is none. */
const value = fc.letrec((tie) => ({
  odd: fc.constantFrom<unknown>(undefined, Number.NaN, Number.POSITIVE_INFINITY, -0, new Date(0), new Uint8Array(2)),
  plain: fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 12, arbitrary: tie('plain') },
    { weight: 1, arbitrary: tie('odd') },
    { weight: 5, arbitrary: fc.array(tie('any'), { maxLength: 4 }) },
    { weight: 8, arbitrary: fc.dictionary(key, tie('any'), { maxKeys: 4 }) },
  ),
})).any;

const object = fc
  .record(
    {
      spec: value,
      kind: fc.constant('Thing'),
      metadata: fc.record({ managedFields: fc.array(fc.dictionary(key, value), { maxLength: 2 }), name: fc.string() }),
      apiVersion: fc.constant('v1'),
      status: value,
    },
    { requiredKeys: ['kind', 'apiVersion', 'metadata'] },
  )
  .map((made) => made as unknown as KubeObject);

test('an object is taken as it was written only where reading gives the same, in the same order', () => {
  fc.assert(
    fc.property(object, (written) => {
      if (!isAsRead(written)) return;
      const read = asRead(written as AnyObject, revision);
      const parsed = JSON.parse(spliceRevision(encodeObject(written), revision).toString('utf8'));
      expect(read).toStrictEqual(parsed);
      expect(JSON.stringify(read)).toBe(JSON.stringify(parsed));
    }),
    { numRuns: 2_000 },
  );
});

describe('what the version before has', () => {
  const odd = { left: undefined };
  const base = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' } } as KubeObject;

  test('is not looked at again, since it was read', () => {
    expect(isAsRead({ ...base, spec: odd } as KubeObject)).toBe(false);
    expect(isAsRead({ ...base, spec: odd } as KubeObject, { ...base, spec: odd } as KubeObject)).toBe(true);
  });

  test('is shared with it', () => {
    const spec = { containers: [] };
    expect(asRead({ ...base, spec, status: {} } as AnyObject, revision).spec).toBe(spec);
  });
});

test('what is written is known until it is forgotten', () => {
  const objects = new WrittenObjects();
  const id = 'a' as EventId;
  objects.expect(id, { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' } } as KubeObject, undefined);
  expect(objects.get(id)).toEqual({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' } });
  objects.forget(id);
  expect(objects.get(id)).toBeUndefined();
});

test('no object of a cluster is held otherwise than it is recorded', async () => {
  const { clock, view, create } = await simulatedCluster({ seed: 'written', nodes: 3 });
  const odd: string[] = [];
  let seen = 0;
  view.listen(({ ref, current }) => {
    seen++;
    if (JSON.stringify(current.object) !== JSON.stringify(JSON.parse(current.json.toString('utf8'))))
      odd.push(ref.name);
  });
  await create(resources.deployments, aDeployment('web', 20));
  await clock.advance(60_000);
  expect(odd).toEqual([]);
  expect(seen).toBeGreaterThan(100);
});
