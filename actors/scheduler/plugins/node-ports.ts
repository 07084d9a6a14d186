// Keeps pods off nodes where a host port they want is taken.

import { type FilterPlugin, type Rejection, skip } from '../framework.ts';
import { clash } from '../host-ports.ts';

const rejection: Rejection = {
  plugin: 'NodePorts',
  reasons: ["node(s) didn't have free ports for the requested pod ports"],
  resolvable: true,
};

export const nodePorts: FilterPlugin = {
  name: rejection.plugin,
  scope: 'node',
  preFilter({ hostPorts }) {
    if (hostPorts.length === 0) return skip;
    return {
      kind: 'filter',
      filter({ ports }) {
        for (const port of hostPorts) if (ports.isTaken(port)) return rejection;
        return undefined;
      },
    };
  },
  wakesOn(event, { hostPorts }) {
    if (event.kind === 'nodeAdded') return true;
    if (event.kind !== 'podLeft') return false;
    return event.pod.hostPorts.some((freed) => hostPorts.some((wanted) => clash(freed, wanted)));
  },
};
