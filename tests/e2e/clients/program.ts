// A client program in another language: what it needs is looked for, brought into a cache of the project and built
// there, and its commands are run against a cluster. What a command prints are the facts its test expects. A machine
// without the toolchain, or one that cannot download the client, skips the tests and says so; a program that does not
// compile fails them.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, type Ran, type RunningCluster, run } from '../../kit/running-cluster.ts';

const cache = fileURLToPath(new URL('../../../.shiplog/cache/clients', import.meta.url));

/** The directory of a client's sources. */
export function sourceOf(client: string): string {
  return fileURLToPath(new URL(client, import.meta.url));
}

/** Says why the tests of a client are skipped, as loudly as the runner lets it. */
export function skipped(client: string, why: string): undefined {
  console.warn(`SKIPPED: tests/e2e/clients/${client}: ${why}`);
  return undefined;
}

export type Preparation = {
  readonly client: string;
  /** Programs that must be on the PATH. */
  readonly needs: readonly string[];
  /** What decides whether the cache is of today: the files that name the client's packages. */
  readonly manifests: readonly string[];
  /** Fills an empty directory of the cache with what the client needs; may need the network. */
  readonly download: (directory: string) => Promise<Ran>;
};

/** The client's directory in the cache, filled once per state of its manifests; undefined where that cannot be had. */
export async function prepare({ client, needs, manifests, download }: Preparation): Promise<string | undefined> {
  const absent = needs.filter((program) => findProgram(program) === undefined);
  if (absent.length > 0) return skipped(client, `${absent.join(' and ')} must be on the PATH`);
  const hash = createHash('sha256');
  for (const file of manifests) hash.update(readFileSync(join(sourceOf(client), file)));
  const directory = join(cache, `${client}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const { code, stderr } = await download(unfinished);
  if (code === 0) renameSync(unfinished, directory);
  else rmSync(unfinished, { recursive: true });
  return code === 0 ? directory : skipped(client, `what it needs could not be downloaded:\n${lastLines(stderr)}`);
}

/** Runs a step that must succeed, politely: other tests run meanwhile. */
export async function build(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<void> {
  const { code, stderr } = await run('nice', ['-n', '10', ...args], { cwd, env: { ...process.env, ...env } });
  if (code !== 0) throw new Error(`${args.join(' ')} failed (${code}):\n${lastLines(stderr)}`);
}

/** Runs a program against the cluster; resolves with the lines it prints. */
export async function factsOf(
  cluster: RunningCluster,
  [program, ...args]: readonly [string, ...string[]],
): Promise<readonly string[]> {
  const { code, stdout, stderr } = await run(program, args, {
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
  });
  if (code !== 0) throw new Error(`${args.join(' ')} failed (${code}): ${lastLines(stderr)}\nafter\n${stdout}`);
  return stdout.trimEnd().split('\n');
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-20).join('\n');
}
