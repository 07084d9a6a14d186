// What strikes a cluster from outside its workloads: pods that are deleted or evicted, nodes that fail, are cordoned or
// tainted, and whole namespaces that end and come back.

import type { Taint } from '../../streams/resources/node.ts';
import { type Door, type Draw, type Listed, list, type Operation, pathOf } from './door.ts';

type Tainted = Listed & { readonly spec?: { readonly taints?: readonly Taint[] } };

const taintKey = 'churn/ill';

async function aPod(draw: Draw, door: Door): Promise<string | undefined> {
  const { namespace } = draw;
  const pods = await list(door, pathOf('pods', namespace));
  return pods.length === 0 ? undefined : pathOf('pods', namespace, draw.of(pods).metadata.name);
}

/** As kubectl taint does it: the whole list, unless somebody else changed the node meanwhile. */
export async function taint(door: Door, node: string, effect: Taint['effect'] | undefined): Promise<void> {
  const path = `/api/v1/nodes/${node}`;
  const { body } = await door.ask('GET', path);
  const { metadata, spec } = body as Tainted;
  const others = spec?.taints?.filter(({ key }) => key !== taintKey) ?? [];
  if (effect === undefined && others.length === (spec?.taints?.length ?? 0)) return;
  const taints = effect === undefined ? others : [...others, { key: taintKey, effect }];
  const { resourceVersion } = metadata;
  const answered = await door.ask('PATCH', path, { metadata: { resourceVersion }, spec: { taints } });
  if (answered.status === 409) await taint(door, node, effect);
}

export const troubles: readonly Operation[] = [
  {
    name: 'delete a pod',
    weight: 6,
    async run(draw, door) {
      const path = await aPod(draw, door);
      if (path !== undefined) await door.ask('DELETE', path);
    },
  },
  {
    name: 'evict a few pods',
    weight: 6,
    async run(draw, door) {
      for (let times = 1 + draw.below(4); times > 0; times--) {
        const path = await aPod(draw, door);
        const name = path?.split('/').at(-1);
        const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } };
        if (path !== undefined) await door.ask('POST', `${path}/eviction`, eviction);
      }
    },
  },
  { name: 'crash a node', weight: 1, run: (draw, door) => door.crash(draw.of(door.nodes)) },
  { name: 'restart a node', weight: 2, run: (draw, door) => door.restart(draw.of(door.nodes)) },
  {
    name: 'cordon or uncordon a node',
    weight: 2,
    async run(draw, door) {
      await door.ask('PATCH', `/api/v1/nodes/${draw.of(door.nodes)}`, {
        spec: { unschedulable: draw.below(3) === 0 || null },
      });
    },
  },
  {
    name: 'taint or untaint a node',
    weight: 3,
    run: (draw, door) =>
      taint(door, draw.of(door.nodes), draw.of(['NoSchedule', 'NoExecute', undefined, undefined, undefined])),
  },
  {
    name: 'delete a namespace',
    weight: 1,
    async run(draw, door) {
      const path = `/api/v1/namespaces/${draw.namespace}`;
      if (draw.below(3) === 0) await door.ask('DELETE', path);
    },
  },
  {
    name: 'make a namespace again',
    weight: 3,
    async run(draw, door) {
      const metadata = { name: draw.namespace };
      await door.ask('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
    },
  },
];
