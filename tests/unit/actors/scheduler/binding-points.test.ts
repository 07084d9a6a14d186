// Reserve, Permit and PreBind: what is taken is given back, whoever has to wait waits, and others are served meanwhile.

import { describe, expect, test } from 'vitest';
import type { Write } from '../../../../actors/kit/write.ts';
import type { Permission, Plugin, Preparation } from '../../../../actors/scheduler/framework.ts';
import { profileOf } from '../../../../actors/scheduler/profile.ts';
import { resources } from '../../../../streams/resources/names.ts';
import { SchedulerWorld } from '../../../kit/scheduler-world.ts';
import { aNode, aPod } from '../../../kit/scheduling.ts';

const worldWith = (...plugins: Plugin[]) =>
  new SchedulerWorld({ profiles: [profileOf({}, plugins)] }).sync({ nodes: [aNode('a', { cpu: '1' })] });
const p = aPod('p', { cpu: '1' });
const told = ({ notes }: SchedulerWorld) => notes.map(({ reason, message }) => `${reason}: ${message}`);
const no = { plugin: 'Mine', reasons: ['not now'], resolvable: true };

/** Keeps a book of what is reserved. */
function booking(refuses: () => boolean = () => false) {
  const booked = new Set<string>();
  const plugin: Plugin = {
    name: 'Book',
    reserve: {
      reserve({ name }) {
        if (refuses()) return { plugin: 'Book', reasons: ['fully booked'], resolvable: false };
        booked.add(name);
        return undefined;
      },
      unreserve: ({ name }) => void booked.delete(name),
    },
  };
  return { booked, plugin };
}

describe('what a plugin reserved', () => {
  test('is kept when the pod is bound', () => {
    const { booked, plugin } = booking();
    const world = worldWith(plugin).pod(p).settle();
    expect([world.nodeOf('p'), ...booked]).toEqual(['a', 'p']);
  });

  test('is given back when the binding is refused, the pod deleted, or another plugin says no', () => {
    const refused = booking();
    worldWith(refused.plugin).pod(p).work().answer(undefined, { kind: 'failed', reason: 'Forbidden', message: 'no' });
    const deleted = booking();
    worldWith(deleted.plugin).pod(p).work().removePod('uid-of-p');
    const other = booking();
    const world = worldWith(other.plugin, { ...booking(() => true).plugin, name: 'Later' })
      .pod(p)
      .settle();
    expect([...refused.booked, ...deleted.booked, ...other.booked]).toEqual([]);
    expect(told(world)).toEqual(['FailedScheduling: 0/1 nodes are available: 1 fully booked.']);
    expect(world.scheduler.cluster.node('a')?.pods.size).toBe(0);
  });
});

describe('a Permit plugin', () => {
  const permitting = (answer: () => Permission): Plugin => ({ name: 'Mine', permit: { permit: () => answer() } });

  test('holds a pod back until it allows it, and the promise is told', () => {
    let answer: Permission = { kind: 'wait', timeoutMs: 60_000 };
    const world = worldWith(permitting(() => answer))
      .pod(p)
      .settle();
    expect([world.nodeOf('p'), world.byName('p')?.status?.nominatedNodeName]).toEqual([undefined, 'a']);
    answer = { kind: 'allow' };
    // Any pod that is placed makes it look again.
    world.pod(aPod('q', { nodeName: 'a' })).settle();
    expect(world.nodeOf('p')).toBe('a');
  });

  test('gives up after its time', () => {
    const world = worldWith(permitting(() => ({ kind: 'wait', timeoutMs: 5_000 })))
      .pod(p)
      .settle();
    world.advance(4_000);
    expect(told(world)).toEqual([]);
    world.advance(1_000);
    expect(told(world)[0]).toBe(
      'FailedScheduling: 0/1 nodes are available: 1 rejected due to timeout after waiting 5s at plugin Mine.',
    );
  });

  test('that denies sends the pod back, and its room to the next', () => {
    const world = worldWith(permitting(() => ({ kind: 'deny', rejection: no })))
      .pod(p)
      .settle();
    expect(told(world)).toEqual(['FailedScheduling: 0/1 nodes are available: 1 not now.']);
    expect(world.scheduler.cluster.node('a')?.milliCpu).toBe(0);
  });

  test('whose pod is denied hears of what happened while the pod was out', () => {
    let answer: Permission = { kind: 'wait', timeoutMs: 60_000 };
    const world = worldWith({
      ...permitting(() => answer),
      filter: {
        scope: 'cluster',
        preFilter: () => ({ kind: 'skip' }),
        wakesOn: (event) => event.kind === 'nodeAdded',
      },
    });
    world.pod(p).settle().node(aNode('b'));
    answer = { kind: 'deny', rejection: no };
    world.pod(aPod('q', { nodeName: 'a' }));
    answer = { kind: 'allow' };
    world.settle();
    // The node came before it was denied: nothing else would wake it for five minutes.
    expect(world.nodeOf('p')).toBeDefined();
  });
});

