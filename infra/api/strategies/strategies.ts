// Kind → strategy, with the kind's lifecycle from the actors' side. Kinds without particulars share one plain strategy.

import { lifecycleOf } from '../../../actors/lifecycles.ts';
import { definitionStrategy } from '../crd/definition-strategy.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Strategy } from '../registry/strategy.ts';
import { accessStrategies } from './access.ts';
import {
  controllerRevisionStrategy,
  daemonSetStrategy,
  deploymentStrategy,
  podTemplateStrategy,
  replicaSetStrategy,
  replicationControllerStrategy,
  statefulSetStrategy,
} from './apps.ts';
import { batchStrategies } from './batch.ts';
import { namespaceStrategy, nodeStrategy } from './cluster.ts';
import {
  configMapStrategy,
  endpointSliceStrategy,
  endpointsStrategy,
  eventStrategy,
  leaseStrategy,
  secretStrategy,
  serviceAccountStrategy,
} from './config.ts';
import { deviceStrategies } from './devices.ts';
import { limitStrategies } from './limits.ts';
import { networkingStrategies } from './networking.ts';
import { podStrategy } from './pod.ts';
import { policyStrategies } from './policy.ts';
import { serviceStrategy } from './service.ts';
import { storageStrategies } from './storage.ts';

const particulars: Readonly<Record<string, Omit<Strategy, 'lifecycle'>>> = {
  ...accessStrategies,
  ...deviceStrategies,
  ...batchStrategies,
  ...limitStrategies,
  ...networkingStrategies,
  ...policyStrategies,
  ...storageStrategies,
  'configmaps.': configMapStrategy,
  'controllerrevisions.apps': controllerRevisionStrategy,
  'customresourcedefinitions.apiextensions.k8s.io': definitionStrategy,
  'daemonsets.apps': daemonSetStrategy,
  'deployments.apps': deploymentStrategy,
  'endpoints.': endpointsStrategy,
  'endpointslices.discovery.k8s.io': endpointSliceStrategy,
  'events.': eventStrategy,
  'leases.coordination.k8s.io': leaseStrategy,
  'namespaces.': namespaceStrategy,
  'nodes.': nodeStrategy,
  'pods.': podStrategy,
  'podtemplates.': podTemplateStrategy,
  'replicasets.apps': replicaSetStrategy,
  'replicationcontrollers.': replicationControllerStrategy,
  'secrets.': secretStrategy,
  'serviceaccounts.': serviceAccountStrategy,
  'services.': serviceStrategy,
  'statefulsets.apps': statefulSetStrategy,
};

const strategies = new Map<string, Strategy>();

export function strategyOf(kind: Pick<Kind, 'group' | 'resource' | 'singular' | 'custom'>): Strategy {
  if (kind.custom !== undefined) return kind.custom.strategy;
  const id = `${kind.resource}.${kind.group}`;
  let strategy = strategies.get(id);
  if (strategy === undefined) {
    strategy = { ...particulars[id], lifecycle: lifecycleOf(kind) };
    strategies.set(id, strategy);
  }
  return strategy;
}
