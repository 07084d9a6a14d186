import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeFailure, downloadRelease } from '../../../infra/setup/install-nats-server.mjs';
import { tempDir } from '../../kit/temp-dir.ts';

const content = `the program ${'x'.repeat(2_000)}`;

/** An archive as the release's are: one directory with the program between other files. */
function archive(): Buffer {
  const root = tempDir();
  const directory = join(root, 'nats-server-v2.15.1-linux-amd64');
  mkdirSync(directory);
  for (const [name, text] of [
    ['LICENSE', 'licence'],
    ['nats-server', content],
    ['README.md', 'readme'],
  ] as const) {
    writeFileSync(join(directory, name), text);
  }
  execFileSync('tar', ['-czf', join(root, 'release.tar.gz'), '-C', root, 'nats-server-v2.15.1-linux-amd64']);
  return readFileSync(join(root, 'release.tar.gz'));
}

async function serve(body: Buffer, status = 200): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/release.tar.gz`;
}

const sha256Of = (body: Buffer) => createHash('sha256').update(body).digest('hex');

describe('a downloaded release', () => {
  test('gives its program when the checksum is the pinned one', async () => {
    const body = archive();
    const program = join(tempDir(), 'nats-server');
    await downloadRelease({ url: await serve(body), sha256: sha256Of(body), program });
    expect(readFileSync(program, 'utf8')).toBe(content);
    expect(statSync(program).mode & 0o777).toBe(0o755);
  });

  test('is refused when the checksum is another one, and nothing is written', async () => {
    const program = join(tempDir(), 'nats-server');
    const url = await serve(archive());
    await expect(downloadRelease({ url, sha256: '0'.repeat(64), program })).rejects.toThrow(
      /has sha256 .* expected 0{64}: refused/,
    );
    expect(existsSync(program)).toBe(false);
  });

  test('that cannot be had says why', async () => {
    const program = join(tempDir(), 'nats-server');
    const url = await serve(Buffer.from('gone'), 404);
    await expect(downloadRelease({ url, sha256: '', program })).rejects.toThrow(`${url}: answered 404`);
    await expect(downloadRelease({ url: 'http://127.0.0.1:1/x', sha256: '', program })).rejects.toThrow(
      /127\.0\.0\.1:1\/x: .*(ECONNREFUSED|bad port)/,
    );
  });
});

test('the error lists every way that was tried, in order, and the way out', () => {
  const text = describeFailure([
    { way: 'SHIPLOG_NATS_SERVER', reason: 'not set' },
    { way: 'PATH', reason: '/usr/bin/nats-server is 2.9.10, older than 2.15.1' },
    { way: 'go install', reason: 'Go is not on PATH' },
  ]);
  expect(text).toMatch(
    /needs a nats-server >= 2\.15\.1.*SHIPLOG_NATS_SERVER {2}not set.*PATH +\/usr.*go install +Go is not/s,
  );
  expect(text).toContain('npm start -- --memory');
});
