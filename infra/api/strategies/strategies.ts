// Kind → strategy, with the kind's lifecycle from the actors' side. Kinds without particulars share one plain strategy.

import { lifecycleOf } from '../../../actors/lifecycles.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Strategy } from '../registry/strategy.ts';
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
import { podStrategy } from './pod.ts';
import { serviceStrategy } from './service.ts';
import { deploymentStrategy, replicaSetStrategy } from './workloads.ts';

/** Roles are called what their authors like: `system:node`. */
const rbac: Omit<Strategy, 'lifecycle'> = { names: 'path-segment', createOnUpdate: true };

const particulars: Readonly<Record<string, Omit<Strategy, 'lifecycle'>>> = {
  'clusterrolebindings.rbac.authorization.k8s.io': rbac,
  'clusterroles.rbac.authorization.k8s.io': rbac,
  'configmaps.': configMapStrategy,
  'deployments.apps': deploymentStrategy,
  'endpoints.': endpointsStrategy,
  'endpointslices.discovery.k8s.io': endpointSliceStrategy,
  'events.': eventStrategy,
  'leases.coordination.k8s.io': leaseStrategy,
  'namespaces.': namespaceStrategy,
  'nodes.': nodeStrategy,
  'pods.': podStrategy,
  'replicasets.apps': replicaSetStrategy,
  'rolebindings.rbac.authorization.k8s.io': rbac,
  'roles.rbac.authorization.k8s.io': rbac,
  'secrets.': secretStrategy,
  'serviceaccounts.': serviceAccountStrategy,
  'services.': serviceStrategy,
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
