// How commands of this machine reach a cluster's log: the data directory tells where it is and who may read it.
//
// A nats-server of our own is found through its record, and read with the reader's rights. A server named by --nats is
// noted here when the cluster starts, with the credentials that came with it: no others are known.

import { readFileSync, rmSync } from 'node:fs';
import type { Credentials } from '../../streams/jetstream/connection.ts';
import { writeDurably } from '../files/durable-file.ts';
import { readNatsCredentials } from './credentials.ts';
import type { DataDirPaths } from './data-dir.ts';
import { runningNatsUrl } from './server-record.ts';

export type LogAccess = {
  /** `nats://host:port` */
  readonly url: string;
  readonly credentials: Credentials;
};

/** Where the log is now; undefined when the server of our own does not run and no other was named. */
export function logAccess(paths: DataDirPaths): LogAccess | undefined {
  const remote = readRemoteLog(paths);
  if (remote !== undefined) return remoteAccess(remote);
  const url = runningNatsUrl(paths);
  const credentials = readNatsCredentials(paths);
  return url === undefined || credentials === undefined ? undefined : { url, credentials: credentials.reader };
}

/** Takes `nats://user:password@host:port` apart. */
export function remoteAccess(text: string): LogAccess {
  const { username, password, protocol, host } = new URL(text);
  const credentials: Credentials =
    username === ''
      ? { kind: 'none' }
      : { kind: 'password', user: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { url: `${protocol}//${host}`, credentials };
}

/** Notes the server the cluster was started on; undefined: one of our own. */
export function noteRemoteLog(paths: DataDirPaths, url: string | undefined): void {
  if (url === readRemoteLog(paths)) return;
  if (url === undefined) rmSync(paths.remoteLog, { force: true });
  else writeDurably(paths.remoteLog, `${JSON.stringify({ url }, null, 2)}\n`);
}

/** A damaged note is the same as none: the next start writes it again. */
function readRemoteLog(paths: DataDirPaths): string | undefined {
  try {
    const { url } = JSON.parse(readFileSync(paths.remoteLog, 'utf8')) as { readonly url?: unknown };
    return typeof url === 'string' && URL.canParse(url) ? url : undefined;
  } catch {
    return undefined;
  }
}
