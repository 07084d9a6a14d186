import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Revision, revision } from '../../../../streams/base/brand.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import { ObjectView } from '../../../../streams/views/object-view.ts';
import { eventAt, naively, recordedFrom, steps } from './history.ts';

const object = (kind: string, name: string, namespace?: string): AnyObject => ({
  kind,
  apiVersion: 'v1',
  metadata: { name, uid: `uid-of-${name}`, ...(namespace && { namespace }) },
});
const podRef = (name: string) => ({ group: '', resource: 'pods', namespace: 'default', name });
const pod = (name: string, at: number) => eventAt(podRef(name), at, { object: object('Pod', name, 'default') });
const nodeRef = (name: string) => ({ group: '', resource: 'nodes', namespace: '', name });
const node = (name: string, at: number) => eventAt(nodeRef(name), at, { object: object('Node', name) });
const lease = (name: string, at: number) =>
  eventAt({ group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease', name }, at, {
    object: object('Lease', name, 'kube-node-lease'),
    stream: 'LEASE',
  });

test('a view reads what its events amount to', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const told = recordedFrom(all);
      const view = new ObjectView();
      for (const { event } of told) view.apply(event);
      const at = told.at(-1)?.event.revision ?? 0;
      expect(view.list(resources.pods)).toEqual([...naively(told, at).values()]);
      expect(view.revision('LOG')).toBe(at);
    }),
  );
});

describe('whoever waits for a revision goes on', () => {
  test('once the view has taken it in, and not before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 20 }),
        async (distances, wanted) => {
          const view = new ObjectView();
          const woken: { wanted: number; at: number }[] = [];
          const waits = wanted.map((each) =>
            view.reached('LOG', each as Revision).then(() => woken.push({ wanted: each, at: view.revision('LOG') })),
          );
          let at = 0;
          const passed = [0];
          await Promise.resolve();
          for (const distance of distances) {
            at += distance;
            view.apply(pod('p', at));
            passed.push(at);
            await Promise.resolve();
          }
          await Promise.all(waits.filter((_, i) => (wanted[i] ?? 0) <= at));
          expect(woken.map(({ wanted: each }) => each).sort((a, b) => a - b)).toEqual(
            wanted.filter((each) => each <= at).sort((a, b) => a - b),
          );
          for (const { wanted: each, at: then } of woken) expect(then).toBe(passed.find((revised) => revised >= each));
        },
      ),
    );
  });

  test('each stream by itself', async () => {
    const view = new ObjectView();
    let reached = false;
    const waits = view.reached('LEASE', revision(1)).then(() => {
      reached = true;
    });
    view.apply(pod('p', 5));
    await Promise.resolve();
    expect(reached).toBe(false);
    view.apply(lease('n', 1));
    await waits;
    expect(view.revision('LOG')).toBe(5);
    expect(view.revision('LEASE')).toBe(1);
  });

  test('also by booting up to it', async () => {
    const view = new ObjectView();
    const waits = view.reached('LOG', revision(7));
    view.load([pod('p', 3)]);
    view.loaded('LOG', revision(7));
    await waits;
    expect(view.revision('LOG')).toBe(7);
  });

  test('at once where it is there already', async () => {
    const view = new ObjectView();
    view.apply(pod('p', 2));
    await view.reached('LOG', revision(2));
    await view.reached('LOG', revision(0));
  });

  test('even where the event is none of ours', async () => {
    const view = new ObjectView();
    const waits = view.reached('LOG', revision(3));
    expect(view.apply({ ...pod('p', 3), subject: 'log.odd' as never })).toBeUndefined();
    await waits;
  });
});

describe('the view', () => {
  test('refuses to go back, because an event applied twice or out of order is a broken tail', () => {
    const view = new ObjectView();
    view.apply(pod('p', 4));
    expect(() => view.apply(pod('q', 4))).toThrow('event 4 of LOG comes after 4');
    expect(() => view.apply(pod('q', 3))).toThrow('event 3 of LOG comes after 4');
    view.apply(lease('n', 1));
  });

  test('tells the resource first, then everybody, when the object can be read', () => {
    const view = new ObjectView();
    const heard: string[] = [];
    view.listen(({ ref }) => heard.push(`all ${ref.name}`));
    view.resource(resources.pods).listen(({ ref }) => {
      heard.push(`pods ${ref.name} ${view.get(resources.pods, ref)?.metadata.name} at ${view.revision('LOG')}`);
    });
    view.apply(pod('p', 1));
    view.apply(node('n', 2));
    expect(heard).toEqual(['pods p p at 1', 'all p', 'all n']);
  });

  test('reads objects with and without a namespace', () => {
    const view = new ObjectView();
    view.apply(pod('x', 1));
    view.apply(node('x', 2));
    expect(view.get(resources.nodes, { name: 'x' })?.kind).toBe('Node');
    expect(view.get(resources.nodes, { namespace: '', name: 'x' })?.kind).toBe('Node');
    expect(view.get(resources.pods, { namespace: 'default', name: 'x' })?.kind).toBe('Pod');
    expect(view.get(resources.pods, { name: 'x' })).toBeUndefined();
    expect(view.list(resources.nodes, { namespace: '' })).toHaveLength(1);
    expect(view.list(resources.pods, { namespace: '' })).toHaveLength(1);
    expect(view.list(resources.pods, { namespace: 'other' })).toEqual([]);
  });

  test('knows the resources it has seen, and those it was asked for begin at the floor of their stream', () => {
    const view = new ObjectView();
    view.load([pod('p', 2)]);
    view.loaded('LOG', revision(6));
    view.loaded('LEASE', revision(3));
    expect(view.resource(resources.nodes).floor).toBe(6);
    expect(view.resource(resources.leases).floor).toBe(3);
    expect(view.resources()).toEqual([resources.pods, resources.nodes, resources.leases]);
  });
});
