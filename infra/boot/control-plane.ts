// Controllers, scheduler and simulated nodes of one process, started together and stopped in reverse.

import { localCloud } from '../../actors/cloud/local-cloud.ts';
import { cloudControllers } from '../../actors/cloud/registry.ts';
import type { OwnerResource } from '../../actors/controllers/owner-graph.ts';
import { allControllers, type ControllersOptions } from '../../actors/controllers/registry.ts';
import type { Clock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { KindTable } from '../api/kinds/kind-table.ts';
import { scaleReader } from '../api/registry/scale-reader.ts';
import type { LogRequest, PodLogs } from '../api/verbs/pod-logs.ts';
import type { ControllerSettings } from '../cli/controller-options.ts';
import type { ControllerPorts } from '../host/controller-host.ts';
import { ControllerManager, type ControllerRow } from '../host/controller-manager.ts';
import type { SchedulerSettings } from '../host/scheduler-config.ts';
import { type RunningScheduler, startScheduler } from '../host/scheduler-host.ts';
import { allReady } from '../nodes/ready-nodes.ts';
import { type SimulatedNodes, startSimulatedNodes } from '../nodes/simulated-nodes.ts';
import type { UsageReader } from '../nodes/usage.ts';
import { usageMetrics } from '../nodes/usage-metrics.ts';
import type { ApiStack } from './api-stack.ts';
import { type Duty, duty } from './duty.ts';

export type ControlPlaneOptions = {
  readonly stack: ApiStack;
  /** PEM of the cluster's CA, published to every namespace. */
  readonly ca: string;
  /** Signs the tokens kept in Secrets. */
  readonly mintToken: ControllersOptions['mintToken'];
  readonly certificates?: ControllersOptions['certificates'];
  readonly signDetached?: ControllersOptions['signDetached'];
  /** Simulated nodes. */
  readonly nodes: number;
  /** Told while they become ready. */
  readonly onReady?: ((progress: { readonly ready: number; readonly of: number }) => void) | undefined;
  /** Periods of controllers; Kubernetes' where left out. */
  readonly settings?: ControllerSettings | undefined;
  /** Profiles, plugins and back-off of the scheduler; kube-scheduler's where left out. */
  readonly scheduler?: SchedulerSettings | undefined;
  /** Who this process is in elections: no two living processes of the cluster share it. Undefined: it leads unasked. */
  readonly identity?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly observer?: ControllerPorts['observer'];
};

export type ControlPlane = {
  readonly logs: PodLogs;
  /** The nodes, once begun: tests and commands crash and restart them. */
  readonly nodes: SimulatedNodes | undefined;
  /** Why there are no nodes in this process. */
  readonly nodesElsewhere: string;
  /** State and counts of each controller, by name. */
  readonly controllers: readonly ControllerRow[];
  /** Who runs the controllers: empty for nobody, and where there are no elections. */
  readonly leader: string;
  /** True while this process runs the controllers. */
  readonly leads: boolean;
  /** The scheduler, while this process runs it. */
  readonly scheduler: RunningScheduler | undefined;
  /** Who runs the scheduler; empty for nobody. */
  readonly schedulerLeader: string;
  /** What the simulated nodes and their pods use, as far as this process runs them. */
  readonly usage: UsageReader;
  /** Resolves once everything runs, here or in another process, and the nodes of this one are ready. */
  begin(): Promise<void>;
  stop(): Promise<void>;
};

export function startControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { stack, ca, clock, random, logger, identity } = options;
  const { kinds, view, writer } = stack;
  const ports = { view, writer, clock, random: random.stream('controllers'), logger };
  let scheduler: RunningScheduler | undefined;
  let nodes: SimulatedNodes | undefined;
  const usage: UsageReader = {
    usageOf: (node) => nodes?.usage.usageOf(node),
    usageOfPod: (pod) => nodes?.usage.usageOfPod(pod),
  };
  const manager = new ControllerManager(
    allControllers({
      ca,
      mintToken: options.mintToken,
      nodeLifecycle: options.settings?.nodeLifecycle ?? {},
      certificates: options.certificates,
      signDetached: options.signDetached,
      resourceOf: resourceIn(kinds),
      autoscaler: {
        scales: scaleReader(kinds),
        metrics: usageMetrics({ world: view, usage }),
        ...options.settings?.autoscaler,
      },
    }),
    { ...ports, ...(options.observer && { observer: options.observer }) },
  );
  const cloudManager = new ControllerManager(cloudControllers(localCloud()), ports);
  const clouding = duty(
    {
      lease: 'cloud-controller-manager',
      identity,
      begin: () => cloudManager.lead(),
      end: () => cloudManager.follow(),
    },
    ports,
  );
  const controlling = duty(
    { lease: 'kube-controller-manager', identity, begin: () => manager.lead(), end: () => manager.follow() },
    ports,
  );
  const scheduling = duty(
    {
      lease: 'kube-scheduler',
      identity,
      begin() {
        scheduler = startScheduler({
          world: view,
          writer,
          settings: options.scheduler,
          clock,
          random: random.stream('scheduler'),
          logger,
        });
      },
      async end() {
        await scheduler?.stop();
        scheduler = undefined;
      },
    },
    ports,
  );
  const simulating = duty(
    {
      lease: 'shiplog-simulated-nodes',
      identity,
      begin() {
        nodes = startSimulatedNodes({ count: options.nodes, world: view, writer, clock, random, logger });
      },
      async end() {
        await nodes?.stop();
        nodes = undefined;
      },
    },
    ports,
  );
  return {
    get nodes() {
      return nodes;
    },
    get nodesElsewhere() {
      return elsewhere(simulating).message;
    },
    get scheduler() {
      return scheduler;
    },
    get schedulerLeader() {
      return scheduling.leader;
    },
    get controllers() {
      return [...manager.rows, ...cloudManager.rows];
    },
    get leader() {
      return controlling.leader;
    },
    get leads() {
      return controlling.leading;
    },
    usage,
    logs: (request) => (nodes === undefined ? elsewhere(simulating) : logsOf(nodes, request)),
    async begin() {
      await Promise.all([controlling.start(), clouding.start(), scheduling.start(), simulating.start()]);
      const names = nodes?.names ?? [];
      await allReady(view, names, { progress: (ready) => options.onReady?.({ ready, of: names.length }) });
    },
    async stop() {
      await simulating.stop();
      await scheduling.stop();
      await clouding.stop();
      await controlling.stop();
      await Promise.all([manager.stop(), cloudManager.stop()]);
    },
  };
}

function elsewhere({ leader }: Duty): { readonly kind: 'unavailable'; readonly message: string } {
  const message = leader === '' ? 'the nodes are still starting' : `the simulated nodes run in ${leader}`;
  return { kind: 'unavailable', message };
}

function logsOf(nodes: SimulatedNodes, { pod, container, options, signal }: LogRequest): ReturnType<PodLogs> {
  const { namespace = '', name } = pod.metadata;
  return nodes.logs(namespace, name, container, { ...options, signal });
}

/** Where objects of a kind are kept; undefined for kinds that are not served. */
function resourceIn(kinds: KindTable) {
  return (apiVersion: string, kind: string): OwnerResource | undefined => {
    const found = kinds.byApiVersion(apiVersion, kind);
    return found && { group: found.group, resource: found.resource, namespaced: found.namespaced };
  };
}
