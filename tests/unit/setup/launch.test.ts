// The bootstrap as it runs: separate processes, real signals.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../kit/temp-dir.ts';

const setup = (name: string) => fileURLToPath(new URL(`../../../infra/setup/${name}`, import.meta.url));

function start(args: readonly string[]): {
  readonly child: ChildProcess;
  readonly output: () => string;
  sees(text: string): Promise<void>;
} {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  return {
    child,
    output: () => output,
    async sees(text) {
      while (!output.includes(text)) await once(child.stdout, 'data');
    },
  };
}

const ended = async (child: ChildProcess) => {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal };
};

describe('shiplog --script', () => {
  test('runs a TypeScript entry with its arguments, and its exit code is the entry’s', async () => {
    const entry = join(tempDir(), 'entry.ts');
    writeFileSync(
      entry,
      'const args: readonly string[] = process.argv.slice(2);\nconsole.log(args.join(","));\nprocess.exitCode = 7;\n',
    );
    const { child, output } = start([setup('shiplog.mjs'), '--script', entry, 'one', '--two']);
    expect(await ended(child)).toEqual({ code: 7, signal: null });
    expect(output()).toBe('one,--two\n');
  });

  test('without a file says what is missing', async () => {
    const { child, output } = start([setup('shiplog.mjs'), '--script']);
    expect(await ended(child)).toEqual({ code: 3, signal: null });
    expect(output()).toContain('--script needs a file');
  });
});

describe('a child started by the launcher', () => {
  /** The launcher's half that runs where the machine's own Node is too old. */
  const launcher = (childScript: string) => {
    const script = `
      import { spawn } from 'node:child_process';
      import { runChild } from ${JSON.stringify(setup('launch.mjs'))};
      const child = spawn(process.execPath, ['-e', ${JSON.stringify(childScript)}], { stdio: 'inherit' });
      process.exitCode = await runChild(child, 'node');
    `;
    return start(['--input-type=module', '-e', script]);
  };

  test('gets a Ctrl-C once, however often it arrives at a time, and is waited for', async () => {
    const { child, output, sees } = launcher(`
      let interrupts = 0;
      process.on('SIGINT', () => { interrupts++; console.log('interrupted'); });
      process.on('SIGTERM', () => { console.log('counted', interrupts); process.exit(5); });
      console.log('ready');
      setInterval(() => {}, 1000);
    `);
    await sees('ready');
    child.kill('SIGINT');
    child.kill('SIGINT');
    await sees('interrupted');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect(await ended(child)).toEqual({ code: 5, signal: null });
    expect(output()).toContain('counted 1');
  });

  test('that a signal ends gives the exit code shells give', async () => {
    const { child, sees } = launcher(`console.log('ready'); setInterval(() => {}, 1000);`);
    await sees('ready');
    child.kill('SIGTERM');
    expect(await ended(child)).toEqual({ code: 143, signal: null });
  });
});

describe('two set-ups of one checkout', () => {
  const worker = (lock: string, log: string) => `
    import { appendFileSync } from 'node:fs';
    import { withSetupLock } from ${JSON.stringify(setup('setup-lock.mjs'))};
    await withSetupLock(${JSON.stringify(lock)}, { onWait: (pid) => console.log('waits for', pid) }, async () => {
      appendFileSync(${JSON.stringify(log)}, 'in\\n');
      console.log('working');
      await new Promise((resolve) => process.stdin.once('data', resolve));
      appendFileSync(${JSON.stringify(log)}, 'out\\n');
    });
    process.exit();
  `;

  test('work one after the other', async () => {
    const directory = tempDir();
    const [lock, log] = [join(directory, 'setup.lock'), join(directory, 'log')];
    const first = start(['--input-type=module', '-e', worker(lock, log)]);
    await first.sees('working');
    const second = start(['--input-type=module', '-e', worker(lock, log)]);
    await second.sees(`waits for ${first.child.pid}`);
    expect(second.output()).not.toContain('working');
    first.child.stdin?.write('go');
    await second.sees('working');
    second.child.stdin?.write('go');
    expect(await ended(second.child)).toEqual({ code: 0, signal: null });
    expect(existsSync(lock)).toBe(false);
  });

  test('do not wait for one that was killed', async () => {
    const directory = tempDir();
    const [lock, log] = [join(directory, 'setup.lock'), join(directory, 'log')];
    const first = start(['--input-type=module', '-e', worker(lock, log)]);
    await first.sees('working');
    first.child.kill('SIGKILL');
    await ended(first.child);
    const second = start(['--input-type=module', '-e', worker(lock, log)]);
    await second.sees('working');
    expect(second.output()).not.toContain('waits for');
  });
});
