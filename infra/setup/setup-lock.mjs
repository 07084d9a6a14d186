// One set-up at a time per checkout.
//
// The lock is a file that holds the owner's pid. A process that finds it waits while that pid lives and takes the lock
// over when it is gone, so a set-up that was killed never blocks the next one.

import { accessSync, constants, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { reasonOf, SetupError } from './setup-error.mjs';

const POLL_MS = 200;

/**
 * Runs `work` while holding the lock; waits for whoever holds it now.
 *
 * @template T
 * @param {string} file
 * @param {{ onWait?: (pid: number) => void }} options
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withSetupLock(file, options, work) {
  try {
    mkdirSync(dirname(file), { recursive: true });
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw new SetupError(
      `The set-up keeps what it obtains in ${dirname(file)}, which cannot be written: ${reasonOf(error)}`,
      { cause: error },
    );
  }
  await acquire(file, options.onWait);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function acquire(file, onWait) {
  let told = false;
  for (;;) {
    if (tryCreate(file)) return;
    const owner = readPid(file);
    if (owner === undefined || owner === process.pid || !isAlive(owner)) {
      breakLock(file, owner);
      continue;
    }
    if (!told) onWait?.(owner);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Removes a dead owner's lock by renaming it away first: of two processes that try, one moves it, and puts back a live one. */
function breakLock(file, deadOwner) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readPid(aside) === deadOwner) rmSync(aside, { force: true });
  else renameSync(aside, file);
}

/** A hard link appears whole or not at all, so nobody ever reads a lock without a pid in it. */
function tryCreate(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid}\n`);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function readPid(file) {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
