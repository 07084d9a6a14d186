// The role that comes along with metrics.k8s.io wherever it is served: whoever may look at a namespace may look at what
// its pods use.

import type { Draft } from '../../../../streams/resources/meta.ts';
import type { ClusterRole } from '../../../../streams/resources/rbac.ts';
import { bootstrapMetadata } from './role-table.ts';

const joined = ['admin', 'edit', 'view'].map((role) => `rbac.authorization.k8s.io/aggregate-to-${role}`);

export const metricsReader: Draft<ClusterRole> = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: {
    name: 'system:aggregated-metrics-reader',
    annotations: bootstrapMetadata.annotations,
    labels: { 'k8s-app': 'metrics-server', ...Object.fromEntries(joined.map((label) => [label, 'true'])) },
  },
  rules: [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
};
