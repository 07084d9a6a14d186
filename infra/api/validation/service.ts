// What makes a Service invalid.

import type { Service, ServicePort } from '../../../streams/resources/service.ts';
import type { FieldError } from '../errors.ts';
import { labelProblems } from '../registry/names.ts';
import { notSupported } from './not-supported.ts';
import { portProblems } from './pod.ts';
import { immutable } from './workloads.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const headless = 'None';

export function serviceProblems(next: Service, before: Service | undefined): FieldError[] {
  const { spec } = next;
  if (spec === undefined) return [{ type: 'Required', field: 'spec.ports', detail: '' }];
  const errors: FieldError[] = [...notSupported(spec.type, types, 'spec.type')];
  const ports = spec.ports ?? [];
  if (ports.length === 0 && spec.type !== 'ExternalName' && spec.clusterIP !== headless) {
    errors.push({ type: 'Required', field: 'spec.ports', detail: '' });
  }
  if (spec.type === 'ExternalName' && !spec.externalName) {
    errors.push({ type: 'Required', field: 'spec.externalName', detail: '' });
  }
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    errors.push(...servicePortProblems(port, { field: `spec.ports[${index}]`, several: ports.length > 1, names }));
  }
  errors.push(...labelProblems(spec.selector, 'spec.selector'));
  const was = before?.spec;
  if (
    was?.clusterIP &&
    was.type !== 'ExternalName' &&
    spec.type !== 'ExternalName' &&
    spec.clusterIP !== was.clusterIP
  ) {
    errors.push(immutable('spec.clusterIPs[0]', [spec.clusterIP]));
  }
  return errors;
}

function servicePortProblems(
  port: ServicePort,
  { field, several, names }: { field: string; several: boolean; names: Set<string> },
): FieldError[] {
  const errors = [...portProblems(port.port, `${field}.port`)];
  if (several && !port.name) errors.push({ type: 'Required', field: `${field}.name`, detail: '' });
  if (port.name) {
    if (names.has(port.name)) errors.push({ type: 'Duplicate', field: `${field}.name`, value: port.name });
    names.add(port.name);
  }
  if (typeof port.targetPort === 'number') errors.push(...portProblems(port.targetPort, `${field}.targetPort`));
  errors.push(...notSupported(port.protocol, ['SCTP', 'TCP', 'UDP'], `${field}.protocol`));
  return errors;
}
