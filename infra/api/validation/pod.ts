// What makes a pod, or a pod template, invalid: field paths and texts as upstream's.

import type { Container, Pod, PodSpec } from '../../../streams/resources/pod.ts';
import { canonicalQuantity, compareQuantity, quantityOf } from '../../../streams/resources/quantity.ts';
import type { FieldError } from '../errors.ts';
import { labelProblems, nameProblem } from '../registry/names.ts';
import { notSupported } from './not-supported.ts';
import { schedulingProblems } from './scheduling.ts';

const restartPolicies = ['Always', 'Never', 'OnFailure'];
const dnsPolicies = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const protocols = ['SCTP', 'TCP', 'UDP'];

export function podProblems(pod: Pod): FieldError[] {
  return podSpecProblems(pod.spec, 'spec');
}

export function podSpecProblems(spec: PodSpec | undefined, path: string): FieldError[] {
  if (spec === undefined) return [{ type: 'Required', field: path, detail: '' }];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  if ((spec.containers ?? []).length === 0) errors.push({ type: 'Required', field: `${path}.containers`, detail: '' });
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      errors.push(...containerProblems(container, { path: `${path}.${list}[${index}]`, names }));
    }
  }
  errors.push(...notSupported(spec.restartPolicy, restartPolicies, `${path}.restartPolicy`));
  errors.push(...notSupported((spec as { dnsPolicy?: string }).dnsPolicy, dnsPolicies, `${path}.dnsPolicy`));
  if (spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0) {
    errors.push(negative(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds));
  }
  if (spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds < 1) {
    errors.push({
      type: 'Invalid',
      field: `${path}.activeDeadlineSeconds`,
      value: spec.activeDeadlineSeconds,
      detail: 'must be between 1 and 2147483647, inclusive',
    });
  }
  if (spec.nodeName !== undefined && spec.nodeName !== '') {
    const problem = nameProblem(spec.nodeName, 'subdomain');
    if (problem !== undefined)
      errors.push({ type: 'Invalid', field: `${path}.nodeName`, value: spec.nodeName, detail: problem });
  }
  errors.push(...labelProblems(spec.nodeSelector, `${path}.nodeSelector`));
  errors.push(...schedulingProblems(spec, path));
  errors.push(...mountProblems(spec, path));
  return errors;
}

function containerProblems(container: Container, { path, names }: { path: string; names: Set<string> }): FieldError[] {
  const errors: FieldError[] = [];
  if (!container.name) errors.push({ type: 'Required', field: `${path}.name`, detail: '' });
  else {
    const problem = nameProblem(container.name, 'label');
    if (problem !== undefined)
      errors.push({ type: 'Invalid', field: `${path}.name`, value: container.name, detail: problem });
    else if (names.has(container.name))
      errors.push({ type: 'Duplicate', field: `${path}.name`, value: container.name });
    names.add(container.name);
  }
  if (!container.image) errors.push({ type: 'Required', field: `${path}.image`, detail: '' });
  else if (container.image !== container.image.trim()) {
    errors.push({
      type: 'Invalid',
      field: `${path}.image`,
      value: container.image,
      detail: 'must not have leading or trailing whitespace',
    });
  }
  errors.push(...notSupported(container.imagePullPolicy, pullPolicies, `${path}.imagePullPolicy`));
  for (const [index, port] of (container.ports ?? []).entries()) {
    const field = `${path}.ports[${index}]`;
    if (port.containerPort === undefined || port.containerPort === 0) {
      errors.push({ type: 'Required', field: `${field}.containerPort`, detail: '' });
    } else errors.push(...portProblems(port.containerPort, `${field}.containerPort`));
    if (port.hostPort !== undefined && port.hostPort !== 0)
      errors.push(...portProblems(port.hostPort, `${field}.hostPort`));
    errors.push(...notSupported(port.protocol, protocols, `${field}.protocol`));
  }
  errors.push(...resourceProblems(container, `${path}.resources`));
  return errors;
}

function resourceProblems({ resources }: Container, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ['limits', 'requests'] as const) {
    const quantities = resources?.[list];
    for (const name in quantities) {
      const text = quantities[name] ?? '';
      const field = `${path}.${list}[${name}]`;
      if (!isQuantity(text)) {
        errors.push({ type: 'Invalid', field, value: text, detail: 'quantities must match the regular expression' });
        continue;
      }
      const limit = resources?.limits?.[name];
      if (text.startsWith('-')) {
        errors.push({ type: 'Invalid', field, value: text, detail: 'must be greater than or equal to 0' });
      } else if (list === 'requests' && limit !== undefined && isQuantity(limit) && greater(text, limit)) {
        errors.push({
          type: 'Invalid',
          field: `${path}.requests`,
          value: text,
          detail: `must be less than or equal to ${name} limit of ${limit}`,
        });
      }
    }
  }
  return errors;
}

function greater(a: string, b: string): boolean {
  return compareQuantity(quantityOf(a), quantityOf(b)) > 0;
}

function isQuantity(text: string): boolean {
  return canonicalQuantity(text) !== undefined;
}

function mountProblems(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const volumes = new Set<string>();
  for (const [index, volume] of ((spec.volumes ?? []) as readonly { readonly name?: string }[]).entries()) {
    const field = `${path}.volumes[${index}].name`;
    if (!volume.name) errors.push({ type: 'Required', field, detail: '' });
    else if (volumes.has(volume.name)) errors.push({ type: 'Duplicate', field, value: volume.name });
    else volumes.add(volume.name);
  }
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      for (const [at, mount] of (container.volumeMounts ?? []).entries()) {
        const field = `${path}.${list}[${index}].volumeMounts[${at}]`;
        if (!volumes.has(mount.name)) errors.push({ type: 'NotFound', field: `${field}.name`, value: mount.name });
        if (!mount.mountPath) errors.push({ type: 'Required', field: `${field}.mountPath`, detail: '' });
      }
    }
  }
  return errors;
}

export function portProblems(port: number, field: string): FieldError[] {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return [];
  return [{ type: 'Invalid', field, value: port, detail: 'must be between 1 and 65535, inclusive' }];
}

export function negative(field: string, value: number): FieldError {
  return { type: 'Invalid', field, value, detail: 'must be greater than or equal to 0' };
}
