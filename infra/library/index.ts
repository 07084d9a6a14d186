// The package's entry: what programs can do with a cluster's log. `connect` finds the log as every command does and reads
// it with the reader's rights; nothing here can write.

import process from 'node:process';
import type { Observable } from 'rxjs';
import { assert } from '../../streams/base/assert.ts';
import type { Revision } from '../../streams/base/brand.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { silentLogger } from '../../streams/base/logger.ts';
import { systemRandom } from '../../streams/base/random.ts';
import type { Instant } from '../../streams/history/past-events.ts';
import { replay } from '../../streams/history/replay.ts';
import type { Credentials } from '../../streams/jetstream/connection.ts';
import { type LogPlace, openReader } from '../boot/open-reader.ts';
import { remoteAccess } from '../nats/log-access.ts';
import { findCluster } from '../pki/find-cluster.ts';
import type { ClusterEvent } from './cluster-event.ts';
import { ClusterState } from './cluster-state.ts';
import { type EventsOptions, eventsOf, type WorkOptions, worksOf } from './subscription.ts';

export type { Plugin as SchedulerPlugin } from '../../actors/scheduler/framework.ts';
export type { ClusterEvent } from './cluster-event.ts';
export type { ClusterState } from './cluster-state.ts';
export { type EventsOptions, SubscriptionFailed, type WorkOptions } from './subscription.ts';

export type ConnectOptions = {
  /** The kubeconfig of a cluster of this machine. */
  readonly kubeconfig?: string;
  /** The data directory of a cluster of this machine. */
  readonly dataDir?: string;
  /** NATS servers, `nats://host:port`, also with `user:password@`: for clusters of other machines. */
  readonly servers?: string | readonly string[];
  readonly credentials?: Credentials;
};

export type Shiplog = {
  /** Revisions mean something within one epoch; a new one begins only where a weaker durability was chosen and lost writes. */
  readonly epoch: string;
  /** Recorded events, the past first and then the present. Errors are SubscriptionFailed. */
  events$<T>(options: EventsOptions & WorkOptions<T>): Observable<T>;
  events$(options?: EventsOptions): Observable<ClusterEvent>;
  /** The cluster as it was after a revision or at a moment; as it is when left out. */
  state(options?: { readonly at?: number | Date; readonly signal?: AbortSignal }): Promise<ClusterState>;
  /** Ends every subscription and disconnects. */
  close(): Promise<void>;
};

const dataDirDefault = '.shiplog/data';

/** Without options the cluster is found through $KUBECONFIG or the default data directory. It must be running. */
export async function connect(options: ConnectOptions = {}): Promise<Shiplog> {
  const ports = { clock: systemClock, random: systemRandom(), logger: silentLogger };
  const opened = await openReader(await placeOf(options), ports);
  const { log } = opened;
  function events$<T>(wanted: EventsOptions & Partial<WorkOptions<T>> = {}): Observable<ClusterEvent | T> {
    const { work, ...rest } = wanted;
    return work === undefined ? eventsOf(opened, rest) : worksOf<T>(opened, { ...rest, work });
  }
  return {
    epoch: log.epoch,
    events$: events$ as Shiplog['events$'],
    state: async ({ at, signal } = {}) =>
      new ClusterState(await replay(log.streams.LOG, { until: instantOf(at), signal })),
    close: () => opened.close(),
  };
}

async function placeOf({ kubeconfig, dataDir, servers, credentials }: ConnectOptions): Promise<LogPlace> {
  if (servers !== undefined) {
    const accesses = [servers].flat().map((server) => remoteAccess(server));
    const [first] = accesses;
    assert(first !== undefined, 'at least one server is named');
    return {
      kind: 'servers',
      servers: accesses.map(({ url }) => url),
      credentials: credentials ?? first.credentials,
    };
  }
  if (dataDir !== undefined && kubeconfig === undefined) return { kind: 'dataDir', path: dataDir, stopped: 'refuse' };
  const environment = process.env.KUBECONFIG;
  const found = await findCluster({ kubeconfig, environment, dataDir: dataDir ?? dataDirDefault });
  const path = found.dataDir ?? dataDir;
  if (path === undefined) {
    throw new Error(`${found.file} does not say where the cluster's log is: name dataDir, or servers and credentials`);
  }
  return { kind: 'dataDir', path, stopped: 'refuse' };
}

function instantOf(at: number | Date | undefined): Instant | undefined {
  if (at === undefined) return undefined;
  return typeof at === 'number' ? { kind: 'revision', revision: at as Revision } : { kind: 'time', ms: at.getTime() };
}
