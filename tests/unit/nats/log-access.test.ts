import { statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dataDirPaths } from '../../../infra/nats/data-dir.ts';
import { logAccess, noteRemoteLog, remoteAccess } from '../../../infra/nats/log-access.ts';
import { scratchNats } from '../../kit/scratch-nats.ts';
import { tempDir } from '../../kit/temp-dir.ts';

describe('where the log is', () => {
  test('nowhere, while no server of our own runs and none was named', () => {
    expect(logAccess(dataDirPaths(tempDir()))).toBeUndefined();
  });

  test('on the server of our own, for the reader', async () => {
    const { paths, server, credentials } = await scratchNats();
    expect(logAccess(paths)).toEqual({ url: server.url, credentials: credentials.reader });
  });

  test('on the server the cluster was started on, with the credentials that came with it', () => {
    const paths = dataDirPaths(tempDir());
    noteRemoteLog(paths, 'nats://ship:a%2Fb@nats.example.test:4222');
    expect(logAccess(paths)).toEqual({
      url: 'nats://nats.example.test:4222',
      credentials: { kind: 'password', user: 'ship', password: 'a/b' },
    });
    expect(statSync(paths.remoteLog).mode & 0o077).toBe(0);
    noteRemoteLog(paths, undefined);
    expect(logAccess(paths)).toBeUndefined();
  });

  test('a damaged note counts as none', () => {
    const paths = dataDirPaths(tempDir());
    noteRemoteLog(paths, 'nats://127.0.0.1:4222');
    writeFileSync(paths.remoteLog, '{"url": "nats:');
    expect(logAccess(paths)).toBeUndefined();
  });

  test('a URL without a name needs no credentials', () => {
    expect(remoteAccess('tls://nats.example.test')).toEqual({
      url: 'tls://nats.example.test',
      credentials: { kind: 'none' },
    });
  });
});
