// A scheduler plugin of your own: `shiplog up --scheduler-plugin ./scheduler-plugin.ts`. Nodes have a label `rack`; pods
// may name racks they must not go to, in an annotation, and the lower a rack's number, the better.

import type { SchedulerPlugin } from 'shiplog';

const rack = 'example.com/rack';
const avoided = 'example.com/avoid-racks';

export const plugin: SchedulerPlugin = {
  name: 'Racks',
  weight: 5,
  filter: {
    // The answer depends on more than what pods of one template share: annotations may differ.
    scope: 'cluster',
    preFilter({ pod }) {
      const racks = new Set(pod.metadata.annotations?.[avoided]?.split(',') ?? []);
      if (racks.size === 0) return { kind: 'skip' };
      const rejection = { plugin: 'Racks', reasons: ['node(s) stood in a rack the pod avoids'], resolvable: false };
      return { kind: 'filter', filter: ({ labels }) => (racks.has(labels[rack] ?? '') ? rejection : undefined) };
    },
    // Pods that were turned away are tried again when a node comes or has other labels.
    wakesOn: (event) => event.kind === 'nodeAdded' || (event.kind === 'nodeChanged' && event.aspects.labels),
  },
  score: {
    // The same for every pod of a template and a node, so it is remembered.
    scope: 'node',
    preScore:
      () =>
      ({ labels }) =>
        Math.max(0, 100 - Number(labels[rack] ?? 100)),
  },
};
