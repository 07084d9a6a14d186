// The set-up's memory: a small JSON file that says what the last set-up left behind.
//
// It only saves work. A lost or broken stamp means that things are looked at again, never that something is wrong.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * @param {string} file
 * @returns {Record<string, unknown>}
 */
export function readStamp(file) {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8'));
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

/**
 * Adds entries to the file, whole or not at all: written beside it and renamed. Forgetting is harmless, so a directory
 * that cannot be written (a read-only checkout, a full disk) is no error here.
 *
 * @param {string} file
 * @param {Record<string, unknown>} entries
 */
export function updateStamp(file, entries) {
  const beside = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(beside, `${JSON.stringify({ ...readStamp(file), ...entries }, null, 2)}\n`);
    renameSync(beside, file);
  } catch {
    rmSync(beside, { force: true });
  }
}
