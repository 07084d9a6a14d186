// Where our own nats-server stages an atomic batch before it commits it: in memory instead of on the disk.
//
// For every batch the server makes a directory beside the stream, with metadata it syncs and a copy of the messages, and
// removes it after the commit: half of what a batch costs it (profiled, nats-server 2.15.1). It does so to end a commit
// that a crash of the server cut in two. Memory that outlives the server serves that as well. A power cut loses it, and
// the log may then end with the first part of a batch: of appends that are independent of each other, that nobody was
// told were recorded, and whose outcome is as unknown as that of single writes cut off there. Memory can be taken away
// while the server runs: systemd empties it when its user logs out, others fill it up. Invariant: whatever cannot be had
// here costs speed, never an event; the committer falls back to single writes, and soon the server to the disk.

import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, rmdirSync, rmSync, statfsSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDirPaths } from './data-dir.ts';

/** Type of a file system that lives in memory (Linux: `statfs(2)`, TMPFS_MAGIC). */
const tmpfs = 0x01021994;
/** Several batches of the largest size there is. */
const freeBytesMin = 64 * 1024 * 1024;
/** With less, what is under way may soon not fit any more. */
const freeBytesLow = freeBytesMin / 4;

export type BatchStaging = {
  /** The server is ready and the streams exist: batches from now on are staged in memory, where there is some. */
  begin(): void;
  /** While the server runs, every few seconds: memory that was emptied serves again, memory that is full no longer. */
  tend(): void;
  /** The server is gone. */
  end(): void;
};

/** `memory` is a directory of the machine that others may write to as well. */
export function batchStaging(paths: DataDirPaths, memory = '/dev/shm'): BatchStaging {
  const staged = join(paths.natsStore, 'jetstream', 'SHIPLOG', 'streams', 'LOG', 'batches');
  const { dev, ino } = statSync(paths.root);
  const name = createHash('sha256').update(`${paths.root} ${dev} ${ino}`).digest('hex').slice(0, 16);
  const directory = join(memory, `shiplog-${process.getuid?.() ?? 0}-${name}`);
  let ours = false;
  return {
    begin() {
      if (!hasRoom(memory, freeBytesMin)) return;
      try {
        ours = takeDirectory(directory);
        if (!ours) return;
        removeEmpty(staged);
        symlinkSync(directory, staged);
      } catch {
        // No such stream, a batch under way, a directory that cannot be made: the disk it is.
      }
    },
    tend() {
      if (!ours || !lstatSync(staged, { throwIfNoEntry: false })?.isSymbolicLink()) return;
      try {
        // The server makes a directory of its own where the link was.
        if (!hasRoom(memory, freeBytesLow)) rmSync(staged);
        else if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) mkdirSync(directory, { mode: 0o700 });
      } catch {
        rmSync(staged, { force: true });
      }
    },
    end() {
      if (ours) rmSync(directory, { recursive: true, force: true });
    },
  };
}

function hasRoom(path: string, freeBytes: number): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(path);
    return type === tmpfs && bavail * bsize >= freeBytes;
  } catch {
    return false;
  }
}

/** An empty directory nobody else can look into. What an earlier server left has been recovered by the one that runs. */
function takeDirectory(path: string): boolean {
  const known = lstatSync(path, { throwIfNoEntry: false });
  if (known !== undefined) {
    // The name can be guessed: a directory or link somebody else put there is left alone.
    if (!known.isDirectory() || known.uid !== process.getuid?.()) return false;
    rmSync(path, { recursive: true });
  }
  mkdirSync(path, { mode: 0o700 });
  return true;
}

/** A link is from an earlier run; a directory that holds a batch stays, and the error with it. */
function removeEmpty(path: string): void {
  const known = lstatSync(path, { throwIfNoEntry: false });
  if (known === undefined) return;
  if (known.isSymbolicLink()) rmSync(path);
  else rmdirSync(path);
}
