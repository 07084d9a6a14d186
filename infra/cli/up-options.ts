// What `shiplog up` can be told, and what it needs of a running cluster.

import type { Durability } from '../../streams/jetstream/durability.ts';
import type { EventFacts } from '../../streams/log/event.ts';
import type { ControllerSettings } from './controller-options.ts';

export type UpOptions = {
  /** Where everything is kept. */
  readonly dataDir: string;
  /** The IP address the API server listens on; `0.0.0.0` and `::` mean every address of the machine. */
  readonly address: string;
  /** The API server's port; 0 lets the system choose. */
  readonly port: number;
  /** A further kubeconfig to write; the data directory always has one. */
  readonly kubeconfig: string | undefined;
  /** How many simulated nodes. */
  readonly nodes: number;
  /** Told while they become ready. */
  readonly onReady?: ((progress: { readonly ready: number; readonly of: number }) => void) | undefined;
  /** A NATS server that runs already, with its credentials; undefined starts one. */
  readonly nats: string | undefined;
  /** Keep the log in memory only. */
  readonly memory: boolean;
  /** Print nothing but errors. */
  readonly quiet: boolean;
  /** How controllers work, where it is not as in Kubernetes. */
  readonly controllers: ControllerSettings;
  /** Configuration of the scheduler, a KubeSchedulerConfiguration in YAML. */
  readonly schedulerConfig?: string | undefined;
  /** Modules with scheduler plugins of the user's own. */
  readonly schedulerPlugin?: readonly string[] | undefined;
  /** What an acknowledged write is worth. */
  readonly durability: Durability;
};

export const defaultDataDir = '.shiplog/data';

export const upDefaults: UpOptions = {
  dataDir: defaultDataDir,
  address: '127.0.0.1',
  port: 6443,
  kubeconfig: undefined,
  nodes: 3,
  nats: undefined,
  memory: false,
  quiet: false,
  controllers: { autoscaler: {}, nodeLifecycle: {} },
  durability: 'always',
};

/** A started cluster, ready to serve. */
export type RunningCluster = {
  /** `https://host:port` */
  readonly server: string;
  /** The kubeconfig to use. */
  readonly kubeconfig: string;
  /** Calls back with every event of LOG recorded from now on. */
  onEvent(listener: (event: EventFacts) => void): void;
  /** Resolves with the cause when the cluster cannot go on by itself; never otherwise. */
  readonly failed: Promise<Error>;
  /** Stops everything in order: requests answered, log flushed, children gone. */
  stop(): Promise<void>;
};
