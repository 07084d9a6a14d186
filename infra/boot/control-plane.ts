// Controllers, scheduler and simulated nodes of one process, started together and stopped in reverse.

import type { OwnerResource } from '../../actors/controllers/owner-graph.ts';
import { allControllers, type ControllersOptions } from '../../actors/controllers/registry.ts';
import type { Clock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import type { KindTable } from '../api/kinds/kind-table.ts';
import type { LogRequest, PodLogs } from '../api/verbs/pod-logs.ts';
import { ControllerHost, type ControllerStatus } from '../host/controller-host.ts';
import { type RunningScheduler, type SchedulerStatus, startScheduler } from '../host/scheduler-host.ts';
import { type SimulatedNodes, startSimulatedNodes } from '../nodes/simulated-nodes.ts';
import type { ApiStack } from './api-stack.ts';

export type ControlPlaneOptions = {
  readonly stack: ApiStack;
  /** PEM of the cluster's CA, published to every namespace. */
  readonly ca: string;
  /** Signs the tokens kept in Secrets. */
  readonly mintToken: ControllersOptions['mintToken'];
  /** Simulated nodes. */
  readonly nodes: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
};

export type ControlPlane = {
  readonly logs: PodLogs;
  /** The nodes, once begun: tests and commands crash and restart them. */
  readonly nodes: SimulatedNodes | undefined;
  /** State and counts of each controller, by name. */
  readonly controllers: readonly { readonly name: string; readonly status: ControllerStatus }[];
  /** The scheduler's counts, once begun. */
  readonly scheduler: SchedulerStatus | undefined;
  /** Resolves once everything runs and the nodes are ready. */
  begin(): Promise<void>;
  stop(): Promise<void>;
};

export function startControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { stack, ca, clock, random, logger } = options;
  const { kinds, view, writer } = stack;
  const ports = { view, writer, clock, random: random.stream('controllers'), logger };
  const controllers = allControllers({ ca, mintToken: options.mintToken, resourceOf: resourceIn(kinds) }).map(
    (controller) => new ControllerHost(controller, ports),
  );
  let scheduler: RunningScheduler | undefined;
  let nodes: SimulatedNodes | undefined;
  return {
    get nodes() {
      return nodes;
    },
    get scheduler() {
      return scheduler?.status();
    },
    get controllers() {
      return controllers.map(({ controller, status }) => ({ name: controller.name, status }));
    },
    logs: (request) => (nodes === undefined ? starting : logsOf(nodes, request)),
    async begin() {
      for (const controller of controllers) controller.start();
      scheduler = startScheduler({ world: view, writer, clock, random: random.stream('scheduler'), logger });
      nodes = startSimulatedNodes({ count: options.nodes, world: view, writer, clock, random, logger });
      await allReady(view, nodes.names);
    },
    async stop() {
      await nodes?.stop();
      await scheduler?.stop();
      await Promise.all(controllers.map((controller) => controller.stop()));
    },
  };
}

const starting = { kind: 'unavailable', message: 'the nodes are still starting' } as const;

function logsOf(nodes: SimulatedNodes, { pod, container, options, signal }: LogRequest): ReturnType<PodLogs> {
  const { namespace = '', name } = pod.metadata;
  return nodes.logs(namespace, name, container, { ...options, signal });
}

/** Resolves once every one of the nodes is Ready. */
function allReady(view: ObjectView, names: readonly string[]): Promise<void> {
  const waiting = new Set(names.filter((name) => !isReady(view.get<Node>(resources.nodes, { name }))));
  if (waiting.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = view.resource(resources.nodes).listen(({ ref, current }) => {
      if (!isReady(current.object as unknown as Node)) return;
      waiting.delete(ref.name);
      if (waiting.size > 0) return;
      stop();
      resolve();
    });
  });
}

function isReady(node: Node | undefined): boolean {
  return node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

/** Where objects of a kind are kept; undefined for kinds that are not served. */
function resourceIn(kinds: KindTable) {
  return (apiVersion: string, kind: string): OwnerResource | undefined => {
    const found = kinds.byApiVersion(apiVersion, kind);
    return found && { group: found.group, resource: found.resource, namespaced: found.namespaced };
  };
}
