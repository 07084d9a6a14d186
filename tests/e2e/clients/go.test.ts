// client-go and controller-runtime as they are: the program in go/ is what anybody would write, and each line it prints
// is something it saw.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunningCluster, run } from '../../kit/running-cluster.ts';
import { build, factsOf, prepare, sourceOf } from './program.ts';

const source = sourceOf('go');
const buildMs = 600_000;

/** Go's own caches keep the modules; the directory is for the program. */
const directory = await prepare({
  client: 'go',
  needs: ['go'],
  manifests: ['go.mod', 'go.sum'],
  download: () => run('go', ['mod', 'download'], { cwd: source }),
});

describe.skipIf(directory === undefined)('client-go and controller-runtime', () => {
  const cluster = new RunningCluster();
  const program = join(directory ?? '', 'client');
  const facts = (command: string) => factsOf(cluster, [program, command]);

  beforeAll(async () => {
    await Promise.all([
      cluster.start(),
      build(['go', 'build', '-o', program, '.'], { cwd: source, env: { GOFLAGS: '-p=2' } }),
    ]);
  }, buildMs);
  afterAll(() => cluster.dispose());

  test('twenty shared informers follow hundreds of objects on streaming lists, all in protobuf', async () => {
    expect(await facts('informers')).toEqual([
      'objects made before: 100',
      'informers synced: 20, by streaming lists: 20, by lists: 0',
      'all answers protobuf: true, all over HTTP/2: true',
      'objects made after: 200, all bodies protobuf: true',
      'caches equal to lists: 20',
      'objects that came once, changed and, if removed, went once: 300',
    ]);
  });

  test('one of three candidates leads; when it steps down or is cut off another takes over', async () => {
    expect(await facts('election')).toEqual([
      'one of three candidates leads',
      'it steps down and another leads: true',
      'that one is cut off and the last leads: true',
      'the lease names the leader: true, leaders before: 2',
      'two led at once: false',
    ]);
  });

  test('an operator of built-in kinds owns deployments, protobuf all the way', async () => {
    expect(await facts('labelled')).toEqual([
      'available as asked for: 2',
      'available as asked for: 3',
      'available as asked for: 1',
      'removed with its deployment',
      'streaming lists: 2, lists: 0, all bodies protobuf: true',
    ]);
  });
});
