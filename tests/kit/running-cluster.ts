// A cluster as a user has it: the real program in a process of its own, with a data directory, driven by the real
// kubectl. Everything is gone when the test file is over.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataDirPaths } from '../../infra/nats/data-dir.ts';
import { readServerRecord } from '../../infra/nats/server-record.ts';
import { eventually } from './eventually.ts';

/** As `npm start` runs the program: with what was compiled before. */
const compileCache = fileURLToPath(new URL('../../.shiplog/cache/compile', import.meta.url));
const main = fileURLToPath(new URL('../../infra/cli/main.ts', import.meta.url));

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Where kubectl is, or undefined: suites that need it say so and are skipped. */
export const kubectlPath = findProgram('kubectl');

export class RunningCluster {
  readonly directory: string;
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #output = '';

  constructor(args: readonly string[] = []) {
    this.directory = realpathSync(mkdtempSync(join(tmpdir(), 'shiplog-e2e-')));
    this.dataDir = join(this.directory, 'data');
    this.kubeconfig = join(this.directory, 'kubeconfig');
    this.#args = args;
  }

  /** Starts the program and resolves when it says that it serves. */
  async start(): Promise<void> {
    const args = [
      main,
      'up',
      '--data-dir',
      this.dataDir,
      '--port',
      '0',
      '--kubeconfig',
      this.kubeconfig,
      ...this.#args,
    ];
    const env = { NODE_COMPILE_CACHE: compileCache, ...process.env };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#output = '';
    await new Promise<void>((resolve, reject) => {
      const heard = (chunk: Buffer) => {
        this.#output += chunk.toString('utf8');
        if (this.#output.includes('Shiplog serves')) resolve();
      };
      child.stdout?.on('data', heard);
      child.stderr?.on('data', heard);
      child.once('exit', (code, signal) => reject(new Error(`shiplog up ended (${code ?? signal}): ${this.#output}`)));
    });
  }

  /** As `start`, for a cluster that was told to be quiet: resolves when it answers that it is ready. */
  async startQuietly(): Promise<void> {
    const starting = this.start();
    await Promise.race([starting, eventually(() => this.ok(['get', '--raw', '/readyz']))]);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What it has printed since it was started. */
  get output(): string {
    return this.#output;
  }

  get alive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Pid of the nats-server child. */
  get natsPid(): number {
    const record = readServerRecord(dataDirPaths(this.dataDir));
    if (record === undefined) throw new Error('no nats-server is recorded as running');
    return record.pid;
  }

  /** Ctrl-C; resolves with the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGINT');
  }

  /** kill -9 of everything: the program and its nats-server. */
  async killEverything(): Promise<void> {
    const { natsPid } = this;
    const ended = this.#end('SIGKILL');
    process.kill(natsPid, 'SIGKILL');
    await ended;
  }

  async dispose(): Promise<void> {
    if (this.alive) await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  kubectl(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return run(kubectlPath ?? 'kubectl', args, this.#with(options));
  }

  /** Runs kubectl and returns what it printed; a failure fails the test with what it said. */
  async ok(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const ran = await this.kubectl(args, options);
    if (ran.code !== 0) throw new Error(`kubectl ${args.join(' ')} failed (${ran.code}): ${ran.stderr}${ran.stdout}`);
    return ran.stdout.trim();
  }

  async json<T>(args: readonly string[]): Promise<T> {
    return JSON.parse(await this.ok([...args, '-o', 'json'])) as T;
  }

  /** Runs another command of the program against this cluster. */
  shiplog(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return run(process.execPath, [main, ...args], this.#with(options));
  }

  /** A kubectl that keeps running; `lines` grows until it is stopped. */
  background(args: readonly string[]): { readonly lines: string[]; stop(): Promise<void> } {
    const lines: string[] = [];
    const child = spawn(kubectlPath ?? 'kubectl', args, {
      env: this.#with({}).env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let rest = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString('utf8')).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
    });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    return {
      lines,
      async stop() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }

  file(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  #with(options: RunOptions): RunOptions & { env: NodeJS.ProcessEnv } {
    return { ...options, env: { ...process.env, KUBECONFIG: this.kubeconfig, ...options.env } };
  }

  #end(signal: 'SIGINT' | 'SIGKILL'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || !this.alive) return Promise.resolve(child?.exitCode ?? null);
    return new Promise((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.kill(signal);
    });
  }
}

export type RunOptions = { readonly stdin?: string; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string };

export function run(program: string, args: readonly string[], { stdin, env, cwd }: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: env ?? process.env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.end(stdin ?? '');
  });
}

/** Where a program of the machine is, or undefined. */
export function findProgram(program: string): string | undefined {
  try {
    const path = execFileSync('which', [program], { encoding: 'utf8' }).trim();
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
