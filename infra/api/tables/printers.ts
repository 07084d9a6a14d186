// Kind → table. Kinds without one of their own print their name and when they were created, as upstream does.

import type { Kind } from '../kinds/kind.ts';
import { column, nameColumn } from './cells.ts';
import {
  configMapTable,
  eventTable,
  leaseTable,
  namespaceTable,
  nodeTable,
  secretTable,
  serviceAccountTable,
} from './cluster.ts';
import {
  controllerRevisionTable,
  cronJobTable,
  daemonSetTable,
  jobTable,
  podTemplateTable,
  replicationControllerTable,
  statefulSetTable,
} from './controllers.ts';
import { horizontalPodAutoscalerTable, podDisruptionBudgetTable, resourceQuotaTable } from './limits.ts';
import { nodeMetricsTable, podMetricsTable } from './metrics.ts';
import { otherPrinters } from './other-kinds.ts';
import { podTable } from './pods.ts';
import type { TablePrinter } from './table.ts';
import {
  deploymentTable,
  endpointSliceTable,
  endpointsTable,
  replicaSetTable,
  scaleTable,
  serviceTable,
} from './workloads.ts';

const plainTable: TablePrinter = {
  columns: [nameColumn, column('Created At', 'date')],
  cells: (object) => [object.metadata.name, object.metadata.creationTimestamp ?? null],
};

const printers: Readonly<Record<string, TablePrinter>> = {
  ...otherPrinters,
  configmaps: configMapTable,
  controllerrevisions: controllerRevisionTable,
  cronjobs: cronJobTable,
  daemonsets: daemonSetTable,
  deployments: deploymentTable,
  endpoints: endpointsTable,
  endpointslices: endpointSliceTable,
  events: eventTable,
  horizontalpodautoscalers: horizontalPodAutoscalerTable,
  jobs: jobTable,
  leases: leaseTable,
  namespaces: namespaceTable,
  nodes: nodeTable,
  'nodes.metrics.k8s.io': nodeMetricsTable,
  poddisruptionbudgets: podDisruptionBudgetTable,
  pods: podTable,
  'pods.metrics.k8s.io': podMetricsTable,
  podtemplates: podTemplateTable,
  replicasets: replicaSetTable,
  replicationcontrollers: replicationControllerTable,
  resourcequotas: resourceQuotaTable,
  scales: scaleTable,
  secrets: secretTable,
  serviceaccounts: serviceAccountTable,
  services: serviceTable,
  statefulsets: statefulSetTable,
};

export function tablePrinterOf({
  group = '',
  resource,
  custom,
}: Pick<Kind, 'resource' | 'custom'> & { readonly group?: string }): TablePrinter {
  return custom?.table ?? printers[`${resource}.${group}`] ?? printers[resource] ?? plainTable;
}
