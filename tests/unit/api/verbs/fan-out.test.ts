// Fan-out: what watchers of the same hear, when they come and go in the middle of it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AudienceSpec, FanOut, type Membership, type Outlet } from '../../../../infra/api/verbs/fan-out.ts';
import type { Clock } from '../../../../streams/base/clock.ts';
import { limits } from '../../../../streams/base/limits.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';
import { aConfigMap } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, settled } from '../../../kit/api-world.ts';

const resource = { group: '', resource: 'configmaps' } as const;

const everything: AudienceSpec = {
  resource,
  key: 'all',
  narrowing: {},
  frame: ({ current }) => Buffer.from(`${current.revision} `),
};

function revisions(heard: readonly Buffer[]): readonly number[] {
  return Buffer.concat(heard).toString().split(' ').filter(Boolean).map(Number);
}

function fanOut(world: ApiWorld, clock: Clock = world.clock): FanOut {
  return new FanOut({ view: world.stack.view, clock });
}

/** Has room for everything. */
function into(heard: Buffer[]): Outlet {
  return { write: (bytes) => heard.push(bytes) > 0, drained: () => Promise.resolve(), cutOff() {} };
}

/** Has room for nothing but what it has just taken, until it is emptied. */
class FullOutlet implements Outlet {
  readonly heard: Buffer[] = [];
  cut = false;
  empty: () => void = () => {};

  write(bytes: Buffer): boolean {
    this.heard.push(bytes);
    return false;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.empty = resolve;
    });
  }

  cutOff(): void {
    this.cut = true;
  }
}

const change = (world: ApiWorld, text: string) =>
  world.update('configmaps', 'a', (object) => ({ ...object, data: { text } }));

describe('members of one audience', () => {
  test('get the same buffer, and each change is encoded once for all', async () => {
    const world = await apiWorld();
    let encoded = 0;
    const spec: AudienceSpec = { ...everything, frame: () => Buffer.from(`${++encoded};`) };
    const it = fanOut(world);
    const heard: Buffer[][] = [[], [], []];
    for (const frames of heard) it.join(spec, into(frames));
    await world.create('configmaps', aConfigMap('a'));
    await settled();
    expect(heard.map((frames) => Buffer.concat(frames).toString())).toEqual(['1;', '1;', '1;']);
    expect(new Set(heard.flat()).size).toBe(1);
  });

  test('hear each change after they joined exactly once, in order, whoever comes and goes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('join', 'leave', 'write', 'turn', 'catch up'), { maxLength: 40 }),
        async (steps) => {
          const world = await apiWorld();
          await world.create('configmaps', aConfigMap('a'));
          const { view } = world.stack;
          const it = fanOut(world);
          const members: { from: number; to?: number; heard: Buffer[]; membership: Membership }[] = [];
          for (const [index, step] of steps.entries()) {
            const last = members.findLast(({ to }) => to === undefined);
            if (step === 'join') {
              const heard: Buffer[] = [];
              const membership = it.join(everything, into(heard));
              members.push({ from: view.revision('LOG'), heard, membership });
            } else if (step === 'write') await change(world, String(index));
            else if (step === 'turn') await settled();
            else if (last !== undefined) {
              last.membership.catchUp();
              if (step === 'leave') last.membership.leave();
              if (step === 'leave') last.to = view.revision('LOG');
            }
          }
          await settled();
          const all = view.resource(resource).changesAfter(0 as never) ?? [];
          for (const { from, to = Number.POSITIVE_INFINITY, heard } of members) {
            const due = all
              .map(({ current }) => current.revision)
              .filter((revision) => revision > from && revision <= to);
            expect(revisions(heard)).toEqual(due);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a member whose connection is full', () => {
  test('is passed over, and goes on where it was once there is room', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const it = fanOut(world);
    const [slow, quick] = [new FullOutlet(), [] as Buffer[]];
    const member = it.join(everything, slow);
    it.join(everything, into(quick));
    for (const text of ['1', '2', '3']) {
      await change(world, text);
      await settled();
    }
    expect(revisions(quick)).toHaveLength(3);
    expect(slow.heard).toHaveLength(1);
    expect(member.catchUp()).toBe(false);
    slow.empty();
    await settled();
    expect(revisions(slow.heard)).toEqual(revisions(quick));
    expect(slow.heard).toHaveLength(2);
    expect(member.catchUp()).toBe(true);
  });

  test('gets what it has missed in pieces', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const bytes = Buffer.alloc(100_000);
    const slow = new FullOutlet();
    fanOut(world).join({ ...everything, frame: () => bytes }, slow);
    for (let n = 0; n < 7; n++) await change(world, String(n));
    for (let n = 0; n < 4; n++) {
      await settled();
      slow.empty();
    }
    expect(slow.heard.map(({ length }) => length / bytes.length)).toEqual([2, 2, 2, 1]);
  });

  test('is cut off at a bound, and nobody else is', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const bytes = Buffer.alloc(limits.watchPendingBytesMax / 4);
    const it = fanOut(world);
    const [slow, quick] = [new FullOutlet(), [] as Buffer[]];
    it.join({ ...everything, frame: () => bytes }, slow);
    it.join({ ...everything, frame: () => bytes }, into(quick));
    for (let n = 0; n < 5; n++) {
      await change(world, String(n));
      await settled();
      expect(slow.cut).toBe(false);
    }
    await change(world, 'last');
    await settled();
    expect({ cut: slow.cut, heard: slow.heard.length, quick: quick.length }).toEqual({ cut: true, heard: 1, quick: 6 });
    slow.empty();
    await settled();
    expect(slow.heard).toHaveLength(1);
  });
});

