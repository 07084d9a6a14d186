// The service account controller: every namespace that takes objects has a service account `default`, because pods
// without one of their own run as it.

import { resources } from '../../streams/resources/names.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { type Controller, nothingToDo, type Plan, type ReconcileInput } from '../kit/controller.ts';
import { isTerminating } from './namespace-phase.ts';

const name = 'default';

export function serviceAccountController(): Controller {
  return {
    name: 'serviceaccount-controller',
    user: 'system:serviceaccount:kube-system:service-account-controller',
    workers: 1,
    watches: [
      { resource: resources.namespaces, keys: ({ current }) => [current.ref.name] },
      {
        resource: resources.serviceAccounts,
        keys: ({ type, ref }) => (type === 'DELETED' && ref.name === name ? [ref.namespace] : []),
      },
    ],
    reconcile,
  };
}

function reconcile({ world, key }: ReconcileInput): Plan {
  if (!takesObjects(world, key)) return nothingToDo;
  if (world.stored(resources.serviceAccounts, { namespace: key, name }) !== undefined) return nothingToDo;
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: key } };
  return { writes: [{ kind: 'create', resource: resources.serviceAccounts, object }] };
}

/** It is there and is not going away. */
export function takesObjects(world: ObjectReader, namespace: string): boolean {
  return world.stored(resources.namespaces, { name: namespace }) !== undefined && !isTerminating(world, namespace);
}
