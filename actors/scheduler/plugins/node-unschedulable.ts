// Keeps pods off cordoned nodes, unless they tolerate the taint that cordoning stands for.

import type { Taint } from '../../../streams/resources/node.ts';
import { type FilterPlugin, type Rejection, skip } from '../framework.ts';
import { tolerates } from '../tolerations.ts';

const cordoned: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

const rejection: Rejection = {
  plugin: 'NodeUnschedulable',
  reasons: ['node(s) were unschedulable'],
  resolvable: false,
};

export const nodeUnschedulable: FilterPlugin = {
  name: rejection.plugin,
  scope: 'node',
  preFilter(shape) {
    if (tolerates(shape.spec.tolerations ?? [], cordoned)) return skip;
    return { kind: 'filter', filter: (node) => (node.unschedulable ? rejection : undefined) };
  },
  wakesOn(event) {
    if (event.kind === 'nodeAdded') return !event.node.unschedulable;
    return event.kind === 'nodeChanged' && event.aspects.taints && !event.node.unschedulable;
  },
};
