// Holds pods to the node they name. A pending pod names none, so this speaks only for pods examined after the fact.

import { type FilterPlugin, type Rejection, skip } from '../framework.ts';

const rejection: Rejection = {
  plugin: 'NodeName',
  reasons: ["node(s) didn't match the requested node name"],
  resolvable: false,
};

export const nodeName: FilterPlugin = {
  name: rejection.plugin,
  // One shape may name different nodes, so the answer is not remembered.
  scope: 'cluster',
  preFilter({ pod }) {
    const { nodeName: wanted = '' } = pod.spec;
    if (wanted === '') return skip;
    return { kind: 'filter', filter: (node) => (node.name === wanted ? undefined : rejection) };
  },
  wakesOn: (event) => event.kind === 'nodeAdded',
};
