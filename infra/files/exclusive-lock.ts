// A lock file that names its owner, taken by one process at a time.
//
// It holds the owner's identity; a lock whose owner no longer runs is taken over, so neither a kill -9 nor a power cut
// leaves anything to clean up by hand. Taking and releasing never wait.

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';

export type ExclusiveLock = {
  /** The lock was left behind by an owner that did not release it: it crashed or was killed. */
  readonly takenOver: boolean;
  release(): void;
};

export type LockOutcome =
  | { readonly kind: 'acquired'; readonly lock: ExclusiveLock }
  | { readonly kind: 'held'; readonly pid: number };

/** Takes the lock in `file`, or tells which running process holds it. This process itself counts as a holder too. */
export function acquireExclusiveLock(file: string): LockOutcome {
  let takenOver = false;
  for (;;) {
    if (tryCreate(file)) {
      return { kind: 'acquired', lock: { takenOver, release: () => rmSync(file, { force: true }) } };
    }
    const owner = readOwner(file);
    if (owner !== undefined && isRunning(owner)) return { kind: 'held', pid: owner.pid };
    takenOver = true;
    breakLock(file, owner);
  }
}

/** A hard link appears whole or not at all: nobody ever reads a lock without its owner. */
function tryCreate(file: string): boolean {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify(ownIdentity()), { mode: 0o600 });
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Of two processes that break a dead owner's lock one moves it aside; what it moved is put back if it was taken anew. */
function breakLock(file: string, dead: ProcessIdentity | undefined): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readOwner(aside);
  if (moved?.pid === dead?.pid && moved?.started === dead?.started) rmSync(aside, { force: true });
  else renameSync(aside, file);
}

/** Undefined for a lock that says nothing usable: a file cut short by a full disk holds nobody. */
function readOwner(file: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isIdentity(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, started } = value as Partial<ProcessIdentity>;
  return Number.isInteger(pid) && typeof started === 'string';
}