describe('a PreBind plugin', () => {
  const claims = resources.persistentVolumeClaims;
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'c', namespace: 'default', uid: 'u' },
  };
  const preparing = (answer: () => Preparation): Plugin => ({
    name: 'Mine',
    preBind: { watches: [claims], preBind: () => answer() },
  });

  test('writes before the binding is asked for', () => {
    const mark: Write = { kind: 'delete', resource: resources.pods, namespace: 'default', name: 'x', uid: 'uid-of-x' };
    let written = false;
    const world = worldWith(
      preparing(() => {
        if (written) return { kind: 'done' };
        written = true;
        return { kind: 'write', writes: [mark] };
      }),
    );
    world.record(aPod('x'));
    world.pod(p).work();
    expect(world.writes.map(({ write }) => write.kind)).not.toContain('bind');
    world.settle();
    expect([world.nodeOf('p'), world.pods.has('uid-of-x')]).toEqual(['a', false]);
  });

  test('whose write is refused makes the pod come again', () => {
    let failing = true;
    const world = worldWith(
      preparing(() =>
        failing
          ? {
              kind: 'write',
              writes: [{ kind: 'delete', resource: claims, namespace: 'default', name: 'x', uid: 'none' }],
            }
          : { kind: 'done' },
      ),
    );
    world.pod(p).settle();
    expect(told(world)[0]).toBe('FailedScheduling: running PreBind plugin "Mine": pods "x" not found');
    failing = false;
    world.advance(10_000);
    expect(world.nodeOf('p')).toBe('a');
  });

  test('waits for an object it watches while others are bound', () => {
    let ready = false;
    const world = new SchedulerWorld({
      profiles: [
        profileOf({}, [
          {
            name: 'Mine',
            preBind: {
              watches: [claims],
              preBind: ({ name }) =>
                name !== 'p' || ready ? { kind: 'done' } : { kind: 'wait', timeoutMs: 60_000, message: 'no claim' },
            },
          },
        ]),
      ],
    }).sync({ nodes: [aNode('a')] });
    world
      .pod(p)
      .settle()
      .pod(aPod('q', { cpu: '1' }))
      .settle();
    expect([world.nodeOf('p'), world.nodeOf('q')]).toEqual([undefined, 'a']);
    expect(world.scheduler.explain({ namespace: 'default', name: 'p', uid: 'uid-of-p' })).toMatchObject({
      node: 'a',
      queue: { place: 'binding' },
    });
    ready = true;
    world.object(claim, claims).settle();
    expect(world.nodeOf('p')).toBe('a');
  });

  test('is asked again only when what it named has changed', () => {
    let asked = 0;
    const on = [{ resource: claims, namespace: 'default', name: 'c' }];
    const world = worldWith(
      preparing(() => {
        asked++;
        return { kind: 'wait', timeoutMs: 60_000, message: 'no claim', on };
      }),
    )
      .pod(p)
      .settle();
    const before = asked;
    world.object({ ...claim, metadata: { ...claim.metadata, name: 'd' } }, claims).settle();
    world.pod(aPod('q', { nodeName: 'a' })).settle();
    expect(asked).toBe(before);
    world.object(claim, claims).settle();
    expect(asked).toBe(before + 1);
    world.advance(60_000);
    expect(told(world)[0]).toBe('FailedScheduling: running PreBind plugin "Mine": no claim');
  });

  test('that waits too long fails with what it waited for', () => {
    const world = worldWith(preparing(() => ({ kind: 'wait', timeoutMs: 2_000, message: 'no claim' })))
      .pod(p)
      .settle();
    world.advance(2_000);
    expect(told(world)[0]).toBe('FailedScheduling: running PreBind plugin "Mine": no claim');
  });

  test('is not asked any more once the scheduler stops', () => {
    const world = worldWith(preparing(() => ({ kind: 'wait', timeoutMs: 60_000, message: 'no claim' })))
      .pod(p)
      .settle();
    expect(world.send({ type: 'stop' }).state).toBe('stopped');
  });
});
