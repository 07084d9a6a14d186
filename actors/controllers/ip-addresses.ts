// Keeps services and their IPAddress objects true to each other. Admission records an address before its service and
// removes it after; whatever stops it in between is mended here: a service's address without its object gets it, an
// object whose service is gone or has another address goes. Upstream's API server repairs the same way.

import { resources } from '../../streams/resources/names.ts';
import type { Service } from '../../streams/resources/service.ts';
import { addressesOf, type IpAddress, ipAddressOf, isAllocated } from '../../streams/resources/service-network.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';
import { keyOfObject } from '../kit/object-key.ts';

/** An address is its service's before the service is to be seen: this long (ms) nobody calls it an orphan. */
const orphanMs = 60_000;

/** Keys: `service/<namespace>/<name>` and `address/<name>`. */
export function ipAddressController(): Controller {
  return {
    name: 'service-ip-repair-controller',
    user: 'system:apiserver',
    workers: 1,
    watches: [
      {
        resource: resources.services,
        keys: ({ type, current }) => (type === 'DELETED' ? [] : [`service/${keyOfObject(current.object)}`]),
      },
      { resource: resources.ipAddresses, keys: keysOfAddress },
    ],
    reconcile(input) {
      const [what = '', first = '', second = ''] = input.key.split('/');
      return what === 'service'
        ? servicePlan(input.world, { namespace: first, name: second })
        : addressPlan(input, first);
    },
  };
}

function keysOfAddress({ type, current, ref }: WatchedChange): readonly Key[] {
  if (type !== 'DELETED') return isAllocated(current.object) ? [`address/${ref.name}`] : [];
  const parent = (current.object as IpAddress).spec?.parentRef;
  return parent?.resource === 'services' ? [`service/${parent.namespace}/${parent.name}`] : [];
}

function servicePlan(world: ObjectReader, key: { readonly namespace: string; readonly name: string }): Plan {
  const service = world.get<Service>(resources.services, key);
  if (service === undefined) return nothingToDo;
  const missing = addressesOf(service.spec).filter(
    (name) => world.stored(resources.ipAddresses, { name }) === undefined,
  );
  return {
    writes: missing.map((address) => ({
      kind: 'create',
      resource: resources.ipAddresses,
      object: ipAddressOf(address, key),
    })),
  };
}

function addressPlan({ world, nowMs }: ReconcileInput, name: string): Plan {
  const address = world.get<IpAddress>(resources.ipAddresses, { name });
  if (address === undefined || !isAllocated(address) || isHeld(world, address)) return nothingToDo;
  const leftMs = Date.parse(address.metadata.creationTimestamp ?? '') + orphanMs - nowMs;
  if (leftMs > 0) return { writes: [], againAfterMs: leftMs };
  const { uid } = address.metadata;
  return { writes: [{ kind: 'delete', resource: resources.ipAddresses, namespace: '', name, uid }] };
}

function isHeld(world: ObjectReader, { metadata, spec }: IpAddress): boolean {
  const { namespace = '', name = '', resource } = spec?.parentRef ?? {};
  if (resource !== 'services') return false;
  const service = world.get<Service>(resources.services, { namespace, name });
  return service !== undefined && addressesOf(service.spec).includes(metadata.name);
}
