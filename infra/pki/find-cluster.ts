// Finds the cluster a command is about: through `--kubeconfig`, `$KUBECONFIG` or the data directory, in this order.
//
// A file named by --kubeconfig must do: it is never passed over. $KUBECONFIG may list several files and may be about
// other clusters altogether; then the data directory is asked next.

import { readFileSync } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';
import { dataDirPaths } from '../nats/data-dir.ts';
import { kubeconfigName } from './kubeconfig.ts';
import { readText } from './pem-files.ts';

export type ClusterAccess = {
  /** The kubeconfig it was found in. */
  readonly file: string;
  readonly context: string;
  /** `https://host:port` */
  readonly server: string;
  /** PEM; undefined when the kubeconfig names none. */
  readonly ca: string | undefined;
  /** PEM; undefined for users that do not authenticate by certificate. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
  /** The data directory the kubeconfig names; undefined for clusters of other machines. */
  readonly dataDir: string | undefined;
};

export type FindClusterOptions = {
  /** The value of --kubeconfig. */
  readonly kubeconfig?: string | undefined;
  /** The value of $KUBECONFIG. */
  readonly environment?: string | undefined;
  readonly dataDir: string;
};

/** No cluster was found; the message lists where it was looked for. */
export class ClusterNotFound extends Error {
  override readonly name = 'ClusterNotFound';
}

/**
 * @throws {ClusterNotFound}
 */
export async function findCluster(options: FindClusterOptions): Promise<ClusterAccess> {
  if (options.kubeconfig !== undefined) {
    const found = await readAccess(options.kubeconfig, 'any');
    if (typeof found === 'string') throw new ClusterNotFound(`${options.kubeconfig} ${found}.`);
    return found;
  }
  const tried: string[] = [];
  const files = (options.environment ?? '').split(delimiter).filter((file) => file !== '');
  if (files.length === 0) tried.push('$KUBECONFIG is not set');
  const own = dataDirPaths(options.dataDir).kubeconfig;
  for (const [origin, file] of [...files.map((file) => ['$KUBECONFIG: ', file] as const), ['', own] as const]) {
    const found = await readAccess(file, 'ours');
    if (typeof found !== 'string') return found;
    tried.push(`${origin}${file} ${found}`);
  }
  throw new ClusterNotFound(
    [
      'No cluster was found:',
      ...tried.map((line) => `  ${line}`),
      'Start one with `npm start`, or name its kubeconfig with --kubeconfig FILE.',
    ].join('\n'),
  );
}

type Named = Readonly<Record<'cluster' | 'user' | 'context' | 'extension', Fields | undefined>> & {
  readonly name?: unknown;
};
type Fields = Readonly<Record<string, unknown>>;

/** Reads one file; a text says what is wrong with it. `any` accepts the current context where none is ours. */
async function readAccess(file: string, accept: 'ours' | 'any'): Promise<ClusterAccess | string> {
  const text = readText(file);
  if (text === undefined) return 'does not exist';
  const { parse } = await import('yaml');
  let config: Fields | null;
  try {
    config = parse(text) as Fields | null;
  } catch {
    return 'is not YAML';
  }
  if (typeof config !== 'object' || config === null) return 'is not a kubeconfig';
  const current = accept === 'any' ? config['current-context'] : undefined;
  const name = entry(config, 'contexts', kubeconfigName) === undefined ? current : kubeconfigName;
  const context = entry(config, 'contexts', name)?.context;
  if (context === undefined) return `has no context named ${kubeconfigName}`;
  const cluster = entry(config, 'clusters', context.cluster)?.cluster;
  const server = cluster?.server;
  if (cluster === undefined || typeof server !== 'string') return `names no server for the context ${String(name)}`;
  const user = entry(config, 'users', context.user)?.user ?? {};
  try {
    return {
      file: resolve(file),
      context: String(name),
      server,
      ca: content(cluster, 'certificate-authority', file),
      certificate: content(user, 'client-certificate', file),
      key: content(user, 'client-key', file),
      token: typeof user.token === 'string' ? user.token : undefined,
      dataDir: dataDirOf(cluster),
    };
  } catch (error) {
    return `names a file that cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
}

function entry(config: Fields, list: string, name: unknown): Named | undefined {
  const entries = config[list];
  if (typeof name !== 'string' || !Array.isArray(entries)) return undefined;
  return (entries as readonly (Named | null)[]).find((candidate) => candidate?.name === name) ?? undefined;
}

function dataDirOf(cluster: Fields): string | undefined {
  const extension = entry(cluster, 'extensions', kubeconfigName)?.extension;
  const dataDir = extension?.['data-dir'];
  return typeof dataDir === 'string' ? dataDir : undefined;
}

/** A kubeconfig holds PEM either inline (`…-data`, base64) or as a file relative to itself. */
function content(fields: Fields, name: string, file: string): string | undefined {
  const data = fields[`${name}-data`];
  if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8');
  const path = fields[name];
  return typeof path === 'string' ? readFileSync(resolve(dirname(file), path), 'utf8') : undefined;
}
