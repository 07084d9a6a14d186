// What controllers tell of objects, as the core Events people read.

import { expect, test } from 'vitest';
import type { CoreEvent } from '../../../../streams/resources/config.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { Node } from '../../../../streams/resources/node.ts';
import { simulatedCluster } from '../../../kit/simulated-cluster.ts';

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
