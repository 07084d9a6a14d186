// No node suits: the plugins that may help are asked in turn. The first that can ends it; otherwise what they say is
// put together.

import type { FailedAttempt, PostFilterPlugin } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-shape.ts';

export type Help = {
  /** Follows the text that explains why no node suits. */
  readonly message: string;
  /** Node the pod is promised from now on, empty for none; undefined: as before. */
  readonly nominatedNode: string | undefined;
  readonly preemption: { readonly node: NodeInfo; readonly victims: readonly PodInfo[] } | undefined;
};

export function postFilter(plugins: readonly PostFilterPlugin[], attempt: FailedAttempt): Help {
  const said: string[] = [];
  // Where nobody is there to help, nobody keeps a promise either.
  let nominatedNode = plugins.length === 0 ? '' : undefined;
  for (const plugin of plugins) {
    const result = plugin.postFilter(attempt);
    if (result.kind === 'preempt') {
      const { node, victims } = result;
      return { message: '', nominatedNode: node.name, preemption: { node, victims } };
    }
    if (result.message !== undefined) said.push(result.message);
    nominatedNode = result.nominatedNode ?? nominatedNode;
  }
  return { message: said.join(', '), nominatedNode, preemption: undefined };
}
