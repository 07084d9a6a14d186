// The part of the API server that serves custom resources: the table of kinds follows the definitions on the log, and the
// controllers that accept names and clean up run wherever an API server does, because nothing is served without them.

import { definitionCleanupController } from '../../actors/controllers/definition-cleanup.ts';
import { definitionNamesController } from '../../actors/controllers/definition-names.ts';
import type { Clock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { followDefinitions } from '../api/crd/custom-kinds.ts';
import type { KindTable } from '../api/kinds/kind-table.ts';
import { kindOf } from '../api/kinds/kinds.ts';
import { ControllerHost } from '../host/controller-host.ts';
import type { Writer } from '../host/writer.ts';

export type DefinitionPorts = {
  readonly kinds: KindTable;
  /** Complete: it holds the present of the log. */
  readonly view: ObjectView;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
};

export function startDefinitions({ kinds, ...ports }: DefinitionPorts): { stop(): Promise<void> } {
  // First, so that whoever hears of a definition finds its kinds served.
  const unfollow = followDefinitions(ports.view, kinds);
  const isBuiltIn = ({ group, resource }: { readonly group: string; readonly resource: string }) =>
    kindOf(group, resource) !== undefined;
  const controllers = [definitionNamesController(), definitionCleanupController({ isBuiltIn })];
  const random = ports.random.stream('definitions');
  const hosts = controllers.map((controller) => new ControllerHost(controller, { ...ports, random }));
  for (const host of hosts) host.start();
  return {
    async stop() {
      unfollow();
      await Promise.all(hosts.map((host) => host.stop()));
    },
  };
}
