// The Node that runs the sources: the machine's own where it is new enough, else one kept for this checkout.
//
// The npm package `node` only carries an install script that fetches the package of the platform; npm may refuse to run
// it. So the platform's package, which holds the program itself, is installed directly, at the same version.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NODE_MAJOR, NODE_VERSION } from './layout.mjs';
import { runNpm } from './npm-packages.mjs';
import { reasonOf, SetupError } from './setup-error.mjs';

/** Whether the Node that runs this very file is new enough. */
export function ownNodeIsEnough() {
  return Number.parseInt(process.versions.node, 10) >= NODE_MAJOR;
}

/**
 * The program to run the sources with, or undefined when it must be installed first.
 *
 * @param {ReturnType<import('./layout.mjs').setupPaths>} paths
 * @returns {string | undefined}
 */
export function findNode(paths) {
  if (ownNodeIsEnough()) return process.execPath;
  const program = nodeProgram(paths.node);
  return existsSync(program) ? program : undefined;
}

/**
 * @param {ReturnType<import('./layout.mjs').setupPaths>} paths
 * @param {(detail: string) => void} say
 * @returns {Promise<string>} the installed program
 */
export async function installNode(paths, say) {
  const partial = `${paths.node}.partial`;
  const reasons = [];
  // The exact version first; some platforms' packages skip releases, there the newest of the same major is as good.
  for (const version of [NODE_VERSION, String(NODE_MAJOR)]) {
    const wanted = `${platformPackage()}@${version}`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    writeFileSync(join(partial, 'package.json'), '{ "private": true }\n');
    try {
      await runNpm(
        [
          'install',
          '--prefix',
          partial,
          '--no-save',
          '--no-package-lock',
          '--ignore-scripts',
          '--no-audit',
          '--no-fund',
          wanted,
        ],
        {
          cwd: partial,
          node: process.execPath,
          onLine: say,
        },
      );
      if (!existsSync(nodeProgram(partial))) throw new Error(`${wanted} holds no Node program`);
      rmSync(paths.node, { recursive: true, force: true });
      mkdirSync(dirname(paths.node), { recursive: true });
      renameSync(partial, paths.node);
      return nodeProgram(paths.node);
    } catch (error) {
      reasons.push(`  npm install ${wanted}: ${reasonOf(error)}`);
    }
  }
  rmSync(partial, { recursive: true, force: true });
  throw new SetupError(
    [
      `This machine runs Node ${process.versions.node}; Shiplog needs Node ${NODE_MAJOR} or newer and could not install one:`,
      ...reasons,
      `Install Node ${NODE_MAJOR} or newer yourself and start again.`,
    ].join('\n'),
  );
}

/** The npm package that holds Node for this platform. Apple's ARM machines have a name of their own there. */
function platformPackage() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return [prefix, platform, process.arch].join('-');
}

function nodeProgram(directory) {
  const packageDirectory = join(directory, 'node_modules', platformPackage());
  try {
    const { bin } = JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8'));
    return join(packageDirectory, bin.node);
  } catch {
    return join(packageDirectory, 'bin', 'node');
  }
}
