import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Revision, revision, revisionZero } from '../../../../streams/base/brand.ts';
import type { AnyObject, Labels } from '../../../../streams/resources/meta.ts';
import type { Change } from '../../../../streams/views/change.ts';
import { ResourceView } from '../../../../streams/views/resource-view.ts';
import type { Range } from '../../../../streams/views/sorted-objects.ts';
import type { StoredObject } from '../../../../streams/views/stored-object.ts';
import { eventAt, naively, recordedFrom, type Step, steps, type Told } from './history.ts';

const pods = { group: '', resource: 'pods' };
const last = (told: readonly Told[]) => told.at(-1)?.event.revision ?? 0;
const objects = (found: Iterable<StoredObject>) => Array.from(found, ({ object }) => object);

const isIn = (key: string, { prefix = '', after }: Range) =>
  key.startsWith(prefix) && (after === undefined || key > after);

function viewOf(told: readonly Told[], changesMax = 1_000): { view: ResourceView; heard: Change[] } {
  const view = new ResourceView(pods, revisionZero, { changesMax, bytesMax: Number.POSITIVE_INFINITY });
  const heard: Change[] = [];
  view.listen((change) => heard.push(change));
  for (const { ref, event } of told) view.apply(ref, event);
  return { view, heard };
}

test('a view holds what its events amount to', () => {
  fc.assert(
    fc.property(steps, (all: Step[]) => {
      const told = recordedFrom(all);
      const { view } = viewOf(told);
      const present = naively(told, last(told));
      expect(view.size).toBe(present.size);
      expect(objects(view.select())).toEqual([...present.values()]);
      for (const [key, object] of present) expect(view.get(key)?.object).toEqual(object);
    }),
  );
});

test('the past is told as it was, or not at all', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 40 }), (all, changesMax) => {
      const told = recordedFrom(all);
      const { view } = viewOf(told, changesMax);
      for (let at = 0; at <= last(told) + 1; at++) {
        const then = view.at(at as Revision);
        if (at < view.floor) expect(then).toBeUndefined();
        else {
          const expected = [...naively(told, at)];
          expect(Array.from(then?.range() ?? [], ({ key, object }) => [key, object])).toEqual(expected);
          for (const range of [{}, { prefix: 'a/' }, { after: 'a/x' }, { prefix: 'b/', after: 'b/y' }]) {
            const found = [...(then?.range(range) ?? [])];
            expect(found.map(({ key }) => key)).toEqual(expected.map(([key]) => key).filter((key) => isIn(key, range)));
            expect(then?.count(range)).toBe(found.length);
          }
        }
      }
    }),
  );
});

test('every change is told once, in order, with what was before', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const told = recordedFrom(all);
      const { heard } = viewOf(told);
      expect(heard.map(({ event }) => event.revision)).toEqual(told.map(({ event }) => event.revision));
      for (const [i, { ref, event, object }] of told.entries()) {
        const key = `${ref.namespace}/${ref.name}`;
        const before = naively(told, event.revision - 1).get(key);
        const type = object === undefined ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED';
        expect(heard[i]).toMatchObject({ type, ref });
        expect(heard[i]?.previous?.object).toEqual(before);
        // A deletion tells the last state, at its own revision.
        const current =
          object ?? (before && { ...before, metadata: { ...before.metadata, resourceVersion: `${event.revision}` } });
        expect(heard[i]?.current.object).toEqual(current);
      }
    }),
  );
});

test('changes told again from a revision on lead from there to the present', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (all, somewhere) => {
      const told = recordedFrom(all);
      const { view } = viewOf(told);
      const from = somewhere % (last(told) + 1);
      const replayed = naively(told, from);
      for (const { type, current } of view.changesAfter(from as Revision) ?? []) {
        if (type === 'DELETED') replayed.delete(current.key);
        else replayed.set(current.key, current.object);
      }
      expect(new Map([...replayed].sort(([a], [b]) => (a < b ? -1 : 1)))).toEqual(naively(told, last(told)));
    }),
  );
});

