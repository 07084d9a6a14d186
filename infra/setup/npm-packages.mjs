// The packages of package-lock.json, installed with `npm ci`.
//
// They are installed again only when the lock file is no longer the one they came from. Install scripts are not run:
// none of the packages needs one (native parts arrive as packages of their own), and a machine without a compiler must
// not fail or wait for them. npm itself runs on the Node that will use the packages: under an older one it leaves out,
// without a word, optional packages that ask for a newer one, and with them the native parts of others.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { runProgram, withFirst } from './run-program.mjs';
import { reasonOf, SetupError } from './setup-error.mjs';
import { readStamp, updateStamp } from './setup-stamp.mjs';

/**
 * Whether the packages on disk are those of the lock file.
 *
 * @param {ReturnType<import('./layout.mjs').setupPaths>} paths
 */
export function packagesAreInstalled(paths) {
  if (!existsSync(paths.installedLock)) return false;
  const fingerprint = lockFingerprint(paths);
  if (readStamp(paths.stamp).packages === fingerprint) return true;
  if (!installedAsLocked(paths)) return false;
  updateStamp(paths.stamp, { packages: fingerprint });
  return true;
}

/**
 * @param {ReturnType<import('./layout.mjs').setupPaths>} paths
 * @param {string} node the program that will run the packages
 * @param {(detail: string) => void} say
 */
export async function installPackages(paths, node, say) {
  try {
    await runNpm(['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund'], {
      cwd: paths.root,
      node,
      onLine: say,
    });
  } catch (error) {
    throw new SetupError(`The npm packages could not be installed: ${reasonOf(error)}`, { cause: error });
  }
  updateStamp(paths.stamp, { packages: lockFingerprint(paths) });
}

/**
 * Runs npm quietly: the npm that started this process where there is one, else the one on PATH.
 *
 * @param {readonly string[]} args
 * @param {{ cwd: string, node: string, onLine?: (line: string) => void }} options `node`: what runs it
 */
export async function runNpm(args, { node, ...options }) {
  const env = { ...process.env };
  // These come from an enclosing `npm start` or `npm install` and would redirect or thin out the inner command.
  for (const name of [
    'npm_config_global',
    'npm_config_local_prefix',
    'npm_config_dry_run',
    'npm_config_omit',
    'NODE_ENV',
  ]) {
    delete env[name];
  }
  env.npm_config_update_notifier = 'false';
  env.PATH = withFirst(dirname(node));
  const quiet = [...args, '--loglevel=error'];
  const own = process.env.npm_execpath ?? '';
  if (own.endsWith('npm-cli.js')) return runProgram(node, [own, ...quiet], { ...options, env });
  const windows = process.platform === 'win32';
  return runProgram(windows ? 'npm.cmd' : 'npm', quiet, { ...options, env, shell: windows });
}

function lockFingerprint(paths) {
  const hash = createHash('sha256').update(readFileSync(paths.packageLock)).digest('hex');
  return `${process.platform}-${process.arch}-${hash}`;
}

/** Compares npm's own note of what it installed with the lock file, so that packages installed by hand are accepted. */
function installedAsLocked(paths) {
  const locked = packagesIn(paths.packageLock);
  const installed = packagesIn(paths.installedLock);
  if (locked === undefined || installed === undefined) return false;
  for (const [name, entry] of Object.entries(locked)) {
    if (name === '' || entry.link === true) continue;
    const there = installed[name];
    if (there === undefined ? entry.optional !== true || suitsThisPlatform(entry) : !samePackage(entry, there))
      return false;
  }
  return Object.keys(installed).every((name) => locked[name] !== undefined);
}

/** Whether an optional package is meant for this platform in particular: then it must not be missing. */
function suitsThisPlatform({ os, cpu, libc }) {
  if (os === undefined && cpu === undefined) return false;
  const suits = (wanted, own) => wanted === undefined || wanted.includes(own);
  return suits(os, process.platform) && suits(cpu, process.arch) && suits(libc, ownLibc());
}

function ownLibc() {
  if (process.platform !== 'linux') return undefined;
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function samePackage(left, right) {
  return left.version === right.version && left.integrity === right.integrity;
}

function packagesIn(file) {
  try {
    const { packages } = JSON.parse(readFileSync(file, 'utf8'));
    return packages !== null && typeof packages === 'object' ? packages : undefined;
  } catch {
    return undefined;
  }
}
