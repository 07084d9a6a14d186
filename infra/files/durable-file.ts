// Writes small files that must survive a power cut whole: keys, secrets, markers.
//
// The content goes to a file beside the target, is flushed to the disk and renamed over it, so a reader sees the old
// content or the new one and never a part. Secrets are created with their final mode: at no moment can others read them.

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Readable by the owner only. */
export const SECRET_MODE = 0o600;

/**
 * Replaces `path` with `content`; directories on the way are made.
 *
 * @param mode permissions of the new file, `SECRET_MODE` unless told
 */
export function writeDurably(path: string, content: string, mode: number = SECRET_MODE): void {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.new`;
  rmSync(beside, { force: true });
  const file = openSync(beside, 'wx', mode);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  flushDirectory(dirname(path));
}

/** Makes the rename itself durable. Windows offers no such call for directories and needs none. */
function flushDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
