// What commands that ask the running API server share: the options that name the cluster, and a client for it. Whatever
// keeps it from answering is told in words, with the way out.

import type { Command } from 'commander';
import { type ApiClient, ApiServerDown, apiClient, Refused } from '../client/api-client.ts';
import { findCluster } from '../pki/find-cluster.ts';
import { type CliContext, CommandFailed } from './command.ts';
import { defaultDataDir } from './up-options.ts';

/** Adds `--kubeconfig` and `--data-dir`. */
export function namesCluster(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'the cluster to ask')
    .option('--data-dir <dir>', 'the data directory of the cluster', defaultDataDir);
}

/** Calls `work` with a client of the cluster that the options name. */
export async function askCluster<T>(
  parsed: Command,
  { env }: CliContext,
  work: (client: ApiClient) => Promise<T>,
): Promise<T> {
  const { kubeconfig, dataDir = defaultDataDir } = parsed.opts<{ kubeconfig?: string; dataDir?: string }>();
  const named = parsed.getOptionValueSource('dataDir') === 'cli' && kubeconfig === undefined;
  const access = await findCluster({ kubeconfig, environment: named ? undefined : env.KUBECONFIG, dataDir });
  const client = apiClient(access);
  try {
    return await work(client);
  } catch (error) {
    if (error instanceof Refused) throw new CommandFailed(error.message, { cause: error });
    if (!(error instanceof ApiServerDown)) throw error;
    throw new CommandFailed(
      `Nothing listens at ${access.server}, where ${access.file} says the cluster is. Start it with shiplog up.`,
      { cause: error },
    );
  } finally {
    client.close();
  }
}