test('a member that has room is told all that has gathered, without a pause and without being cut off', async () => {
  const world = await apiWorld();
  await world.create('configmaps', aConfigMap('a'));
  const timers = new VirtualClock();
  let nowMs = 0;
  const clock: Clock = { now: () => 0, monotonic: () => nowMs, after: (ms, fn) => timers.after(ms, fn) };
  const bytes = Buffer.alloc(limits.watchPendingBytesMax / 4);
  const heard: Buffer[] = [];
  let cut = false;
  const outlet: Outlet = {
    ...into(heard),
    write: (frames) => {
      nowMs += 30;
      return heard.push(frames) > 0;
    },
    cutOff: () => {
      cut = true;
    },
  };
  fanOut(world, clock).join({ ...everything, frame: () => bytes }, outlet);
  for (let n = 0; n < 8; n++) {
    await change(world, String(n));
    await settled();
  }
  expect(heard).toHaveLength(1);
  // One round waits for more to come; those that tell the rest do not.
  await timers.advance(40);
  for (let n = 0; n < 7; n++) await settled();
  expect({ cut, heard: heard.length }).toEqual({ cut: false, heard: 8 });
});

test('a change reaches only the audiences it can concern', async () => {
  const world = await apiWorld();
  const it = fanOut(world);
  const asked: string[] = [];
  const audience = (key: string, narrowing: AudienceSpec['narrowing']): AudienceSpec => ({
    resource,
    key,
    narrowing,
    frame: () => {
      asked.push(key);
      return undefined;
    },
  });
  for (const name of ['a', 'b', 'c']) it.join(audience(`name ${name}`, { name }), into([]));
  it.join(audience('default', { namespace: 'default' }), into([]));
  it.join(audience('elsewhere', { namespace: 'elsewhere' }), into([]));
  it.join(audience('all', {}), into([]));
  await world.create('configmaps', aConfigMap('b'));
  expect(asked.sort()).toEqual(['all', 'default', 'name b']);
});

test('the dearer a round is, the longer the next one gathers; a bookmark never overtakes', async () => {
  const world = await apiWorld();
  await world.create('configmaps', aConfigMap('a'));
  const timers = new VirtualClock();
  let nowMs = 0;
  const clock: Clock = { now: () => 0, monotonic: () => nowMs, after: (ms, fn) => timers.after(ms, fn) };
  const it = fanOut(world, clock);
  const heard: Buffer[] = [];
  let costMs = 30;
  const member = it.join(everything, {
    ...into(heard),
    write: (bytes) => {
      nowMs += costMs;
      return heard.push(bytes) > 0;
    },
  });
  await change(world, '1');
  await settled();
  expect(heard).toHaveLength(1);
  costMs = 0;
  await change(world, '2');
  await settled();
  await change(world, '3');
  expect(heard).toHaveLength(1);
  member.catchUp();
  expect(revisions(heard)).toHaveLength(3);
  await change(world, '4');
  await timers.advance(40);
  expect(revisions(heard)).toHaveLength(4);
  costMs = 30;
  await change(world, '5');
  await settled();
  expect(revisions(heard)).toHaveLength(5);
  // Where nothing has happened for a while, nothing waits.
  nowMs += 100;
  await change(world, '6');
  await settled();
  expect(revisions(heard)).toHaveLength(6);
});
