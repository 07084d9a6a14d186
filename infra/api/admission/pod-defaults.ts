// Two small plugins every pod passes: Priority gives it the numeric priority the scheduler orders by, and
// DefaultTolerationSeconds lets it stay five minutes on a node that is not ready or not reachable.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Pod, Toleration } from '../../../streams/resources/pod.ts';
import { forbidden } from '../errors.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

const graceSeconds = 300;
const builtInClasses: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);
const preemptionPolicy = 'PreemptLowerPriority';

export const priorityAdmission: AdmissionPlugin = {
  name: 'Priority',
  admit(request) {
    if (!isPodCreation(request)) return request.object;
    const spec = request.object.spec as Pod['spec'] & { readonly priorityClassName?: string };
    const className = spec.priorityClassName ?? '';
    const priority = className === '' ? 0 : builtInClasses.get(className);
    if (priority === undefined) {
      throw forbidden(request.kind, request.name, `no PriorityClass with name ${className} was found`);
    }
    const computed = 'priority admission controller computed';
    const given = 'from the given PriorityClass name';
    if (spec.priority !== undefined && spec.priority !== priority) {
      const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; ${computed} ${priority} ${given}`;
      throw forbidden(request.kind, request.name, why);
    }
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
      const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; ${computed} ${preemptionPolicy} ${given}`;
      throw forbidden(request.kind, request.name, why);
    }
    return { ...request.object, spec: { ...spec, priority, preemptionPolicy } } as AnyObject;
  },
};

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit(request) {
    if (!isPodCreation(request)) return request.object;
    const spec = request.object.spec as Pod['spec'];
    const tolerations = spec.tolerations ?? [];
    const added = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
      .filter((key) => !tolerations.some((toleration) => toleratesNoExecute(toleration, key)))
      .map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: graceSeconds }));
    if (added.length === 0) return request.object;
    return { ...request.object, spec: { ...spec, tolerations: [...tolerations, ...added] } } as AnyObject;
  },
};

function isPodCreation({ operation, kind, subresource }: AdmissionRequest): boolean {
  return operation === 'create' && kind.group === '' && kind.resource === 'pods' && subresource === undefined;
}

function toleratesNoExecute({ key, effect }: Toleration, taint: string): boolean {
  const sameKey = key === taint || key === undefined || key === '';
  return sameKey && (effect === 'NoExecute' || effect === undefined || effect === '');
}
