// What a claim still holds: pods that are over or gone no longer reserve it, without anybody it is deallocated and its
// devices are free for others, and one that was made for a pod goes when the pod will not run. One write at a time; a
// crash after any of them is finished by the next look.

import { controllerOf } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import {
  allocatedFinalizer,
  type ConsumerReference,
  isPodReference,
  type ResourceClaim,
  type ResourceClaimStatus,
} from '../../../streams/resources/resource-claim.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { nothingToDo, type Plan, type ReconcileInput } from '../../kit/controller.ts';
import type { UpdateWrite, Write } from '../../kit/write.ts';
import { isDone } from './pod-side.ts';

type Name = { readonly namespace: string; readonly name: string };

/** That the claim was deallocated here, and its finalizer is still to go. */
const deallocated = 'deallocated';

export function claimPlan(name: Name, { world, memory }: ReconcileInput): Plan {
  const claim = world.get<ResourceClaim>(resources.resourceClaims, name);
  if (claim === undefined) return forgetting(nothingToDo.writes, memory);
  const { reservedFor = [], allocation } = claim.status ?? {};
  const held = claim.metadata.finalizers?.includes(allocatedFinalizer) === true;
  const remaining = reservedFor.filter((consumer) => mayUse(world, claim, consumer));
  if (remaining.length < reservedFor.length) {
    const free = remaining.length === 0 && held;
    const write = withStatus(claim, { reservedFor: remaining, ...(!free && allocation && { allocation }) });
    return { writes: [write], ...(free && { remember: { memory: deallocated, after: write } }) };
  }
  if (remaining.length > 0) return forgetting([], memory);
  const going = claim.metadata.deletionTimestamp !== undefined;
  if (held && going && allocation !== undefined) return { writes: [withStatus(claim, {})] };
  // A finalizer without an allocation may be the scheduler's, which is about to allocate: only its own work is finished.
  if (held && allocation === undefined && (going || memory === deallocated))
    return forgetting([withoutFinalizer(claim)], memory);
  return forgetting(!going && isUnneeded(world, claim) ? [removal(claim)] : [], memory);
}

function forgetting(writes: readonly Write[], memory: unknown): Plan {
  const [after] = writes;
  return memory === undefined ? { writes } : { writes, remember: { memory: undefined, ...(after && { after }) } };
}

/** Consumers that are no pods are somebody else's to judge. */
function mayUse(world: ObjectReader, { metadata: { namespace = '' } }: ResourceClaim, consumer: ConsumerReference) {
  if (!isPodReference(consumer)) return true;
  const pod = world.get<Pod>(resources.pods, { namespace, name: consumer.name });
  return pod !== undefined && pod.metadata.uid === consumer.uid && !isDone(pod);
}

/** Made for a pod that was replaced or is over. With a pod that is gone it goes as all that pods own. */
function isUnneeded(world: ObjectReader, claim: ResourceClaim): boolean {
  const owner = controllerOf(claim);
  if (owner?.kind !== 'Pod' || owner.apiVersion !== 'v1') return false;
  const pod = world.get<Pod>(resources.pods, { namespace: claim.metadata.namespace ?? '', name: owner.name });
  return pod !== undefined && (pod.metadata.uid !== owner.uid || isDone(pod));
}

function withStatus(claim: ResourceClaim, change: ResourceClaimStatus): UpdateWrite {
  const { reservedFor: _, allocation: __, ...others } = claim.status ?? {};
  const { reservedFor = [], ...rest } = change;
  const status = { ...others, ...rest, ...(reservedFor.length > 0 && { reservedFor }) };
  const object: ResourceClaim = { ...claim, status };
  return { kind: 'update', resource: resources.resourceClaims, subresource: 'status', object };
}

function withoutFinalizer(claim: ResourceClaim): UpdateWrite {
  const { finalizers = [], ...others } = claim.metadata;
  const left = finalizers.filter((finalizer) => finalizer !== allocatedFinalizer);
  const metadata = left.length === 0 ? others : { ...others, finalizers: left };
  return { kind: 'update', resource: resources.resourceClaims, object: { ...claim, metadata } };
}

function removal({ metadata: { namespace = '', name, uid } }: ResourceClaim): Write {
  return { kind: 'delete', resource: resources.resourceClaims, namespace, name, uid };
}
