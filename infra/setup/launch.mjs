// Starts a TypeScript entry on the right Node and stays out of its way.
//
// On a Node that is new enough the entry is imported into this process: no second process, no start-up paid twice.
// Otherwise it runs as a child with the same terminal; signals are passed on and its exit code is ours.

import { spawn } from 'node:child_process';
import module from 'node:module';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ownNodeIsEnough } from './node-runtime.mjs';
import { withFirst } from './run-program.mjs';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];

/** One Ctrl-C can arrive here twice, from the terminal and from npm; it is passed on once. */
const SAME_SIGNAL_MS = 1000;

/**
 * Runs `entry` to its end. The exit code is the entry's own.
 *
 * @param {{ node: string, entry: string, args: readonly string[], compileCache: string }} options
 */
export async function launch({ node, entry, args, compileCache }) {
  if (ownNodeIsEnough()) {
    module.enableCompileCache(compileCache);
    process.argv = [process.execPath, entry, ...args];
    await import(pathToFileURL(entry).href);
    return;
  }
  const env = { ...process.env, NODE_COMPILE_CACHE: compileCache, PATH: withFirst(dirname(node)) };
  process.exitCode = await runChild(spawn(node, [entry, ...args], { stdio: 'inherit', env }), node);
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} name for the message when it cannot be started
 * @returns {Promise<number>} its exit code; 128 + the signal's number when a signal ended it, as shells count
 */
export function runChild(child, name) {
  const passed = new Map();
  const passOn = (signal) => {
    const now = performance.now();
    if (now - (passed.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS) return;
    passed.set(signal, now);
    child.kill(signal);
  };
  // On Windows a Ctrl-C reaches every process of the console by itself, and kill() would end the child at once.
  const signals = process.platform === 'win32' ? ['SIGINT'] : FORWARDED;
  const handler = process.platform === 'win32' ? () => undefined : passOn;
  for (const signal of signals) process.on(signal, handler);
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${name} could not be started: ${error.message}`, { cause: error })));
    child.on('exit', (code, signal) => {
      for (const forwarded of signals) process.off(forwarded, handler);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
