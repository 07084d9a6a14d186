// Which nats-server is used: SHIPLOG_NATS_SERVER, then PATH, then the project's own cache.
//
// The first one that is new enough wins. A program named by SHIPLOG_NATS_SERVER is never passed over in silence: if it
// cannot be used, that is the answer. Asking a program for its version costs 20 ms, so the answer is remembered with
// the file's size and time and asked for again only when these change.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { NATS_VERSION, setupPaths } from './layout.mjs';
import { readStamp, updateStamp } from './setup-stamp.mjs';

/**
 * @typedef {{ readonly path: string, readonly version: string, readonly way: string }} FoundNatsServer
 * @typedef {{ readonly way: string, readonly reason: string }} TriedWay
 *
 * @param {{ root: string, env?: NodeJS.ProcessEnv }} options
 * @returns {{ readonly found: FoundNatsServer | undefined, readonly tried: readonly TriedWay[], readonly named: boolean }}
 *   `named`: SHIPLOG_NATS_SERVER is set, so nothing else may be used in its place
 */
export function findNatsServer({ root, env = process.env }) {
  const paths = setupPaths(root);
  const tried = [];
  const look = (way, path) => {
    const looked = inspect(path, paths.natsMemo);
    if (looked.kind === 'usable') return { path, version: looked.version, way };
    tried.push({ way, reason: looked.reason });
    return undefined;
  };
  const named = env.SHIPLOG_NATS_SERVER ?? '';
  if (named !== '') return { found: look('SHIPLOG_NATS_SERVER', resolve(named)), tried, named: true };
  tried.push({ way: 'SHIPLOG_NATS_SERVER', reason: 'not set' });

  const onPath = programsOnPath(env);
  if (onPath.length === 0) tried.push({ way: 'PATH', reason: 'no nats-server on it' });
  for (const path of onPath) {
    const found = look('PATH', path);
    if (found !== undefined) return { found, tried, named: false };
  }
  return { found: look('cache', paths.natsServer), tried, named: false };
}

/**
 * Compares two release versions by their numbers; `2.15.1-RC.1` counts as older than `2.15.1`.
 *
 * @param {string} left
 * @param {string} right
 * @returns {number} below, equal to or above 0, as for a sort
 */
export function compareVersions(left, right) {
  const [leftNumbers, leftPre] = splitVersion(left);
  const [rightNumbers, rightPre] = splitVersion(right);
  for (let i = 0; i < 3; i++) {
    const difference = leftNumbers[i] - rightNumbers[i];
    if (difference !== 0) return difference;
  }
  return Number(leftPre === '') - Number(rightPre === '');
}

function splitVersion(version) {
  const [, numbers = '0.0.0', pre = ''] = /^v?(\d+\.\d+\.\d+)(-.*)?$/.exec(version) ?? [];
  return [numbers.split('.').map(Number), pre];
}

function programsOnPath(env) {
  const name = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';
  const directories = (env.PATH ?? env.Path ?? '').split(delimiter).filter((directory) => isAbsolute(directory));
  return [...new Set(directories)].map((directory) => join(directory, name)).filter(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function inspect(path, memo) {
  if (!isProgram(path)) return { kind: 'unusable', reason: `${path} is not there or is not a program` };
  const { size, mtimeMs } = statSync(realpathSync(path));
  const known = readStamp(memo)[path];
  const remembered = known?.size === size && known?.mtimeMs === mtimeMs ? known.version : undefined;
  const version = remembered ?? askVersion(path);
  if (version === undefined) return { kind: 'unusable', reason: `${path} does not answer to --version` };
  if (remembered === undefined) updateStamp(memo, { [path]: { size, mtimeMs, version } });
  if (compareVersions(version, NATS_VERSION) < 0) {
    return { kind: 'unusable', reason: `${path} is ${version}, older than ${NATS_VERSION}` };
  }
  return { kind: 'usable', version };
}

function askVersion(path) {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return /nats-server:?\s+v?(\d+\.\d+\.\d+\S*)/.exec(stdout ?? '')?.[1];
}
