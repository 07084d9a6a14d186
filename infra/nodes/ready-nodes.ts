// Waits until nodes are Ready, and tells how many are.

import { holds } from '../../actors/kit/conditions.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';

/** Resolves once every one of the nodes is Ready, or the signal aborts. */
export function allReady(
  view: ObjectView,
  names: readonly string[],
  { progress, signal }: { readonly progress?: (ready: number) => void; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const waiting = new Set(names.filter((name) => !isReady(view.get<Node>(resources.nodes, { name }))));
  progress?.(names.length - waiting.size);
  if (waiting.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      stop();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const stop = view.resource(resources.nodes).listen(({ ref, current }) => {
      if (!waiting.has(ref.name) || !isReady(current.object as unknown as Node)) return;
      waiting.delete(ref.name);
      progress?.(names.length - waiting.size);
      if (waiting.size === 0) done();
    });
    signal?.addEventListener('abort', done, { once: true });
  });
}

export function isReady(node: Node | undefined): boolean {
  return holds(node?.status?.conditions, 'Ready');
}
