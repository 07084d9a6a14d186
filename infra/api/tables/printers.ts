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
import { otherPrinters } from './other-kinds.ts';
import { podTable } from './pods.ts';
import type { TablePrinter } from './table.ts';
import { deploymentTable, endpointSliceTable, endpointsTable, replicaSetTable, serviceTable } from './workloads.ts';

const plainTable: TablePrinter = {
  columns: [nameColumn, column('Created At', 'date')],
  cells: (object) => [object.metadata.name, object.metadata.creationTimestamp ?? null],
};

const printers: Readonly<Record<string, TablePrinter>> = {
  ...otherPrinters,
  configmaps: configMapTable,
  deployments: deploymentTable,
  endpoints: endpointsTable,
  endpointslices: endpointSliceTable,
  events: eventTable,
  leases: leaseTable,
  namespaces: namespaceTable,
  nodes: nodeTable,
  pods: podTable,
  replicasets: replicaSetTable,
  secrets: secretTable,
  serviceaccounts: serviceAccountTable,
  services: serviceTable,
};

export function tablePrinterOf({ resource, custom }: Pick<Kind, 'resource' | 'custom'>): TablePrinter {
  return custom?.table ?? printers[resource] ?? plainTable;
}
