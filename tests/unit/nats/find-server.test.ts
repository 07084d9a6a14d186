import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NatsServerMissing, requireNatsServer } from '../../../infra/nats/find-server.ts';
import { compareVersions, findNatsServer } from '../../../infra/setup/find-nats-server.mjs';
import { setupPaths } from '../../../infra/setup/layout.mjs';
import { tempDir } from '../../kit/temp-dir.ts';

/** A program that answers to --version as nats-server does. */
function program(path: string, version: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  chmodSync(path, 0o755);
  return path;
}

function machine() {
  const root = tempDir();
  const cached = setupPaths(root).natsServer;
  const first = join(root, 'first', 'nats-server');
  const second = join(root, 'second', 'nats-server');
  const PATH = [dirname(first), dirname(second)].join(delimiter);
  return { root, cached, first, second, env: { PATH } };
}

describe('the nats-server used is', () => {
  test('the one named by SHIPLOG_NATS_SERVER, before any other', () => {
    const { root, first, cached, env } = machine();
    program(first, '2.15.1');
    program(cached, '2.15.1');
    const named = program(join(root, 'named'), '2.16.0');
    expect(requireNatsServer({ ...env, SHIPLOG_NATS_SERVER: named }, root)).toEqual({
      path: named,
      version: '2.16.0',
      way: 'SHIPLOG_NATS_SERVER',
    });
  });

  test('the first one on PATH that is new enough', () => {
    const { root, first, second, cached, env } = machine();
    program(first, '2.10.27');
    program(second, '2.15.1');
    program(cached, '2.15.1');
    const { found, tried } = findNatsServer({ root, env });
    expect(found).toMatchObject({ path: second, way: 'PATH' });
    expect(tried.map(({ reason }) => reason)).toContain(`${first} is 2.10.27, older than 2.15.1`);
  });

  test('the one in the project’s cache when PATH has none', () => {
    const { root, cached, env } = machine();
    program(cached, '2.15.1');
    expect(requireNatsServer(env, root)).toMatchObject({ path: cached, way: 'cache' });
  });

  test('asked again when the program was replaced', () => {
    const { root, first, env } = machine();
    program(first, '2.15.1');
    expect(requireNatsServer(env, root).version).toBe('2.15.1');
    program(first, '2.15.10');
    expect(requireNatsServer(env, root).version).toBe('2.15.10');
  });
});

describe('without a usable nats-server', () => {
  test('the error lists every way and why it failed', () => {
    const { root, env } = machine();
    const error = (() => {
      try {
        return requireNatsServer(env, root);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(NatsServerMissing);
    const { message } = error as NatsServerMissing;
    for (const text of ['SHIPLOG_NATS_SERVER: not set', 'PATH: no nats-server on it', 'cache:', '--memory']) {
      expect(message).toContain(text);
    }
  });

  test.each([
    ['is missing', (root: string) => join(root, 'missing'), 'is not there'],
    ['is too old', (root: string) => program(join(root, 'old'), '2.9.10'), 'is 2.9.10, older than'],
    ['is something else', (root: string) => program(join(root, 'other'), 'unknown'), 'does not answer to --version'],
  ])('the one named by SHIPLOG_NATS_SERVER is not passed over when it %s', (_, make, reason) => {
    const { root, first, env } = machine();
    program(first, '2.15.1');
    const search = findNatsServer({ root, env: { ...env, SHIPLOG_NATS_SERVER: make(root) } });
    expect(search.found).toBeUndefined();
    expect(search.named).toBe(true);
    expect(search.tried).toEqual([{ way: 'SHIPLOG_NATS_SERVER', reason: expect.stringContaining(reason) }]);
  });
});

test.each([
  ['2.15.1', '2.15.1', 0],
  ['2.15.10', '2.15.9', 1],
  ['2.9.10', '2.15.1', -1],
  ['3.0.0', '2.99.99', 1],
  ['2.15.1-RC.1', '2.15.1', -1],
  ['v2.15.1', '2.15.1', 0],
])('%s compared with %s gives %i', (left, right, sign) => {
  expect(Math.sign(compareVersions(left, right))).toBe(sign);
});