test('a label that only objects have is indexed like any other', () => {
  const step = { namespace: 'a', name: 'x', gone: false, owners: [], node: undefined, skipped: 0 };
  const [first, second] = recordedFrom([
    { ...step, labels: { app: '1' } },
    { ...step, labels: { app: '1', constructor: '1' } as Labels },
  ]);
  const { view } = viewOf(first === undefined ? [] : [first]);
  expect(objects(view.select({ labels: { constructor: '1' } as Labels }))).toEqual([]);
  if (second !== undefined) view.apply(second.ref, second.event);
  expect(objects(view.select({ labels: { constructor: '1' } as Labels }))).toHaveLength(1);
});

test('what came and went unasked leaves nothing to index', () => {
  const step = { namespace: 'a', name: 'x', labels: {}, owners: [], node: undefined, skipped: 0 };
  const { view } = viewOf(
    recordedFrom([
      { ...step, gone: false },
      { ...step, gone: false },
    ]),
  );
  expect(view.catchUpIndexes(0)).toBe(true);
  const { view: emptied } = viewOf(
    recordedFrom([
      { ...step, gone: false },
      { ...step, gone: true },
    ]),
  );
  expect(emptied.catchUpIndexes(0)).toBe(false);
});

describe('an index answers as a scan would', () => {
  /** Indexes may catch up only when they are asked: asking in between must not lead them astray. */
  const present = (all: readonly Step[], somewhere: number) => {
    const told = recordedFrom(all);
    const middle = somewhere % (told.length + 1);
    const { view } = viewOf(told.slice(0, middle));
    view.catchUpIndexes(somewhere % 3);
    if (somewhere % 2 === 0) view.ownedBy('o1');
    for (const { ref, event } of told.slice(middle)) view.apply(ref, event);
    return { view, scan: [...naively(told, last(told)).values()] };
  };
  const selection = fc.record(
    {
      namespace: fc.constantFrom('a', 'a-b', 'b', 'c'),
      labels: fc.dictionary(fc.constantFrom('app', 'tier', 'constructor'), fc.constantFrom('1', '2', '3')),
      after: fc.constantFrom('', 'a-b/x', 'a/x', 'a/y', 'b/z', 'zz'),
    },
    { requiredKeys: [] },
  );
  const key = ({ metadata: { namespace, name } }: AnyObject) => `${namespace}/${name}`;
  const carries = (object: AnyObject, labels: Labels) =>
    Object.entries(labels).every(([label, value]) => object.metadata.labels?.[label] === value);

  test('by namespace, labels and page', () => {
    fc.assert(
      fc.property(steps, fc.nat(), selection, (all, somewhere, { after, ...selected }) => {
        const { view, scan } = present(all, somewhere);
        const expected = scan.filter(
          (object) =>
            (selected.namespace === undefined || object.metadata.namespace === selected.namespace) &&
            carries(object, selected.labels ?? {}) &&
            (after === undefined || key(object) > after),
        );
        expect(objects(view.select(selected, after))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('by owner, node and label, asked at any time', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (all, somewhere) => {
        const { view, scan } = present(all, somewhere);
        const names = (found: Iterable<AnyObject>) => Array.from(found, key).sort();
        for (const uid of ['o1', 'o2', 'o3']) {
          const owned = scan.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
          expect(names(objects(view.ownedBy(uid)))).toEqual(names(owned));
        }
        for (const [label, value] of [
          ['app', '1'],
          ['app', '2'],
          ['tier', '1'],
          ['tier', '2'],
          ['constructor', '1'],
        ] as const) {
          const labels = { [label]: value };
          expect(objects(view.select({ labels }))).toEqual(scan.filter((object) => carries(object, labels)));
        }
        for (const node of ['n1', 'n2', '']) {
          const there = scan.filter(({ spec }) => node !== '' && (spec as { nodeName?: string }).nodeName === node);
          expect(names(objects(view.onNode(node)))).toEqual(names(there));
        }
      }),
    );
  });
});

describe('booting', () => {
  test('from the last event of each subject leads to the same objects as living through all of them', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (all, somewhere) => {
        const told = recordedFrom(all);
        const early = told.slice(0, somewhere % (told.length + 1));
        const newest = new Map(early.map((each) => [each.event.subject, each]));
        const booted = new ResourceView(pods, revisionZero);
        for (const { ref, event } of newest.values()) booted.load(ref, event);
        booted.loaded(revision(last(early)));
        for (const { ref, event } of told.slice(early.length)) booted.apply(ref, event);
        expect(objects(booted.select())).toEqual([...naively(told, last(told)).values()]);
        for (let at = last(early); at <= last(told); at++) {
          expect(objects(booted.at(revision(at))?.range() ?? [])).toEqual([...naively(told, at).values()]);
        }
      }),
    );
  });

  test('tells nobody, and begins its window where it ends', () => {
    const told = recordedFrom([
      { namespace: 'a', name: 'x', gone: false, labels: {}, owners: [], node: undefined, skipped: 4 },
    ]);
    const view = new ResourceView(pods, revisionZero);
    let heard = 0;
    view.listen(() => heard++);
    for (const { ref, event } of told) view.load(ref, event);
    view.loaded(revision(9));
    expect(heard).toBe(0);
    expect(view.floor).toBe(9);
    expect(view.changesAfter(revision(9))).toEqual([]);
    expect(view.at(revision(8))).toBeUndefined();
    expect(Array.from(view.at(revision(9))?.range() ?? [], ({ key }) => key)).toEqual(['a/x']);
  });

  test('takes away what was deleted while it was read', () => {
    const ref = { ...pods, namespace: 'a', name: 'x' };
    const [created] = recordedFrom([
      { namespace: 'a', name: 'x', gone: false, labels: { app: '1' }, owners: [], node: 'n1', skipped: 0 },
    ]);
    const view = new ResourceView(pods, revisionZero);
    if (created !== undefined) view.load(ref, created.event);
    view.load(ref, { ...eventAt(ref, 2, { from: 'Pending', to: null }) });
    expect(view.size).toBe(0);
    expect([...view.select()]).toEqual([]);
    expect(view.onNode('n1')).toEqual([]);
  });

  test('keeps the size of its window', () => {
    const view = new ResourceView(pods, revisionZero, { changesMax: 2, bytesMax: Number.POSITIVE_INFINITY });
    view.loaded(revision(5));
    for (const { ref, event } of recordedFrom(
      ['x', 'y', 'z'].map((name) => ({
        namespace: 'a',
        name,
        gone: false,
        labels: {},
        owners: [],
        node: undefined,
        skipped: 0,
      })),
      { from: 5 },
    )) {
      view.apply(ref, event);
    }
    expect(view.floor).toBe(6);
  });
});

describe('a deletion', () => {
  const ref = { ...pods, namespace: 'a', name: 'x' };

  test('of what is not there is no change', () => {
    const view = new ResourceView(pods, revisionZero);
    expect(view.apply(ref, eventAt(ref, 1, { from: 'Pending', to: null }))).toBeUndefined();
    expect(view.changesAfter(revisionZero)).toEqual([]);
  });

  test('by expiry carries no object: the last one known stands in', () => {
    const told = recordedFrom([
      { namespace: 'a', name: 'x', gone: false, labels: { app: '1' }, owners: [], node: undefined, skipped: 0 },
    ]);
    const { view } = viewOf(told);
    const change = view.apply(ref, eventAt(ref, 7, { from: 'Pending', to: null }));
    expect(change).toMatchObject({ type: 'DELETED' });
    expect(change?.current.object).toMatchObject({
      metadata: { name: 'x', labels: { app: '1' }, resourceVersion: '7' },
    });
  });
});
