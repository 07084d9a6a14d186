// How many pods there should be of those a disruption budget is about: the sum of what their controllers are asked for.

import { controllerOf, type KubeObject, type OwnerReference } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { ResourceOf } from './owner-graph.ts';

type Scaled = KubeObject & { readonly spec?: { readonly replicas?: unknown } };

export type Scale =
  | { readonly kind: 'scale'; readonly expected: number; readonly unmanaged: readonly string[] }
  | { readonly kind: 'unknown'; readonly message: string };

/** Kinds that make pods and cannot be scaled. */
const unscalable: ReadonlySet<string> = new Set(['daemonsets.apps', 'jobs.batch', 'cronjobs.batch', 'nodes.']);

export function expectedScale(world: ObjectReader, pods: readonly Pod[], resourceOf: ResourceOf): Scale {
  const scales = new Map<string, number>();
  const unmanaged: string[] = [];
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (owner === undefined) {
      unmanaged.push(pod.metadata.name);
      continue;
    }
    const found = scaleOf(world, { owner, namespace: pod.metadata.namespace ?? '' }, resourceOf);
    if (typeof found === 'string') return { kind: 'unknown', message: found };
    if (found === undefined) {
      return { kind: 'unknown', message: `found no controllers for pod ${JSON.stringify(pod.metadata.name)}` };
    }
    scales.set(found.uid, found.replicas);
  }
  const expected = [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  return { kind: 'scale', expected, unmanaged };
}

/** A replica set of a deployment counts as the deployment: several of them share its pods. */
function scaleOf(
  world: ObjectReader,
  { owner, namespace }: { readonly owner: OwnerReference; readonly namespace: string },
  resourceOf: ResourceOf,
): { readonly uid: string; readonly replicas: number } | string | undefined {
  const resource = resourceOf(owner.apiVersion, owner.kind);
  if (resource === undefined) return undefined;
  const id = `${resource.resource}.${resource.group}`;
  if (unscalable.has(id)) return `${id.replace(/\.$/, '')} does not implement the scale subresource`;
  const object = world.get<Scaled>(resource, { namespace: resource.namespaced ? namespace : '', name: owner.name });
  if (object === undefined || object.metadata.uid !== owner.uid) return undefined;
  const above = id === 'replicasets.apps' ? controllerOf(object) : undefined;
  if (above?.kind === 'Deployment') return scaleOf(world, { owner: above, namespace }, resourceOf);
  const replicas = object.spec?.replicas;
  return { uid: owner.uid, replicas: typeof replicas === 'number' ? replicas : 1 };
}
