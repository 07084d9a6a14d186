// The texts that explain why a pod has no node, letter for letter as kube-scheduler writes them: people search for them
// and tests match them.

import type { Rejection } from './framework.ts';

export const noNodes = 'no nodes available to schedule pods';

/** `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.` */
export function explain({ nodes, counts }: { nodes: number; counts: ReadonlyMap<string, number> }): string {
  const reasons = Array.from(counts, ([reason, count]) => `${count} ${reason}`).sort();
  const head = `0/${nodes} nodes are available:`;
  return reasons.length === 0 ? head : `${head} ${reasons.join(', ')}.`;
}

/** How often each reason was given; a node may give several. */
export function countReasons(rejections: ReadonlyMap<Rejection, number>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [{ reasons }, nodes] of rejections) {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodes);
  }
  return counts;
}

/** For nodes that were not looked at, because these plugins only allow certain ones. */
export function notAmong(plugins: readonly string[]): string {
  return `node(s) didn't satisfy plugin(s) [${[...plugins].sort().join(' ')}]`;
}

/** For plugins whose allowed nodes have none in common. */
export function noneInCommon(plugins: readonly string[]): string {
  return plugins.length === 1
    ? `node(s) didn't satisfy plugin ${plugins[0]}`
    : `node(s) didn't satisfy plugin(s) [${plugins.join(' ')}] simultaneously`;
}

const noteLengthMax = 1_024;

/** Events hold a bounded text; the pod's condition holds all of it. */
export function truncated(message: string): string {
  const suffix = ' ...';
  return message.length <= noteLengthMax ? message : message.slice(0, noteLengthMax - suffix.length) + suffix;
}
