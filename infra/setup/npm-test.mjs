// `npm test`: sets the machine up, then checks types, format and lint, then runs the tests.
//
// Arguments go to vitest (`npm test -- tests/unit/nats`). Every step runs even when one before it failed, so that one
// run tells everything; the run fails when any step failed. A signal ends it at once.

import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { runChild } from './launch.mjs';
import { projectRoot } from './layout.mjs';
import { withFirst } from './run-program.mjs';
import { ensureSetup } from './setup.mjs';
import { SetupError } from './setup-error.mjs';

const EXIT_SETUP_FAILED = 3;
const EXIT_BY_SIGNAL = 128;

try {
  const { node } = await ensureSetup({ root: projectRoot });
  process.exitCode = await runSteps(node, [
    { name: 'types', program: 'typescript/bin/tsc', args: ['-p', 'tsconfig.json'] },
    { name: 'format and lint', program: '@biomejs/biome/bin/biome', args: ['check'] },
    { name: 'tests', program: 'vitest/vitest.mjs', args: ['run', ...process.argv.slice(2)] },
  ]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT_SETUP_FAILED;
}

async function runSteps(node, steps) {
  const env = { ...process.env, PATH: withFirst(dirname(node)) };
  const failed = [];
  for (const { name, program, args } of steps) {
    process.stdout.write(`\n── ${name}\n`);
    const file = resolve(projectRoot, 'node_modules', program);
    const code = await runChild(spawn(node, [file, ...args], { cwd: projectRoot, stdio: 'inherit', env }), program);
    if (code > EXIT_BY_SIGNAL) return code;
    if (code !== 0) failed.push(name);
  }
  process.stdout.write(failed.length === 0 ? '\nAll steps passed.\n' : `\nFailed: ${failed.join(', ')}.\n`);
  return failed.length === 0 ? 0 : 1;
}
