// Where the set-up keeps things and which versions it installs.
//
// Everything obtained for the project lives under `.shiplog/` of the checkout and can be thrown away: the next start
// obtains it again. Versions are exact here, so that two machines set up on different days run the same programs.

import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The Node release installed where the machine's own is older than NODE_MAJOR. */
export const NODE_VERSION = '24.21.0';

/** The oldest Node major version that runs the sources as they are (type stripping, vitest, testcontainers). */
export const NODE_MAJOR = 24;

/** The nats-server installed where none is found, and the oldest one accepted. Older ones lack fsynced atomic batches. */
export const NATS_VERSION = '2.15.1';

/** The top of this checkout. */
export const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * The paths of the set-up below a checkout.
 *
 * @param {string} root the top of the checkout
 */
export function setupPaths(root) {
  const cache = join(root, '.shiplog');
  return {
    root,
    cache,
    lock: join(cache, 'setup.lock'),
    stamp: join(cache, 'setup.json'),
    packageLock: join(root, 'package-lock.json'),
    installedLock: join(root, 'node_modules', '.package-lock.json'),
    node: join(cache, 'node', NODE_VERSION),
    natsMemo: join(cache, 'nats-server.json'),
    nats: join(cache, 'nats', NATS_VERSION),
    natsServer: join(cache, 'nats', NATS_VERSION, process.platform === 'win32' ? 'nats-server.exe' : 'nats-server'),
    compileCache: join(cache, 'cache', 'compile'),
  };
}
