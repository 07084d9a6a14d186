// What is written down about the nats-server of a data directory while it runs: who it is and where it listens.
//
// The record is made right after the start and removed after a clean stop. A record that is still there at the next
// start tells that a server may be left over; commands find a running cluster's NATS through it.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProcesses, isRunning, type ProcessIdentity } from '../files/process-identity.ts';
import type { DataDirPaths } from './data-dir.ts';

export type ServerRecord = ProcessIdentity & {
  /** `nats://127.0.0.1:PORT`, once it is ready. */
  readonly url?: string;
};

export function serverConfigFile(paths: DataDirPaths): string {
  return join(paths.natsRun, 'nats.conf');
}

export function writeServerRecord(paths: DataDirPaths, record: ServerRecord): void {
  writeFileSync(recordFile(paths), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

export function removeServerRecord(paths: DataDirPaths): void {
  rmSync(recordFile(paths), { force: true });
}

export function readServerRecord(paths: DataDirPaths): ServerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordFile(paths), 'utf8')) as Partial<ServerRecord>;
    const { pid, started } = record;
    if (!Number.isInteger(pid) || typeof started !== 'string') return undefined;
    return { pid: pid as number, started, ...(typeof record.url === 'string' ? { url: record.url } : {}) };
  } catch {
    return undefined;
  }
}

/** Where the running nats-server of this data directory listens; undefined when none runs. */
export function runningNatsUrl(paths: DataDirPaths): string | undefined {
  const record = readServerRecord(paths);
  return record !== undefined && isRunning(record) ? record.url : undefined;
}

/**
 * The pids of servers that still run on this data directory although nobody here started them. Looks at the record and
 * at all processes: one killed between starting a server and noting it leaves no record.
 */
export function strayServers(paths: DataDirPaths): readonly number[] {
  const record = readServerRecord(paths);
  const noted = record !== undefined && isRunning(record) ? [record.pid] : [];
  // Servers are started with exactly these two arguments; an editor or pager on the same file is not one.
  const seen = findProcesses(`-c ${serverConfigFile(paths)}`).map(({ pid }) => pid);
  return [...new Set([...noted, ...seen])];
}

/** Whether the last server was stopped cleanly, so that nobody needs to be looked for. */
export function stoppedCleanly(paths: DataDirPaths): boolean {
  return readServerRecord(paths) === undefined;
}

function recordFile(paths: DataDirPaths): string {
  return join(paths.natsRun, 'server.json');
}
