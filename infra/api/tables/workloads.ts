// `kubectl get` of deployments, replica sets, services and endpoints.

import type { EndpointSlice, Endpoints, Service } from '../../../streams/resources/service.ts';
import type { Deployment, ReplicaSet } from '../../../streams/resources/workload.ts';
import {
  age,
  ageColumn,
  column,
  containerImages,
  containerNames,
  joined,
  labelsText,
  nameColumn,
  none,
  selectorText,
  shortened,
  unknown,
  wide,
} from './cells.ts';
import type { TablePrinter } from './table.ts';

const templateColumns = [wide('Containers'), wide('Images'), wide('Selector')];

export const deploymentTable: TablePrinter = {
  columns: [nameColumn, column('Ready'), column('Up-to-date'), column('Available'), ageColumn, ...templateColumns],
  cells(object, nowMs) {
    const { metadata, spec, status } = object as unknown as Deployment;
    return [
      metadata.name,
      `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`,
      status?.updatedReplicas ?? 0,
      status?.availableReplicas ?? 0,
      age(object, nowMs),
      containerNames(spec.template),
      containerImages(spec.template),
      selectorText(spec.selector),
    ];
  },
};

/** The scale of whatever can be scaled. */
export const scaleTable: TablePrinter = {
  columns: [column('Name'), column('Desired', 'integer'), column('Available', 'integer'), column('Age')],
  cells(object, nowMs) {
    const { metadata, spec, status } = object as unknown as ReplicaSet;
    return [metadata.name, spec.replicas ?? 0, status?.replicas ?? 0, age(object, nowMs)];
  },
};

export const replicaSetTable: TablePrinter = {
  columns: [
    nameColumn,
    column('Desired', 'integer'),
    column('Current', 'integer'),
    column('Ready', 'integer'),
    ageColumn,
    ...templateColumns,
  ],
  cells(object, nowMs) {
    const { metadata, spec, status } = object as unknown as ReplicaSet;
    return [
      metadata.name,
      spec.replicas ?? 1,
      status?.replicas ?? 0,
      status?.readyReplicas ?? 0,
      age(object, nowMs),
      containerNames(spec.template),
      containerImages(spec.template),
      selectorText(spec.selector),
    ];
  },
};

export const serviceTable: TablePrinter = {
  columns: [
    nameColumn,
    column('Type'),
    column('Cluster-IP'),
    column('External-IP'),
    column('Port(s)'),
    ageColumn,
    wide('Selector'),
  ],
  cells(object, nowMs) {
    const { metadata, spec } = object as unknown as Service;
    const ports = (spec.ports ?? []).map(
      ({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`,
    );
    return [
      metadata.name,
      spec.type ?? 'ClusterIP',
      spec.clusterIP || none,
      externalIp(object as unknown as Service),
      joined(ports),
      age(object, nowMs),
      labelsText(spec.selector),
    ];
  },
};

function externalIp(service: Service): string {
  const { spec } = service;
  const external = (spec as { readonly externalIPs?: readonly string[] }).externalIPs ?? [];
  if (spec.type === 'ExternalName') return spec.externalName ?? none;
  if (spec.type !== 'LoadBalancer') return joined(external);
  const status = (service as { readonly status?: LoadBalanced }).status;
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '');
  const all = [...addresses, ...external];
  return all.length === 0 ? '<pending>' : all.join(',');
}

type LoadBalanced = {
  readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
};

export const endpointsTable: TablePrinter = {
  columns: [nameColumn, column('Endpoints'), ageColumn],
  cells(object, nowMs) {
    const { metadata, subsets = [] } = object as unknown as Endpoints;
    const addresses = subsets.flatMap((subset) =>
      (subset.ports ?? []).length === 0
        ? (subset.addresses ?? []).map((address) => address.ip)
        : (subset.ports ?? []).flatMap((port) =>
            (subset.addresses ?? []).map((address) => `${address.ip}:${port.port}`),
          ),
    );
    return [metadata.name, shortened(addresses), age(object, nowMs)];
  },
};

export const endpointSliceTable: TablePrinter = {
  columns: [nameColumn, column('AddressType'), column('Ports'), column('Endpoints'), ageColumn],
  cells(object, nowMs) {
    const { metadata, addressType, ports, endpoints } = object as unknown as EndpointSlice;
    const portTexts = (ports ?? []).map((port) => String(port.port ?? '*'));
    const addresses = (endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
    return [
      metadata.name,
      addressType,
      portTexts.length === 0 ? '<unset>' : shortened(portTexts),
      addresses.length === 0 ? '<unset>' : shortened(addresses),
      age(object, nowMs) || unknown,
    ];
  },
};
