// Obtains a nats-server for the project's cache: built by Go where Go is present, else the official release.
//
// A release is used only when its sha256 is the one written here: a checksum fetched from the same place as the
// archive proves nothing. Platforms without a pinned checksum are refused by name.

import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { NATS_VERSION } from './layout.mjs';
import { runProgram } from './run-program.mjs';
import { reasonOf, SetupError } from './setup-error.mjs';

const RELEASES = 'https://github.com/nats-io/nats-server/releases/download';
const DOWNLOAD_LIMIT_MS = 10 * 60_000;

/** sha256 of `nats-server-v<NATS_VERSION>-<platform>.tar.gz`, by platform in Go's names. */
const RELEASE_SHA256 = {
  'linux-amd64': 'bf5edc7b1ce98e885c368cb43a886eb148dc5d0551d99f3cf6141fb5e1954c70',
  'linux-arm64': 'e2fbab4cad7d3c76e3052eb959570393c9d73ba756b70bf8e9eea61e9ae6d49c',
};

/**
 * @param {ReturnType<import('./layout.mjs').setupPaths>} paths
 * @param {ReturnType<typeof import('./find-nats-server.mjs').findNatsServer>} search what was looked at before
 * @param {(detail: string) => void} say
 * @returns {Promise<string>} the installed program
 */
export async function installNatsServer(paths, search, say) {
  if (search.named) {
    const [{ reason }] = search.tried;
    throw new SetupError(
      `SHIPLOG_NATS_SERVER does not name a usable nats-server: ${reason}.\nPoint it to a nats-server >= ${NATS_VERSION} or unset it.`,
    );
  }
  const tried = [...search.tried];
  for (const { way, obtain } of [
    { way: 'go install', obtain: buildWithGo },
    { way: 'release download', obtain: downloadForThisPlatform },
  ]) {
    const partial = `${paths.nats}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    try {
      await obtain({ directory: partial, program: join(partial, basename(paths.natsServer)), say });
      rmSync(paths.nats, { recursive: true, force: true });
      renameSync(partial, paths.nats);
      return paths.natsServer;
    } catch (error) {
      tried.push({ way, reason: reasonOf(error) });
      rmSync(partial, { recursive: true, force: true });
    }
  }
  throw new SetupError(describeFailure(tried));
}

/** @param {readonly { way: string, reason: string }[]} tried */
export function describeFailure(tried) {
  const width = Math.max(...tried.map(({ way }) => way.length));
  return [
    `Shiplog needs a nats-server >= ${NATS_VERSION} and could not get one. Tried, in this order:`,
    ...tried.map(({ way, reason }) => `  ${way.padEnd(width)}  ${reason}`),
    'Install Go or such a nats-server (https://nats.io/download), or set SHIPLOG_NATS_SERVER to one.',
    'To try Shiplog without any, keeping nothing: npm start -- --memory',
  ].join('\n');
}

async function buildWithGo({ directory, program, say }) {
  // Without cgo the program needs no compiler to build and no libraries to run, like the official release.
  const env = { ...process.env, GOBIN: directory, CGO_ENABLED: '0' };
  // Settings for cross-compiling would make Go refuse GOBIN or build for another machine.
  for (const name of ['GOOS', 'GOARCH']) delete env[name];
  try {
    await runProgram('go', ['version'], { env });
  } catch {
    throw new Error('Go is not on PATH');
  }
  const source = `github.com/nats-io/nats-server/v2@v${NATS_VERSION}`;
  say(`building ${source}`);
  await runProgram('go', ['install', source], { env, cwd: directory, onLine: say });
  if (!existsSync(program)) throw new Error(`go install ${source} left no ${basename(program)}`);
}

async function downloadForThisPlatform({ program, say }) {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const platform = `${system}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const sha256 = RELEASE_SHA256[platform];
  if (sha256 === undefined) {
    const pinned = Object.keys(RELEASE_SHA256).join(', ');
    throw new Error(`no checksum of the release for ${platform} is known here (only for ${pinned})`);
  }
  const url = `${RELEASES}/v${NATS_VERSION}/nats-server-v${NATS_VERSION}-${platform}.tar.gz`;
  say(url);
  await downloadRelease({ url, sha256, program });
}

/**
 * Fetches an archive, checks it and takes the nats-server out of it.
 *
 * @param {{ url: string, sha256: string, program: string }} options `program`: the file to write
 */
export async function downloadRelease({ url, sha256, program }) {
  let archive;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_LIMIT_MS) });
    if (!response.ok) throw new Error(`answered ${response.status}`);
    archive = Buffer.from(await response.arrayBuffer());
  } catch (error) {
    throw new Error(`${url}: ${reasonOf(error)}`);
  }
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== sha256) throw new Error(`${url} has sha256 ${actual}, expected ${sha256}: refused`);
  const content = fileInTar(gunzipSync(archive), 'nats-server');
  if (content === undefined) throw new Error(`${url} holds no nats-server`);
  writeFileSync(program, content);
  chmodSync(program, 0o755);
}

/** The content of the first regular file called `name`, in any directory of an uncompressed tar archive. */
function fileInTar(tar, name) {
  const text = (start, end) => tar.toString('utf8', start, end).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, at + 136).trim() || '0', 8);
    const regular = tar[at + 156] === 0 || tar[at + 156] === 0x30;
    if (regular && basename(text(at, at + 100)) === name) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return undefined;
}
