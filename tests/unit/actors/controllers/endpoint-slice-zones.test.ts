// Zones' shares of the cluster's CPUs, as nodes come, change and go, also while nobody listens.

import { expect, test } from 'vitest';
import { Zones } from '../../../../actors/controllers/endpoint-slice-zones.ts';
import { defined } from '../../../../streams/base/assert.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { Node } from '../../../../streams/resources/node.ts';
import type { ObjectReader } from '../../../../streams/views/object-reader.ts';
import { worldOf } from '../../../kit/given-world.ts';
import { aNode } from '../../../kit/workloads.ts';

function zoned(zone: string, ready: 'True' | 'Unknown'): Node {
  const node = aNode(`of-${zone}`, { ready, labels: { 'topology.kubernetes.io/zone': zone } });
  return { ...node, status: { ...node.status, allocatable: { cpu: '2' } } };
}

test('who begins to listen again knows of nodes that fell silent meanwhile, and of no others', () => {
  let view = worldOf(zoned('a', 'True'), zoned('b', 'True'));
  const world = { list: (...asked) => view.list(...asked) } as Pick<ObjectReader, 'list'> as ObjectReader;
  const zones = new Zones();
  expect(zones.shares(world)?.size).toBe(2);
  view = worldOf(zoned('a', 'Unknown'), zoned('b', 'Unknown'));
  for (const name of ['of-a', 'of-b']) {
    const current = defined(view.stored(resources.nodes, { name }), 'the node is there');
    zones.heed({ type: 'ADDED', ref: current.ref, current, previous: undefined });
  }
  expect(zones.shares(world)).toBeUndefined();
});
