// Opens the log of the cluster a command is about, with the rights to read it: on the cluster's NATS server while it
// runs, on a server of our own for a stopped one where the command can do with that.

import { existsSync } from 'node:fs';
import { silentLogger } from '../../streams/base/logger.ts';
import { systemRandom } from '../../streams/base/random.ts';
import { type OpenedReader, openReader } from '../boot/open-reader.ts';
import { dataDirPaths } from '../nats/data-dir.ts';
import { type ClusterAccess, ClusterNotFound, findCluster } from '../pki/find-cluster.ts';
import { type CliContext, CommandFailed } from './command.ts';

export type ClusterOptions = {
  readonly kubeconfig: string | undefined;
  readonly dataDir: string;
  /** The data directory was named on the command line: that means more than $KUBECONFIG. */
  readonly dataDirNamed: boolean;
};

export type ClusterLogFound = OpenedReader & {
  /** How to reach the API server; undefined for a data directory without a kubeconfig. */
  readonly access: ClusterAccess | undefined;
};

/**
 * @throws {ClusterNotFound}
 * @throws {CommandFailed} when the cluster's log cannot be reached from here, with the way out
 */
export async function openClusterLog(
  options: ClusterOptions,
  { env, clock, terminal }: CliContext,
  stopped: 'start' | 'refuse',
): Promise<ClusterLogFound> {
  const { access, dataDir } = await locate(options, env);
  const ports = { clock, random: systemRandom(), logger: silentLogger };
  const opening = openReader({ kind: 'dataDir', path: dataDir, stopped }, ports);
  return { ...(await terminal.waiting('Opening the log', opening)), access };
}

async function locate(
  { kubeconfig, dataDir, dataDirNamed }: ClusterOptions,
  env: CliContext['env'],
): Promise<{ readonly access: ClusterAccess | undefined; readonly dataDir: string }> {
  if (dataDirNamed && kubeconfig === undefined) {
    try {
      return { access: await findCluster({ dataDir }), dataDir };
    } catch (error) {
      if (!(error instanceof ClusterNotFound) || !existsSync(dataDirPaths(dataDir).marker)) throw error;
      return { access: undefined, dataDir };
    }
  }
  const access = await findCluster({ kubeconfig, environment: env.KUBECONFIG, dataDir });
  const place = access.dataDir ?? (dataDirNamed ? dataDir : undefined);
  if (place !== undefined) return { access, dataDir: place };
  throw new CommandFailed(
    `${access.file} does not say where the cluster's log is on this machine; name its data directory with --data-dir.`,
  );
}
