// `kubectl get` of nodes, namespaces, config, leases and events.

import type { ConfigMap, CoreEvent, Namespace, Secret } from '../../../streams/resources/config.ts';
import type { Labels } from '../../../streams/resources/meta.ts';
import type { Lease, Node } from '../../../streams/resources/node.ts';
import { age, ageColumn, column, joined, nameColumn, none, since, unknown, wide } from './cells.ts';
import type { TablePrinter } from './table.ts';

const roleLabel = 'node-role.kubernetes.io/';

export const nodeTable: TablePrinter = {
  columns: [
    nameColumn,
    column('Status'),
    column('Roles'),
    ageColumn,
    column('Version'),
    wide('Internal-IP'),
    wide('External-IP'),
    wide('OS-Image'),
    wide('Kernel-Version'),
    wide('Container-Runtime'),
  ],
  cells(object, nowMs) {
    const { metadata, spec, status } = object as unknown as Node;
    const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
    const health = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
    const address = (type: string) => status?.addresses?.find((entry) => entry.type === type)?.address ?? none;
    const info = status?.nodeInfo ?? {};
    return [
      metadata.name,
      spec?.unschedulable === true ? `${health},SchedulingDisabled` : health,
      joined(rolesOf(metadata.labels)),
      age(object, nowMs),
      info.kubeletVersion ?? '',
      address('InternalIP'),
      address('ExternalIP'),
      info.osImage || unknown,
      info.kernelVersion || unknown,
      info.containerRuntimeVersion || unknown,
    ];
  },
};

/** From `node-role.kubernetes.io/<role>` labels and the older `kubernetes.io/role=<role>`. */
function rolesOf(labels: Labels = {}): readonly string[] {
  const roles = new Set<string>();
  for (const label in labels) {
    if (label.startsWith(roleLabel)) roles.add(label.slice(roleLabel.length));
    else if (label === 'kubernetes.io/role' && labels[label]) roles.add(labels[label]);
  }
  return [...roles].filter((role) => role !== '').sort();
}

export const namespaceTable: TablePrinter = {
  columns: [nameColumn, column('Status'), ageColumn],
  cells(object, nowMs) {
    const { metadata, status } = object as unknown as Namespace;
    return [metadata.name, status?.phase ?? '', age(object, nowMs)];
  },
};

export const configMapTable: TablePrinter = {
  columns: [nameColumn, column('Data'), ageColumn],
  cells(object, nowMs) {
    const { metadata, data, binaryData } = object as unknown as ConfigMap;
    return [metadata.name, Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length, age(object, nowMs)];
  },
};

export const secretTable: TablePrinter = {
  columns: [nameColumn, column('Type'), column('Data'), ageColumn],
  cells(object, nowMs) {
    const { metadata, type, data } = object as unknown as Secret;
    return [metadata.name, type ?? '', Object.keys(data ?? {}).length, age(object, nowMs)];
  },
};

export const serviceAccountTable: TablePrinter = {
  columns: [nameColumn, ageColumn],
  cells: (object, nowMs) => [object.metadata.name, age(object, nowMs)],
};

export const leaseTable: TablePrinter = {
  columns: [nameColumn, column('Holder'), ageColumn],
  cells(object, nowMs) {
    const { metadata, spec } = object as unknown as Lease;
    return [metadata.name, spec?.holderIdentity ?? '', age(object, nowMs)];
  },
};

export const eventTable: TablePrinter = {
  columns: [
    column('Last Seen'),
    column('Type'),
    column('Reason'),
    column('Object'),
    wide('Subobject'),
    wide('Source'),
    column('Message'),
    wide('First Seen'),
    wide('Count'),
    { ...wide('Name'), format: 'name' },
  ],
  cells(object, nowMs) {
    const event = object as unknown as CoreEvent;
    const { involvedObject, source, series } = event;
    const first = event.firstTimestamp ?? event.eventTime;
    const last = series?.lastObservedTime ?? event.lastTimestamp ?? first;
    const kind = (involvedObject?.kind ?? '').toLowerCase();
    const component = source?.component || event.reportingComponent || '';
    const host = source?.host || event.reportingInstance || '';
    return [
      since(last, nowMs),
      event.type ?? '',
      event.reason ?? '',
      involvedObject?.name ? `${kind}/${involvedObject.name}` : kind,
      involvedObject?.fieldPath ?? '',
      host === '' ? component : `${component}, ${host}`,
      (event.message ?? '').trim(),
      since(first, nowMs),
      (series === undefined ? event.count : series.count) || 1,
      event.metadata.name,
    ];
  },
};
