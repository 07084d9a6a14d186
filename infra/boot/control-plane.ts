// Controllers, scheduler and simulated nodes of one process, started together and stopped in reverse.

import type { OwnerResource } from '../../actors/controllers/owner-graph.ts';
import { allControllers } from '../../actors/controllers/registry.ts';
import type { Clock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import { kindByGvk } from '../api/kinds/kinds.ts';
import type { PodLogs } from '../api/verbs/pod-logs.ts';
import { ControllerHost } from '../host/controller-host.ts';
import { type RunningScheduler, startScheduler } from '../host/scheduler-host.ts';
import type { ClusterPki } from '../pki/cluster-pki.ts';
import type { ApiStack } from './api-stack.ts';

export type ControlPlaneOptions = {
  readonly stack: ApiStack;
  readonly pki: ClusterPki;
  /** Simulated nodes. */
  readonly nodes: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
};

export type ControlPlane = {
  readonly logs: PodLogs;
  /** Resolves once everything runs and the nodes are ready. */
  begin(): Promise<void>;
  stop(): Promise<void>;
};

export function startControlPlane({ stack, pki, clock, random, logger }: ControlPlaneOptions): ControlPlane {
  const { view, writer } = stack;
  const ports = { view, writer, clock, random: random.stream('controllers'), logger };
  const controllers = allControllers({ ca: pki.ca, resourceOf }).map(
    (controller) => new ControllerHost(controller, ports),
  );
  let scheduler: RunningScheduler | undefined;
  return {
    logs: () => ({ kind: 'unavailable', message: 'no logs' }),
    async begin() {
      for (const controller of controllers) controller.start();
      scheduler = startScheduler({ world: view, writer, clock, random: random.stream('scheduler'), logger });
    },
    async stop() {
      await scheduler?.stop();
      await Promise.all(controllers.map((controller) => controller.stop()));
    },
  };
}

/** Where objects of a kind are kept; undefined for kinds that are not served. */
function resourceOf(apiVersion: string, kind: string): OwnerResource | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const found = kindByGvk(group, apiVersion.slice(slash + 1), kind);
  return found === undefined
    ? undefined
    : { group: found.group, resource: found.resource, namespaced: found.namespaced };
}
