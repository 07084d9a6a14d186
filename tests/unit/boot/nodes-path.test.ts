// What `/shiplog/v1/nodes` refuses, whoever asks with whatever.

import { expect, test } from 'vitest';
import { nodesPath } from '../../../infra/boot/nodes-path.ts';
import { NodeCluster } from '../../kit/node-cluster.ts';
import { ownPathCall } from '../../kit/own-path-call.ts';

async function asked(action: string, body: unknown): Promise<{ cluster: NodeCluster; answer: Promise<void> }> {
  const cluster = await NodeCluster.start({ nodes: { nodesMax: 2 } });
  const { nodes, view, clock } = cluster;
  const path = nodesPath({ nodes: () => nodes, elsewhere: () => '', view, clock });
  const call = ownPathCall({ method: 'POST', path: `/shiplog/v1/nodes/${action}`, body });
  return { cluster, answer: Promise.resolve(path(call, [action])) };
}

test.each(['constructor', 'toString', '__proto__', 'burn'])('%s is no action', async (action) => {
  const { answer } = await asked(action, {});
  await expect(answer).rejects.toThrow('the server could not find the requested resource');
});

const mistakes: readonly (readonly [string, unknown, string])[] = [
  ['add', [], 'the body must be a JSON object'],
  ['add', { count: 0 }, 'the count must be a whole number from 1 to 20000'],
  ['add', { prefix: 5 }, 'the prefix must be a text'],
  ['add', { prefix: 'a..b' }, 'the prefix must be'],
  ['add', { prefix: 'a.-b' }, 'the prefix must be'],
  ['add', { prefix: 'a'.repeat(58) }, 'the prefix must be'],
  ['add', { count: 2 }, 'there are addresses for 2 simulated nodes and 1 are left'],
  ['add', { profile: {} }, 'the profile must be a text: the name of one, or one in YAML'],
  ['add', { profile: 'constructor' }, 'there is no profile constructor'],
  ['crash', { names: 'node-1' }, 'names must be a list of nodes'],
  ['crash', { names: ['toString'] }, 'there is no simulated node "toString"; there are: node-1'],
];

test.each(mistakes)('%s %j is refused: %s', async (action, body, text) => {
  const { cluster, answer } = await asked(action, body);
  await expect(answer).rejects.toThrow(text);
  expect(cluster.nodes.names).toEqual(['node-1']);
});
