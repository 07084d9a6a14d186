#!/usr/bin/env node
// The `shiplog` program: sets the machine up where needed, then hands over to the command line in TypeScript.
//
//   shiplog <command> …          runs infra/cli/main.ts
//   shiplog --script FILE …      runs another TypeScript entry of this checkout under the same set-up
//
// This file and its neighbours run on any Node from 18 on and import nothing that is not theirs.

import { resolve } from 'node:path';
import { launch } from './launch.mjs';
import { projectRoot, setupPaths } from './layout.mjs';
import { ensureSetup } from './setup.mjs';
import { SetupError } from './setup-error.mjs';

const EXIT_SETUP_FAILED = 3;

try {
  const [first, ...rest] = process.argv.slice(2);
  const script = first === '--script' ? rest.shift() : undefined;
  if (first === '--script' && script === undefined)
    throw new SetupError('--script needs a file, for example: --script tests/bench/main.ts');
  const args = script === undefined ? process.argv.slice(2) : rest;
  const paths = setupPaths(projectRoot);
  const { node } = await ensureSetup({ root: projectRoot, natsServer: needsNatsServer(args) });
  const entry = script === undefined ? resolve(projectRoot, 'infra/cli/main.ts') : resolve(script);
  await launch({ node, entry, args, compileCache: paths.compileCache });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT_SETUP_FAILED;
}

/** A cluster in memory or on somebody else's NATS needs no nats-server, and neither does a question for help. */
function needsNatsServer(args) {
  const without = ['--memory', '--nats', '--help', '-h', '--version', 'help'];
  return args.length > 0 && !args.some((argument) => without.includes(argument) || argument.startsWith('--nats='));
}
