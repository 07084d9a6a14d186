// fabric8's Kubernetes client as it is; Java compiles the one file when it runs it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunningCluster, run } from '../../kit/running-cluster.ts';
import { factsOf, prepare, sourceOf } from './program.ts';

const source = sourceOf('java');

/** Maven keeps the jars where it always does; the directory is for their names. */
const directory = await prepare({
  client: 'java',
  needs: ['java', 'javac', 'mvn'],
  manifests: ['pom.xml'],
  download: (into) => {
    const classPath = ['dependency:build-classpath', `-Dmdep.outputFile=${join(into, 'classpath')}`];
    return run('mvn', ['--quiet', '--batch-mode', '--file', join(source, 'pom.xml'), ...classPath]);
  },
});

describe.skipIf(directory === undefined)('the Java client', () => {
  const cluster = new RunningCluster();
  const facts = (command: string) => {
    const classPath = readFileSync(join(directory ?? '', 'classpath'), 'utf8');
    return factsOf(cluster, ['java', '-cp', classPath, join(source, 'Client.java'), command]);
  };

  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  test('creates, replaces, pages and removes, and reads the reason of every refusal', async () => {
    expect(await facts('objects')).toEqual([
      'made: {n=1}',
      'updated: {n=2}',
      'stale: 409 Conflict',
      'made twice: 409 AlreadyExists',
      'no name: 422 Invalid',
      'not there: true',
      'edited: {n=2, m=1}',
      'in pages: 25 3',
      'left: 0',
      'version: 36',
      'any kind: me',
    ]);
  });

  test('runs, patches, scales and updates a deployment', async () => {
    expect(await facts('workloads')).toEqual([
      'ready: 1',
      'strategic: [side, main]',
      'json: [main]',
      'merge: {a=b}',
      'scaled: 2',
      'image: nginx:2',
      'log: true',
      'gone with its pods',
    ]);
  });

  test('owns fields with server-side apply', async () => {
    expect(await facts('apply')).toEqual([
      'applied: 80 same revision: true',
      "another's: 409 Conflict",
      'forced: other one,two',
    ]);
  });

  test('follows objects with an informer', async () => {
    expect(await facts('follow')).toEqual(['told: 20 10 5', 'holds what exists: true 15']);
  });

  test('leads, steps down and lets the next one lead', async () => {
    expect(await facts('election')).toEqual(['leads: one', 'leads: two']);
  });
});
