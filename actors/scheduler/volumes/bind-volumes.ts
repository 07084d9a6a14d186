// What is written before a pod is bound: volumes name their claims, claims name the node their volume is to be made for;
// the binder and provisioners do the rest, and the pod waits until every claim is bound. Written once: where somebody
// takes it back, the attempt has failed and the pod seeks anew. Source: volumebinding/binder.go (BindPodVolumes).

import type { KubeObject, ResourceName } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../../streams/resources/storage.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { Write } from '../../kit/write.ts';
import { boundVolume } from '../../volumes/binding.ts';
import { annotationOf, annotations, isFullyBound, withAnnotations } from '../../volumes/claims.ts';
import { isMeantFor, suitsNode } from '../../volumes/matching.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodVolumes } from './volume-search.ts';

export type BindProgress =
  | { readonly kind: 'done' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'write'; readonly writes: readonly Write[] }
  | { readonly kind: 'failed'; readonly message: string };

type Step = { readonly writes: readonly Write[]; readonly complete: boolean } | { readonly failure: string };

export function bindVolumes(
  world: ObjectReader,
  { node, volumes, wrote }: { readonly node: NodeInfo; readonly volumes: PodVolumes; readonly wrote: boolean },
): BindProgress {
  const steps = [
    ...volumes.bindings.map(({ claim, volume }) => bindStep(world, { claim, volume, node, wrote })),
    ...volumes.provisions.map((claim) => provisionStep(world, { claim, node, wrote })),
  ];
  const writes: Write[] = [];
  let complete = true;
  for (const step of steps) {
    if ('failure' in step) return { kind: 'failed', message: `binding volumes: ${step.failure}` };
    writes.push(...step.writes);
    complete &&= step.complete;
  }
  if (writes.length > 0) return { kind: 'write', writes };
  return complete ? { kind: 'done' } : { kind: 'wait' };
}

type Asked = { readonly claim: PersistentVolumeClaim; readonly node: NodeInfo; readonly wrote: boolean };

function bindStep(
  world: ObjectReader,
  { claim, volume, node, wrote }: Asked & { readonly volume: PersistentVolume },
): Step {
  const { name } = volume.metadata;
  const now = world.get<PersistentVolume>(resources.persistentVolumes, { name });
  const asking = same(world, claim);
  if (now === undefined) return { failure: `failed to check binding: could not find v1.PersistentVolume "${name}"` };
  if (asking === undefined) return { failure: missing('failed to check binding', claim) };
  const next = boundVolume(now, asking);
  if (next !== now) {
    if (wrote) return { failure: `ClaimRef got reset for pv "${name}"` };
    if (now.spec.claimRef !== undefined && !isMeantFor(now, asking))
      return { failure: `pv "${name}" is bound to another claim` };
    return { writes: [update(resources.persistentVolumes, next)], complete: false };
  }
  if (!suitsNode(now, node)) return { failure: elsewhere(name, node) };
  return { writes: [], complete: isFullyBound(asking) };
}

function provisionStep(world: ObjectReader, { claim, node, wrote }: Asked): Step {
  const asking = same(world, claim);
  if (asking === undefined) return { failure: missing('failed to check provisioning pvc', claim) };
  const { name } = claim.metadata;
  if (annotationOf(asking, annotations.selectedNode) !== node.name) {
    if (wrote) return { failure: `provisioning failed for PVC "${name}"` };
    const next = withAnnotations(asking, { [annotations.selectedNode]: node.name });
    return { writes: [update(resources.persistentVolumeClaims, next)], complete: false };
  }
  const { volumeName = '' } = asking.spec;
  const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name: volumeName });
  if (volume !== undefined && !suitsNode(volume, node)) return { failure: elsewhere(volumeName, node) };
  return { writes: [], complete: isFullyBound(asking) && volume !== undefined };
}

/** The claim as it is now; undefined where it is gone, or another one has its name. */
function same(world: ObjectReader, { metadata }: PersistentVolumeClaim): PersistentVolumeClaim | undefined {
  const { namespace = '', name, uid } = metadata;
  const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, { namespace, name });
  return claim?.metadata.uid === uid ? claim : undefined;
}

function missing(what: string, { metadata }: PersistentVolumeClaim): string {
  return `${what}: could not find v1.PersistentVolumeClaim "${metadata.namespace}/${metadata.name}"`;
}

function elsewhere(volume: string, node: NodeInfo): string {
  return `pv "${volume}" node affinity doesn't match node "${node.name}": no matching NodeSelectorTerms`;
}

function update(resource: ResourceName, object: KubeObject): Write {
  return { kind: 'update', resource, object };
}
