// A user's plugin that throws, at each of its points: its pod waits or comes again, and the scheduler goes on.

import { expect, test } from 'vitest';
import type { Plugin } from '../../../../actors/scheduler/framework.ts';
import { profileOf } from '../../../../actors/scheduler/profile.ts';
import { SchedulerWorld } from '../../../kit/scheduler-world.ts';
import { aNode, aPod } from '../../../kit/scheduling.ts';

let failing = true;
const boom = (): undefined => {
  if (failing) throw new Error('boom');
  return undefined;
};
const points: Readonly<Record<string, Omit<Plugin, 'name'>>> = {
  preEnqueue: { preEnqueue: { preEnqueue: boom } },
  preFilter: { filter: { scope: 'cluster', preFilter: () => boom() ?? { kind: 'skip' }, wakesOn: () => false } },
  filter: { filter: { scope: 'cluster', preFilter: () => ({ kind: 'filter', filter: boom }), wakesOn: () => false } },
  preScore: { score: { scope: 'cluster', preScore: boom } },
  score: { score: { scope: 'cluster', preScore: () => () => boom() ?? 1 } },
  reserve: { reserve: { reserve: boom, unreserve: boom } },
  permit: { permit: { permit: () => boom() ?? { kind: 'allow' } } },
  preBind: { preBind: { preBind: () => boom() ?? { kind: 'done' } } },
};

test.each(Object.entries(points))('at %s', (point, plugin) => {
  failing = true;
  const profiles = [profileOf({}, [{ name: 'Mine', ...plugin }]), profileOf({ schedulerName: 'other' })];
  const world = new SchedulerWorld({ profiles })
    .sync({ nodes: [aNode('a'), aNode('b')] })
    .pod(aPod('p'))
    .settle();
  expect(world.nodeOf('p')).toBeUndefined();
  world.pod(aPod('q', { schedulerName: 'other' })).settle();
  expect(world.nodeOf('q')).toBeDefined();
  if (point !== 'preEnqueue')
    expect(world.notes.find(({ reason }) => reason === 'FailedScheduling')?.message).toContain('boom');
  failing = false;
  // What it was held for is looked at again when the pod changes, or after five minutes.
  world
    .pod(aPod('p', { generation: 2, labels: { a: 'b' } }))
    .settle()
    .advance(400_000);
  expect(world.nodeOf('p')).toBeDefined();
});

test.each(['filter', 'adjust'])('at %s, while promised pods are counted in: they take no room for good', (point) => {
  failing = true;
  const filter = () => (point === 'filter' ? boom() : undefined);
  const adjust = () => (point === 'adjust' ? boom() : undefined);
  const preFilter = () => ({ kind: 'filter', filter, adjust }) as const;
  const profiles = [profileOf({}, [{ name: 'Mine', filter: { scope: 'cluster', preFilter, wakesOn: () => false } }])];
  const promised = { priority: 10, cpu: '2', schedulingGates: [{ name: 'later' }] };
  const world = new SchedulerWorld({ profiles })
    .sync({ nodes: [aNode('a')] })
    .pod(aPod('p', { ...promised, status: { phase: 'Pending', nominatedNodeName: 'a' } }))
    .pod(aPod('q', { cpu: '2' }))
    .settle();
  expect(world.notes.find(({ reason }) => reason === 'FailedScheduling')?.message).toContain('boom');
  expect(world.nodeOf('q')).toBeUndefined();
  failing = false;
  world.advance(400_000);
  expect(world.nodeOf('q')).toBe('a');
});
