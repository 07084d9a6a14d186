// @kubernetes/client-node as it is, installed beside the program and not among the project's own packages.

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunningCluster, run } from '../../kit/running-cluster.ts';
import { factsOf, prepare, sourceOf } from './program.ts';

const source = sourceOf('js');
const manifests = ['package.json', 'package-lock.json'];

const directory = await prepare({
  client: 'js',
  needs: ['npm'],
  manifests,
  download: (into) => {
    for (const file of manifests) copyFileSync(join(source, file), join(into, file));
    return run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: into });
  },
});

describe.skipIf(directory === undefined)('the JavaScript client', () => {
  const cluster = new RunningCluster();
  const program = join(directory ?? '', 'client.mjs');
  const facts = (command: string) => factsOf(cluster, [process.execPath, program, command]);

  beforeAll(async () => {
    copyFileSync(join(source, 'client.mjs'), program);
    await cluster.start();
  });
  afterAll(() => cluster.dispose());

  test('creates, replaces, pages and removes, and reads the reason of every refusal', async () => {
    expect(await facts('objects')).toEqual([
      'made: värde AP8= true',
      'replaced: two stale: 409 Conflict',
      'made twice: 409 AlreadyExists',
      'not there: 404 NotFound',
      'no pod: 422 Invalid',
      'in pages: 25 3',
      'left: 0',
      'version: 36 may create pods: true',
    ]);
  });

  test('patches a deployment in every way and sees it run', async () => {
    expect(await facts('patches')).toEqual([
      'strategic: side,main',
      'json: side',
      'merge: web',
      'a test that fails: 422 Invalid',
      'scaled: 2 by: app=web',
      'runs: 2 string',
    ]);
  });

  test('owns fields with server-side apply', async () => {
    expect(await facts('apply')).toEqual([
      'applied: 80 same revision: true',
      "another's: 409 Conflict",
      'forced: other one,two',
    ]);
  });

  test('works with objects of any kind', async () => {
    expect(await facts('kinds')).toEqual([
      'CronJob labelled: web annotated: b listed: 1 removed: 404 NotFound',
      'NetworkPolicy labelled: web annotated: b listed: 1 removed: 404 NotFound',
      'Secret labelled: web annotated: b listed: 1 removed: 404 NotFound',
    ]);
  });

  test('defines a kind and works with its objects', async () => {
    expect(await facts('custom')).toEqual([
      'made: jo al',
      'the captain as crew: 422 Invalid',
      'patched: al,bo 2',
      'strategic: 415 UnsupportedMediaType',
      'listed: b',
    ]);
  });

  test('follows objects with a watch and with an informer that is stopped and started', async () => {
    expect(await facts('follow')).toEqual(['watched: 20 10 10', 'the informer holds what exists: 10']);
  });
});
