// Fan-out: what watchers of the same hear, when they come and go in the middle of it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AudienceSpec, FanOut, type Membership } from '../../../../infra/api/verbs/fan-out.ts';
import type { Clock } from '../../../../streams/base/clock.ts';
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

const change = (world: ApiWorld, text: string) =>
  world.update('configmaps', 'a', (object) => ({ ...object, data: { text } }));

describe('members of one audience', () => {
  test('get the same buffer, and each change is encoded once for all', async () => {
    const world = await apiWorld();
    let encoded = 0;
    const spec: AudienceSpec = { ...everything, frame: () => Buffer.from(`${++encoded};`) };
    const it = fanOut(world);
    const heard: Buffer[][] = [[], [], []];
    for (const frames of heard) it.join(spec, (bytes) => frames.push(bytes));
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
              const membership = it.join(everything, (bytes) => heard.push(bytes));
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
  for (const name of ['a', 'b', 'c']) it.join(audience(`name ${name}`, { name }), () => {});
  it.join(audience('default', { namespace: 'default' }), () => {});
  it.join(audience('elsewhere', { namespace: 'elsewhere' }), () => {});
  it.join(audience('all', {}), () => {});
  await world.create('configmaps', aConfigMap('b'));
  expect(asked.sort()).toEqual(['all', 'default', 'name b']);
});

test('the dearer a round is, the longer the next one gathers; a bookmark never overtakes', async () => {
  const world = await apiWorld();
  await world.create('configmaps', aConfigMap('a'));
  const timers = new VirtualClock();
  let spentMs = 0;
  const clock: Clock = { now: () => 0, monotonic: () => spentMs, after: (ms, fn) => timers.after(ms, fn) };
  const it = fanOut(world, clock);
  const heard: Buffer[] = [];
  let costMs = 30;
  const member = it.join(everything, (bytes) => {
    heard.push(bytes);
    spentMs += costMs;
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
});
