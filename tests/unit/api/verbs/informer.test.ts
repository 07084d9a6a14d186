// Informer equivalence: whatever happens to the objects, the connection and the server, a client that lists, watches
// and resumes ends with the server's state; it hears of each change once and misses none.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { ApiWorld } from '../../../kit/api-world.ts';
import { Informer, type InformerOptions } from '../../../kit/informer.ts';

type Step =
  | { readonly do: 'put'; readonly name: string; readonly label: string }
  | { readonly do: 'delete'; readonly name: string }
  | { readonly do: 'run' | 'lose' | 'restart' | 'wait' };

const names = ['a', 'b', 'c', 'd'];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      name: fc.constantFrom(...names),
      label: fc.constantFrom('web', 'db'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), name: fc.constantFrom(...names) }) },
  { weight: 4, arbitrary: fc.constant({ do: 'run' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'lose' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'wait' as const }) },
);

const scenario = fc.record({
  start: fc.constantFrom('list' as const, 'watch-list' as const),
  labelSelector: fc.constantFrom('', 'app=web', 'app!=web', 'app'),
  steps: fc.array(step, { minLength: 5, maxLength: 50 }),
});

const kinds = {
  configmaps: { path: '/api/v1/namespaces/default/configmaps', apiVersion: 'v1', kind: 'ConfigMap' },
  leases: {
    path: '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
  },
};

async function play(
  world: ApiWorld,
  { path, apiVersion, kind }: (typeof kinds)['configmaps'],
  { steps, ...options }: { steps: readonly Step[] } & Omit<InformerOptions, 'path'>,
): Promise<Informer> {
  const informer = new Informer(world, { path, ...options });
  let count = 0;
  for (const taken of steps) {
    switch (taken.do) {
      case 'put': {
        const annotations = { count: String(count++) };
        const body = { apiVersion, kind, metadata: { name: taken.name, labels: { app: taken.label }, annotations } };
        const created = await world.ask(path, { method: 'POST', body });
        if (created.status === 201) break;
        const headers = { 'content-type': 'application/merge-patch+json' };
        await world.ok(`${path}/${taken.name}`, { method: 'PATCH', headers, body: { metadata: body.metadata } });
        break;
      }
      case 'delete':
        await world.ask(`${path}/${taken.name}`, { method: 'DELETE' });
        break;
      case 'run':
        await informer.run();
        break;
      case 'lose':
        informer.lose();
        break;
      case 'restart':
        informer.lose();
        await world.restart();
        break;
      case 'wait':
        await world.clock.advance(61_000);
        break;
    }
  }
  await informer.run();
  return informer;
}

async function state(world: ApiWorld, path: string, labelSelector: string): Promise<AnyObject[]> {
  const query = labelSelector === '' ? '' : `?labelSelector=${encodeURIComponent(labelSelector)}`;
  return (await world.ok<{ items: AnyObject[] }>(`${path}${query}`)).items;
}

function sorted(objects: Iterable<AnyObject>): AnyObject[] {
  return [...objects].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

test.each(Object.entries(kinds))('an informer of %s ends with the server’s state', async (_, kind) => {
  await fc.assert(
    fc.asyncProperty(scenario, async (asked) => {
      const world = await ApiWorld.start();
      // A revision of 0 means any to a watch: there is one lease before the first informer, as there is on any cluster.
      await world.create('leases.coordination.k8s.io', {
        metadata: { name: 'n', namespace: 'kube-node-lease' },
        spec: {},
      });
      try {
        const informer = await play(world, kind, asked);
        expect(sorted(informer.store.values())).toEqual(await state(world, kind.path, asked.labelSelector));
      } finally {
        await world.stop();
      }
    }),
    { numRuns: 150 },
  );
});

test('an informer of everything hears of every change exactly once, across every break', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (asked) => {
      const world = await ApiWorld.start();
      try {
        const informer = await play(world, kinds.configmaps, { ...asked, labelSelector: '' });
        const events = await world.events();
        const recorded = events
          .filter(({ subject, revision }) => subject.startsWith('log._.configmaps.') && revision > informer.listedAt)
          .map(({ revision }) => revision);
        expect(informer.seen).toEqual(recorded);
        // The log keeps its history: a break is never a reason to list again.
        expect(informer.lists).toBe(1);
      } finally {
        await world.stop();
      }
    }),
    { numRuns: 150 },
  );
});
