// What controllers tell of objects, as the core Events people read.

import { expect, test } from 'vitest';
import type { Note } from '../../../../actors/kit/write.ts';
import type { CoreEvent } from '../../../../streams/resources/config.ts';
import { timestamp } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { Node } from '../../../../streams/resources/node.ts';
import { simulatedCluster } from '../../../kit/simulated-cluster.ts';

/** What was told of an object, by its words. */
async function told(count: number, of: (index: number) => Partial<Note>) {
  const { clock, view, writer } = await simulatedCluster({ seed: 1, nodes: 1 });
  const [node] = view.list<Node>(resources.nodes);
  if (node === undefined) throw new Error('there is no node');
  const note = { regarding: node, type: 'Normal', component: 'test', reason: 'Told', message: 'of it' } as const;
  for (let index = 0; index < count; index++) {
    writer.note({ ...note, ...of(index) }, context);
    await clock.advance(10);
  }
  return view
    .list<CoreEvent>(resources.events)
    .filter(({ reason }) => reason === 'Told')
    .map(({ message, count }) => `${message}: ${count}`);
}

const context = { user: 'test', agent: 'test', cause: null };

test('what is told several times at once is one event that counts', async () => {
  const { clock, view, writer } = await simulatedCluster({ seed: 1, nodes: 1 });
  const [node] = view.list<Node>(resources.nodes);
  if (node === undefined) throw new Error('there is no node');
  const note = { regarding: node, type: 'Normal', component: 'test', reason: 'Told', message: 'of it' } as const;
  for (let times = 0; times < 3; times++) writer.note(note, context);
  writer.note({ ...note, message: 'of something else' }, context);
  await clock.advance(1_000);
  const told = view.list<CoreEvent>(resources.events).filter(({ reason }) => reason === 'Told');
  expect(told.map(({ message, count }) => [message, count]).sort()).toEqual([
    ['of it', 3],
    ['of something else', 1],
  ]);
});

test('from the tenth on, notes that differ in their words are one event with the newest of them', async () => {
  const lines = await told(15, (index) => ({ message: `of ${index}` }));
  expect(lines).toEqual([
    ...Array.from({ length: 9 }, (_, index) => `of ${index}: 1`),
    '(combined from similar events): of 14: 6',
  ]);
});

test('a source tells twenty-five notes of an object, and what it says of others is not held against it', async () => {
  expect(await told(40, () => ({}))).toEqual(['of it: 25']);
  const lines = await told(40, (index) => (index % 2 === 0 ? {} : { component: 'another' }));
  expect(lines).toEqual(['of it: 20', 'of it: 20']);
});

test('what was held back at first has happened all the same: its event says how often, and since when', async () => {
  const { clock, view, writer } = await simulatedCluster({ seed: 1, nodes: 1 });
  const [node] = view.list<Node>(resources.nodes);
  if (node === undefined) throw new Error('there is no node');
  const note = { regarding: node, type: 'Normal', component: 'test', reason: 'Told', message: 'of it' } as const;
  for (let times = 0; times < 25; times++) writer.note(note, context);
  const firstTimestamp = timestamp(clock.now());
  for (let times = 0; times < 3; times++) writer.note({ ...note, message: 'of more' }, context);
  await clock.advance(300_000);
  writer.note({ ...note, message: 'of more' }, context);
  await clock.advance(10);
  const [more] = view.list<CoreEvent>(resources.events).filter(({ message }) => message === 'of more');
  expect(more).toMatchObject({ count: 4, firstTimestamp });
});
