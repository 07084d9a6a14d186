// The service CIDR controller: says of each network of services whether addresses are given out from it, and lets one
// that is to go only go once no address would be left without a network (KEP-1880).

import { isWithin } from '../../streams/resources/ip-address.ts';
import { type Condition, timestamp } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import {
  type IpAddress,
  isAllocated,
  isOf,
  networksOf,
  type ServiceCidr,
} from '../../streams/resources/service-network.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { findCondition } from '../kit/conditions.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';

export const serviceCidrFinalizer = 'networking.k8s.io/service-cidr-finalizer';

/** Allocators that do not know yet of the deletion have this long (ms) to come to know. */
const graceMs = 10_000;

const ready = { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' } as const;
const terminating = {
  type: 'Ready',
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
} as const;

export function serviceCidrController(): Controller {
  return {
    name: 'service-cidr-controller',
    user: 'system:serviceaccount:kube-system:service-cidrs-controller',
    workers: 1,
    watches: [
      // A network more or less may free another one to go, so all of them are looked at.
      { resource: resources.serviceCidrs, keys: (_, world) => namesOf(world) },
      { resource: resources.ipAddresses, keys: networksWaiting },
    ],
    reconcile,
  };
}

function reconcile({ world, key, nowMs }: ReconcileInput): Plan {
  const cidr = world.get<ServiceCidr>(resources.serviceCidrs, { name: key });
  if (cidr === undefined) return nothingToDo;
  const { finalizers = [], deletionTimestamp } = cidr.metadata;
  const has = finalizers.includes(serviceCidrFinalizer);
  if (deletionTimestamp === undefined) {
    if (!has) return update(cidr, [...finalizers, serviceCidrFinalizer]);
    return withReadiness(cidr, ready, nowMs);
  }
  if (!has) return nothingToDo;
  if (leavesOrphans(world, cidr)) return withReadiness(cidr, terminating, nowMs);
  const leftMs = Date.parse(deletionTimestamp) + graceMs - nowMs;
  if (leftMs > 0) return { writes: [], againAfterMs: leftMs };
  return update(
    cidr,
    finalizers.filter((name) => name !== serviceCidrFinalizer),
  );
}

/** Some address would be in no network any more. */
function leavesOrphans(world: ObjectReader, cidr: ServiceCidr): boolean {
  const others = world
    .list<ServiceCidr>(resources.serviceCidrs)
    .filter(({ metadata }) => metadata.name !== cidr.metadata.name);
  const all = others.flatMap(networksOf);
  if (networksOf(cidr).every((network) => all.some((other) => isWithin(network, other)))) return false;
  return world
    .list<IpAddress>(resources.ipAddresses)
    .some(
      (address) =>
        isAllocated(address) &&
        isOf(cidr, address.metadata.name) &&
        !others.some((other) => isOf(other, address.metadata.name)),
    );
}

function update(cidr: ServiceCidr, finalizers: readonly string[]): Plan {
  const { finalizers: _, ...metadata } = cidr.metadata;
  const object = { ...cidr, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } };
  return { writes: [{ kind: 'update', resource: resources.serviceCidrs, object }] };
}

function withReadiness(cidr: ServiceCidr, wanted: Condition, nowMs: number): Plan {
  const conditions = cidr.status?.conditions ?? [];
  const now = findCondition(conditions, 'Ready');
  const same = now?.status === wanted.status && (now.reason ?? '') === wanted.reason && now.message === wanted.message;
  if (same) return nothingToDo;
  const lastTransitionTime = now?.status === wanted.status ? now.lastTransitionTime : timestamp(nowMs);
  const condition: Condition = { ...wanted, ...(lastTransitionTime && { lastTransitionTime }) };
  const object: ServiceCidr = {
    ...cidr,
    status: { ...cidr.status, conditions: [...conditions.filter(({ type }) => type !== 'Ready'), condition] },
  };
  return { writes: [{ kind: 'update', resource: resources.serviceCidrs, subresource: 'status', object }] };
}

/** An address that has gone may have been the last one a network waits for. */
function networksWaiting({ type, current }: WatchedChange, world: ObjectReader): readonly Key[] {
  if (type !== 'DELETED') return [];
  return world
    .list<ServiceCidr>(resources.serviceCidrs)
    .filter((cidr) => cidr.metadata.deletionTimestamp !== undefined && isOf(cidr, current.ref.name))
    .map(({ metadata }) => metadata.name);
}

function namesOf(world: ObjectReader): readonly Key[] {
  return world.list<ServiceCidr>(resources.serviceCidrs).map(({ metadata }) => metadata.name);
}
