// Finds the log of the cluster a command is about, with the rights to read it.

import { dataDirPaths } from '../nats/data-dir.ts';
import { type LogAccess, logAccess } from '../nats/log-access.ts';
import { findCluster } from '../pki/find-cluster.ts';
import { type CliContext, CommandFailed } from './command.ts';

/**
 * @throws {ClusterNotFound}
 * @throws {CommandFailed} when the cluster's log cannot be reached from here, with the way out
 */
export async function findLog(
  { kubeconfig, dataDir }: { readonly kubeconfig: string | undefined; readonly dataDir: string },
  { env }: CliContext,
): Promise<LogAccess> {
  const cluster = await findCluster({ kubeconfig, environment: env.KUBECONFIG, dataDir });
  if (cluster.dataDir === undefined) {
    throw new CommandFailed(
      `${cluster.file} does not say where the cluster's log is on this machine; name its data directory with --data-dir.`,
    );
  }
  const paths = dataDirPaths(cluster.dataDir);
  const access = logAccess(paths);
  if (access !== undefined) return access;
  throw new CommandFailed(
    `The cluster in ${paths.root} is not running. Start it with: npm start -- --data-dir ${paths.root}`,
  );
}
