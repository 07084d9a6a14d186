// RuntimeClass: a pod that names one pays its overhead and goes where the class can run; a pod may not make up an
// overhead of its own.

import type { AnyObject, KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod, Quantities, Toleration } from '../../../streams/resources/pod.ts';
import { compareQuantity, quantityOf } from '../../../streams/resources/quantity.ts';
import { forbidden } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import { type AdmissionPlugin, type AdmissionRequest, concerns } from './admission.ts';

type RuntimeClass = KubeObject & {
  readonly overhead?: { readonly podFixed?: Quantities };
  readonly scheduling?: {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Toleration[];
  };
};

type ClassedSpec = Pod['spec'] & { readonly runtimeClassName?: string; readonly overhead?: Quantities };

export const runtimeClassAdmission: AdmissionPlugin = {
  name: 'RuntimeClass',
  admit(request) {
    if (!isPodCreation(request)) return request.object;
    const spec = request.object.spec as ClassedSpec;
    const found = classOf(request, spec);
    if (found === undefined) return request.object;
    return { ...request.object, spec: scheduled(request, charged(request, spec, found), found) } as AnyObject;
  },
  validate(request) {
    if (!isPodCreation(request)) return;
    const spec = request.object.spec as ClassedSpec;
    const overhead = classOf(request, spec)?.overhead?.podFixed;
    if (overhead === undefined && spec.overhead !== undefined) {
      throw refused(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    }
    if (overhead !== undefined && !sameAmounts(overhead, spec.overhead ?? {})) throw refused(request, mismatch);
  },
};

const mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

function classOf(request: AdmissionRequest, { runtimeClassName: name }: ClassedSpec): RuntimeClass | undefined {
  if (name === undefined || name === null) return undefined;
  const found = request.world.get<RuntimeClass>(resources.runtimeClasses, { name });
  if (found === undefined) throw refused(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  return found;
}

function charged(request: AdmissionRequest, spec: ClassedSpec, { overhead }: RuntimeClass): ClassedSpec {
  if (overhead?.podFixed === undefined) return spec;
  const own = spec.overhead ?? {};
  if (Object.keys(own).length > 0 && !sameAmounts(own, overhead.podFixed)) throw refused(request, mismatch);
  return { ...spec, overhead: overhead.podFixed };
}

function scheduled(request: AdmissionRequest, spec: ClassedSpec, { scheduling }: RuntimeClass): ClassedSpec {
  if (scheduling === undefined) return spec;
  const { nodeSelector = {}, tolerations = [] } = scheduling;
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own === undefined || own === value) continue;
    const theirs = `runtimeClass.scheduling.nodeSelector[${key}] = ${value}`;
    throw refused(request, `conflict: ${theirs}; pod.spec.nodeSelector[${key}] = ${own}`);
  }
  const given = spec.tolerations ?? [];
  const added = tolerations.filter((toleration) => !given.some((own) => equal(own, toleration)));
  return {
    ...spec,
    ...(Object.keys(nodeSelector).length === 0
      ? undefined
      : { nodeSelector: { ...spec.nodeSelector, ...nodeSelector } }),
    ...(added.length === 0 ? undefined : { tolerations: [...given, ...added] }),
  };
}

function sameAmounts(a: Quantities, b: Quantities): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => {
    const [left, right] = [a[key], b[key]];
    return left !== undefined && right !== undefined && compareQuantity(quantityOf(left), quantityOf(right)) === 0;
  });
}

function refused({ kind, name }: AdmissionRequest, why: string) {
  return forbidden(kind, name, why);
}

function isPodCreation(request: AdmissionRequest): boolean {
  return request.operation === 'create' && concerns(request, { group: '', resource: 'pods' });
}
