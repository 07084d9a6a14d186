// The resources the program itself speaks of, named once.

import type { ResourceName } from './meta.ts';

export const resources = {
  namespaces: { group: '', resource: 'namespaces' },
  nodes: { group: '', resource: 'nodes' },
  pods: { group: '', resource: 'pods' },
  services: { group: '', resource: 'services' },
  endpoints: { group: '', resource: 'endpoints' },
  configMaps: { group: '', resource: 'configmaps' },
  secrets: { group: '', resource: 'secrets' },
  serviceAccounts: { group: '', resource: 'serviceaccounts' },
  events: { group: '', resource: 'events' },
  deployments: { group: 'apps', resource: 'deployments' },
  replicaSets: { group: 'apps', resource: 'replicasets' },
  endpointSlices: { group: 'discovery.k8s.io', resource: 'endpointslices' },
  leases: { group: 'coordination.k8s.io', resource: 'leases' },
} as const satisfies Record<string, ResourceName>;
