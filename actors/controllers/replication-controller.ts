// The replication controller: what replica sets came from, and the same engine. Its selector is a plain map of labels,
// and its status has no place for the pods that are going away.

import { resources } from '../../streams/resources/names.ts';
import type { ReplicationController } from '../../streams/resources/workload.ts';
import type { Controller } from '../kit/controller.ts';
import { replicasController } from './replicas.ts';

export function replicationControllerController(): Controller {
  return replicasController({
    kind: 'ReplicationController',
    resource: resources.replicationControllers,
    controller: 'replicationcontroller-controller',
    serviceAccount: 'replication-controller',
    component: 'replication-controller',
    selectorOf(object) {
      const { selector, template } = (object as ReplicationController).spec;
      const matchLabels = selector ?? template?.metadata?.labels ?? {};
      // Without any label it would mean every pod there is.
      return Object.keys(matchLabels).length === 0 ? undefined : { matchLabels };
    },
    reportsTerminating: false,
  });
}
