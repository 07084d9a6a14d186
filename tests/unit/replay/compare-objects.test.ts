import { describe, expect, test } from 'vitest';
import { objectDifferences, valueDifferences } from '../../../infra/replay/compare-objects.ts';
import type { Revision } from '../../../streams/base/brand.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { StoredObject } from '../../../streams/views/stored-object.ts';
import { anEvent, bytesOf, podSubject } from '../../kit/events.ts';

const pathsBetween = (replayed: unknown, live: unknown) => [...valueDifferences({ path: '', replayed, live })];

describe('values', () => {
  test.each([
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1 }, { a: 2 }, ['.a']],
    [{ a: 1 }, {}, ['.a']],
    [{}, { a: null }, ['.a']],
    [{ a: { b: [1, 2] } }, { a: { b: [1, 3, 4] } }, ['.a.b[1]', '.a.b[2]']],
    [{ 'app.kubernetes.io/name': 'x' }, {}, ['["app.kubernetes.io/name"]']],
    [{ a: [] }, { a: {} }, ['.a']],
    [{ a: [] }, { a: [] }, []],
    [{ a: 0 }, { a: -0 }, ['.a']],
    [null, { a: 1 }, ['']],
  ])('%j and %j differ at %j', (replayed, live, paths) => {
    expect(pathsBetween(replayed, live).map(({ path }) => path)).toEqual(paths);
  });
});

describe('an object', () => {
  const object = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'web' }, spec: { nodeName: 'node-1' } };
  const ref = { group: '', resource: 'pods', namespace: 'default', name: 'web' };
  const recorded = { ...anEvent({ object: bytesOf(object) }), stream: 'LOG', subject: podSubject('web') } as const;
  const stored = () => new StoredObject(ref, { ...recorded, revision: 7 as Revision });

  test('is compared with its resourceVersion', () => {
    const live = { ...object, metadata: { resourceVersion: '7', name: 'web' } };
    expect([...objectDifferences(stored(), live as unknown as AnyObject)]).toEqual([]);
    const newer = { ...object, metadata: { resourceVersion: '8', name: 'web' } };
    expect([...objectDifferences(stored(), newer as unknown as AnyObject)]).toEqual([
      { path: '.metadata.resourceVersion', replayed: '7', live: '8' },
    ]);
  });

  test('is the same in another order of its fields, and without the type a list has told already', () => {
    const live = { spec: object.spec, metadata: { name: 'web', resourceVersion: '7' } };
    expect([...objectDifferences(stored(), live as unknown as AnyObject)]).toEqual([]);
  });
});
