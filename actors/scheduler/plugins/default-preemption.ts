// Says why evicting less important pods would not help. Where it might help it stays silent: pods are never evicted
// for others here, and the text must not claim otherwise.

import { explain } from '../fit-error.ts';
import type { PostFilterPlugin } from '../framework.ts';

const notHelpful = 'Preemption is not helpful for scheduling';
const noVictims = 'No preemption victims found for incoming pod';

export const defaultPreemption: PostFilterPlugin = {
  name: 'DefaultPreemption',
  postFilter(shape, cluster, { nodes, rejections }) {
    if (shape.spec.preemptionPolicy === 'Never') return 'preemption: not eligible due to preemptionPolicy=Never.';
    let resolvable = 0;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i];
      if (node === undefined || rejections[i]?.resolvable !== true) continue;
      if (holdsLessImportant(node.pods.values(), shape.priority)) return undefined;
      resolvable++;
    }
    const all = cluster.nodes.length;
    const counts = new Map<string, number>();
    if (resolvable > 0) counts.set(noVictims, resolvable);
    if (resolvable < all) counts.set(notHelpful, all - resolvable);
    return `preemption: ${explain({ nodes: all, counts })}`;
  },
};

function holdsLessImportant(pods: Iterable<{ readonly shape: { readonly priority: number } }>, priority: number) {
  for (const { shape } of pods) if (shape.priority < priority) return true;
  return false;
}
