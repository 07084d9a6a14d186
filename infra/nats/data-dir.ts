// The data directory of a cluster: where things are, whose it is, and that one process uses it at a time.
//
// A directory is ours when it carries our marker with a format we know; an empty or missing one becomes ours. Anything
// else is refused untouched, because starting a store over foreign files could destroy them. The lock is held as long as
// the process runs: two servers on one store would both start and ruin it.

import { chmodSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Clock } from '../../streams/base/clock.ts';
import type { Random } from '../../streams/base/random.ts';
import { writeDurably } from '../files/durable-file.ts';
import { acquireExclusiveLock, type ExclusiveLock } from '../files/exclusive-lock.ts';

/** The layout described by `dataDirPaths`. A higher number means a layout older programs must not touch. */
export const DATA_FORMAT = 1;

export type DataDirPaths = {
  readonly root: string;
  readonly marker: string;
  readonly lock: string;
  readonly kubeconfig: string;
  readonly pki: string;
  /** User names and passwords of NATS. */
  readonly natsCredentials: string;
  /** The NATS server the cluster was last started on, where it is not our own. */
  readonly remoteLog: string;
  readonly natsStore: string;
  /** Files of the running nats-server: configuration, pid, ports, log. */
  readonly natsRun: string;
};

export type DataDir = {
  readonly paths: DataDirPaths;
  /** A random name given once, when the directory was made. */
  readonly clusterId: string;
  /** The directory was made by this call: a first start. */
  readonly created: boolean;
  /** The process that used it before did not end cleanly. */
  readonly crashed: boolean;
  /** Lets others use the directory. */
  release(): void;
};

type Refusal = 'foreign' | 'corrupt' | 'newer' | 'in use' | 'unusable';

/** The directory cannot be used; the message names the cause and the way out. */
export class DataDirRefused extends Error {
  override readonly name = 'DataDirRefused';
  readonly reason: Refusal;

  constructor(reason: Refusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

export function dataDirPaths(path: string): DataDirPaths {
  const root = resolve(path);
  return {
    root,
    marker: join(root, 'shiplog.json'),
    lock: join(root, 'lock'),
    kubeconfig: join(root, 'kubeconfig'),
    pki: join(root, 'pki'),
    natsCredentials: join(root, 'nats', 'credentials.json'),
    remoteLog: join(root, 'nats', 'remote.json'),
    natsStore: join(root, 'nats', 'store'),
    natsRun: join(root, 'nats', 'run'),
  };
}

/**
 * Opens the directory for this process alone, making it on a first start.
 *
 * @throws {DataDirRefused}
 */
export function openDataDir(options: {
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
}): DataDir {
  const paths = makeDirectory(options.path);
  refuseForeign(paths);
  const lock = lockDirectory(paths);
  try {
    const known = readMarker(paths);
    const clusterId = known?.cluster ?? options.random.uuid();
    if (known === undefined) {
      const created = new Date(options.clock.now()).toISOString();
      writeDurably(paths.marker, `${JSON.stringify({ format: DATA_FORMAT, cluster: clusterId, created }, null, 2)}\n`);
    }
    return { paths, clusterId, created: known === undefined, crashed: lock.takenOver, release: lock.release };
  } catch (error) {
    lock.release();
    throw error;
  }
}

type Marker = { readonly format: number; readonly cluster: string };

/** Paths below the real directory: one cluster reached by two names is still one. */
function makeDirectory(path: string): DataDirPaths {
  const { root } = dataDirPaths(path);
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    if (!statSync(root).isDirectory()) throw new Error('it is not a directory');
    return dataDirPaths(realpathSync(root));
  } catch (error) {
    throw unusable(root, error);
  }
}

/** Names this module makes before the marker exists; a start cut short there leaves nothing else. */
function isOwnBeginning(name: string): boolean {
  return name === 'lock' || name.startsWith('lock.') || name.startsWith('shiplog.json.') || name === 'lost+found';
}

function refuseForeign(paths: DataDirPaths): void {
  let names: readonly string[];
  try {
    names = readdirSync(paths.root);
  } catch (error) {
    throw unusable(paths.root, error);
  }
  if (names.includes(basename(paths.marker))) return;
  const foreign = names.find((name) => !isOwnBeginning(name));
  if (foreign === undefined) return;
  throw new DataDirRefused(
    'foreign',
    `${paths.root} is not a Shiplog data directory: it holds ${foreign} and no ${basename(paths.marker)}. ` +
      'Nothing was touched. Name an empty or new directory with --data-dir.',
  );
}

function lockDirectory(paths: DataDirPaths): ExclusiveLock {
  let outcome: ReturnType<typeof acquireExclusiveLock>;
  try {
    chmodSync(paths.root, 0o700);
    outcome = acquireExclusiveLock(paths.lock);
  } catch (error) {
    throw unusable(paths.root, error);
  }
  if (outcome.kind === 'acquired') return outcome.lock;
  throw new DataDirRefused(
    'in use',
    `${paths.root} is in use by the Shiplog with pid ${outcome.pid}. ` +
      'Stop that one first, or name another directory with --data-dir.',
  );
}

function readMarker(paths: DataDirPaths): Marker | undefined {
  let text: string;
  try {
    text = readFileSync(paths.marker, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(paths.root, error);
  }
  const marker = parseMarker(text);
  if (marker === undefined) {
    throw new DataDirRefused(
      'corrupt',
      `${paths.marker} is damaged: it does not say which format the directory has. ` +
        'Restore it from a backup, or start a new cluster in another directory with --data-dir.',
    );
  }
  if (marker.format > DATA_FORMAT) {
    throw new DataDirRefused(
      'newer',
      `${paths.root} has format ${marker.format}, written by a newer Shiplog; this one knows up to ${DATA_FORMAT}. ` +
        'Use the newer Shiplog, or name another directory with --data-dir.',
    );
  }
  return marker;
}

function parseMarker(text: string): Marker | undefined {
  try {
    const { format, cluster } = JSON.parse(text) as Partial<Marker>;
    return Number.isInteger(format) && (format ?? 0) > 0 && typeof cluster === 'string' && cluster !== ''
      ? { format: format as number, cluster }
      : undefined;
  } catch {
    return undefined;
  }
}

function unusable(root: string, cause: unknown): DataDirRefused {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DataDirRefused(
    'unusable',
    `${root} cannot be used as data directory: ${reason}. Make it writable, or name another with --data-dir.`,
    { cause },
  );
}
