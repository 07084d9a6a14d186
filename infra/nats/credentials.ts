// The names and passwords of NATS: one user that may do everything, for the API server, and one that may only read.
//
// They are made at a cluster's first start and kept in the data directory, readable by its owner only.

import { readFileSync } from 'node:fs';
import type { Random } from '../../streams/base/random.ts';
import { writeDurably } from '../files/durable-file.ts';
import { type DataDirPaths, DataDirRefused } from './data-dir.ts';

export type NatsUser = { readonly kind: 'password'; readonly user: string; readonly password: string };

export type NatsCredentials = {
  /** Reads and writes everything. Only the API server may have it. */
  readonly api: NatsUser;
  /** Reads every stream and cannot change anything: for subscribers. */
  readonly reader: NatsUser;
};

/** The users' names in `nats.conf`. */
const apiUser = 'shiplog-api';
const readerUser = 'shiplog-reader';
const passwordBytes = 24;

/**
 * Reads the credentials, making them on a first start.
 *
 * @throws {DataDirRefused} when the file is there but damaged
 */
export function ensureNatsCredentials(paths: DataDirPaths, random: Random): NatsCredentials {
  const known = readNatsCredentials(paths);
  if (known !== undefined) return known;
  const password = () => Buffer.from(random.bytes(passwordBytes)).toString('base64url');
  const passwords = { api: password(), reader: password() };
  writeDurably(paths.natsCredentials, `${JSON.stringify(passwords, null, 2)}\n`);
  return credentialsOf(passwords.api, passwords.reader);
}

/**
 * The credentials of a cluster that was started before; undefined when it never was.
 *
 * @throws {DataDirRefused} when the file is there but damaged
 */
export function readNatsCredentials(paths: DataDirPaths): NatsCredentials | undefined {
  let text: string;
  try {
    text = readFileSync(paths.natsCredentials, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { api, reader } = JSON.parse(text) as { readonly api?: unknown; readonly reader?: unknown };
    if (isPassword(api) && isPassword(reader)) return credentialsOf(api, reader);
  } catch {
    // Told below: for the reader of the message a missing password and a file cut short are the same.
  }
  throw new DataDirRefused(
    'corrupt',
    `${paths.natsCredentials} is damaged. Stop the cluster, delete that file and start again: new passwords are made, the log is kept.`,
  );
}

function credentialsOf(api: string, reader: string): NatsCredentials {
  return {
    api: { kind: 'password', user: apiUser, password: api },
    reader: { kind: 'password', user: readerUser, password: reader },
  };
}

function isPassword(value: unknown): value is string {
  return typeof value === 'string' && value.length >= passwordBytes;
}
