// The `kubernetes` package of Python as it is, in a virtual environment of its own.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunningCluster, run } from '../../kit/running-cluster.ts';
import { factsOf, prepare, sourceOf } from './program.ts';

const source = sourceOf('python');

const directory = await prepare({
  client: 'python',
  needs: ['python3'],
  manifests: ['requirements.txt'],
  download: async (into) => {
    const made = await run('python3', ['-m', 'venv', into]);
    if (made.code !== 0) return made;
    return run(join(into, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '-r', join(source, 'requirements.txt')]);
  },
});

describe.skipIf(directory === undefined)('the Python client', () => {
  const cluster = new RunningCluster();
  const facts = (command: string) =>
    factsOf(cluster, [join(directory ?? '', 'bin/python'), join(source, 'client.py'), command]);

  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  test('creates, replaces, pages and removes, and reads the reason of every refusal', async () => {
    expect(await facts('objects')).toEqual([
      'made: värde AP8= True',
      'replaced: 2 stale: 409 Conflict',
      'made twice: 409 AlreadyExists',
      'not there: 404 NotFound',
      'no name: 422 Invalid',
      "string data is kept as data: {'k': 'dg=='} None",
      'in pages: 25 3 True',
      'left: 0',
      'removed: Success 404 NotFound',
    ]);
  });

  test('patches a deployment in every way and sees it run', async () => {
    expect(await facts('patches')).toEqual([
      "strategic: ['side', 'main']",
      "json: ['main']",
      "merge: {'a': 'b'}",
      'runs: Running True True',
      'scaled: None to no number: 422 Invalid',
    ]);
  });

  test('owns fields with server-side apply', async () => {
    expect(await facts('apply')).toEqual([
      'applied: 80 again, the revision is the same: True',
      "another's: 409 Conflict",
      "forced: other ['one', 'two']",
      "typed: {'a': 'b'}",
    ]);
  });

  test('discovers kinds and works with objects it has no types for', async () => {
    expect(await facts('kinds')).toEqual([
      "discovered: jobs True ['create', 'delete', 'deletecollection'] ['status']",
      'made: Job True 1',
      "listed: ['b']",
      'removed: 404',
      "any object: {'holderIdentity': 'me', 'leaseDurationSeconds': 9}",
      'listed as any: LeaseList',
      'version: 36 groups: True',
    ]);
  });

  test('defines a kind and works with it as with any other', async () => {
    expect(await facts('custom')).toEqual([
      "established: ['by']",
      "made: {'name': 'red', 'size': 3} 1",
      'without a name: 422 Invalid',
      "status: {'size': 3} red 1",
      "scaled: Scale {'replicas': 5} {'replicas': 3}",
      'found by a field: [5]',
      'gone with its objects: 404 NotFound',
    ]);
  });

  test('keeps a cache over watches that end in the middle of everything', async () => {
    expect(await facts('follow')).toEqual([
      'told in order, nothing twice: True in watches: True',
      'the cache is what exists: True',
      'from the first revision: ADDED',
    ]);
  });
});
