// Runs one program of the set-up and keeps its output out of the way.
//
// Output is shown only as progress (its last line) and, when the program fails, as the end of the error: a set-up that
// works says one line per step, one that fails says why (programs name the cause first or last, so both are kept).

import { spawn } from 'node:child_process';
import { delimiter } from 'node:path';

const HEAD_LINES = 12;
const TAIL_LINES = 6;

/**
 * Runs a program to its end. Rejects with the first and last lines of its output when it cannot be started or exits with a code
 * other than 0.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, shell?: boolean, onLine?: (line: string) => void }} [options]
 * @returns {Promise<void>}
 */
export function runProgram(command, args, options = {}) {
  const { cwd, env, shell = false, onLine } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = createExcerpt();
    const keep = lineSplitter((line) => {
      output.add(line);
      onLine?.(line);
    });
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => reject(new Error(`${command} could not be started`, { cause: error })));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve();
      const ending = signal === null ? `exit code ${code}` : `signal ${signal}`;
      const lines = output.lines().map((line) => `\n    ${line}`);
      reject(new Error([`${[command, ...args].join(' ')} ended with ${ending}`, ...lines].join('')));
    });
  });
}

/** PATH with `directory` in front, so that programs called `node` are this Node too. */
export function withFirst(directory) {
  return `${directory}${delimiter}${process.env.PATH ?? process.env.Path ?? ''}`;
}

function createExcerpt() {
  const head = [];
  const tail = [];
  let left = 0;
  return {
    add(line) {
      if (head.length < HEAD_LINES) return head.push(line);
      tail.push(line);
      if (tail.length > TAIL_LINES) {
        tail.shift();
        left++;
      }
    },
    lines: () => [...head, ...(left > 0 ? [`… ${left} more lines`] : []), ...tail],
  };
}

/** @param {(line: string) => void} onLine */
function lineSplitter(onLine) {
  let rest = '';
  return (chunk) => {
    const lines = (rest + String(chunk)).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') onLine(line.trimEnd());
  };
}
