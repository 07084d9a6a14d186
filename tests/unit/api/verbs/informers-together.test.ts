// Informers side by side, of built-in and of custom objects: watchers of the same are one audience, and one that loses
// its connection must not take from the others, nor they from it. Pages read beside writers are those of one instant.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { ApiWorld, type Body } from '../../../kit/api-world.ts';
import { Informer } from '../../../kit/informer.ts';
import { definition, install, widget, widgetsPath } from '../crd/given-definition.ts';

const kinds = {
  configmaps: {
    path: '/api/v1/namespaces/default/configmaps',
    object: (name: string): Body => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }),
  },
  widgets: { path: widgetsPath, object: (name: string): Body => widget(name) },
};
type Played = (typeof kinds)['configmaps'];

const names = ['a', 'b', 'c', 'd', 'e'];
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constant('put' as const), fc.constantFrom(...names), fc.constantFrom('web', 'db')),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('delete' as const), fc.constantFrom(...names), fc.constant('')) },
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom('run', 'lose'), fc.constantFrom('0', '1', '2'), fc.constant('')) },
);
const steps = fc.array(step, { minLength: 5, maxLength: 40 });

async function worldWith({ path }: Played): Promise<ApiWorld> {
  const world = await ApiWorld.start();
  if (path === widgetsPath) await install(world, definition());
  return world;
}

async function put(
  world: ApiWorld,
  { path, object }: Played,
  { name, app, count }: { name: string; app: string; count: number },
) {
  const metadata = { name, labels: { app }, annotations: { count: String(count) } };
  const created = await world.ask(path, { method: 'POST', body: { ...object(name), metadata } });
  if (created.status === 201) return;
  const headers = { 'content-type': 'application/merge-patch+json' };
  await world.ok(`${path}/${name}`, { method: 'PATCH', headers, body: { metadata } });
}

const sorted = (objects: Iterable<AnyObject>) =>
  [...objects].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));

test.each(Object.entries(kinds))(
  'three informers of %s, two of them one audience, end with the server’s state',
  async (_, kind) => {
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom('', 'app=web', 'app!=web'), async (all, labelSelector) => {
        const world = await worldWith(kind);
        try {
          const options = { path: kind.path, labelSelector };
          const informers = [
            new Informer(world, { ...options, start: 'list' }),
            new Informer(world, { ...options, start: 'watch-list' }),
            new Informer(world, { path: kind.path, labelSelector: '', start: 'watch-list' }),
          ];
          for (const [count, [what, which, app]] of all.entries()) {
            if (what === 'put') await put(world, kind, { name: which, app, count });
            else if (what === 'delete') await world.ask(`${kind.path}/${which}`, { method: 'DELETE' });
            else if (what === 'run') await informers[Number(which)]?.run();
            else informers[Number(which)]?.lose();
          }
          for (const [index, informer] of informers.entries()) {
            await informer.run();
            const query =
              index === 2 || labelSelector === '' ? '' : `?labelSelector=${encodeURIComponent(labelSelector)}`;
            const { items } = await world.ok<{ items: AnyObject[] }>(`${kind.path}${query}`);
            expect(sorted(informer.store.values())).toEqual(items);
            expect(new Set(informer.seen).size).toBe(informer.seen.length);
          }
        } finally {
          await world.stop();
        }
      }),
      { numRuns: 60 },
    );
  },
);

test.each(Object.entries(kinds))('pages of %s read beside writers are those of one instant', async (_, kind) => {
  await fc.assert(
    fc.asyncProperty(steps, steps, fc.integer({ min: 1, max: 3 }), async (before, meanwhile, limit) => {
      const world = await worldWith(kind);
      const write = async ([what, name, app]: (typeof before)[number], count: number) => {
        if (what === 'put') await put(world, kind, { name, app, count });
        else if (what === 'delete') await world.ask(`${kind.path}/${name}`, { method: 'DELETE' });
      };
      try {
        for (const [count, one] of before.entries()) await write(one, count);
        const whole = await world.ok<{ items: AnyObject[] }>(kind.path);
        const paged: AnyObject[] = [];
        let token = '';
        for (let page = 0; page === 0 || token !== ''; page++) {
          const next = await world.ok<{ metadata: { continue?: string }; items: AnyObject[] }>(
            `${kind.path}?limit=${limit}${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`,
          );
          paged.push(...next.items);
          token = next.metadata.continue ?? '';
          for (const [count, one] of meanwhile.slice(page * 5, page * 5 + 5).entries()) await write(one, 1_000 + count);
        }
        expect(paged).toEqual(whole.items);
      } finally {
        await world.stop();
      }
    }),
    { numRuns: 40 },
  );
});
