// The replica set controller: replica sets keep as many pods as they are told to, by a deployment or by hand.

import { resources } from '../../streams/resources/names.ts';
import type { ReplicaSet } from '../../streams/resources/workload.ts';
import type { Controller } from '../kit/controller.ts';
import { replicasController } from './replicas.ts';

export function replicaSetController(): Controller {
  return replicasController({
    kind: 'ReplicaSet',
    resource: resources.replicaSets,
    controller: 'replicaset-controller',
    serviceAccount: 'replicaset-controller',
    component: 'replicaset-controller',
    selectorOf: (set) => (set as ReplicaSet).spec.selector,
    reportsTerminating: true,
  });
}
