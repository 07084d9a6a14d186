// Priority: a pod gets the numeric priority the scheduler orders by from its PriorityClass, or from the class marked
// as the cluster's default; what a client says instead of it is refused. There is one default class at most.

import type { AnyObject, KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { forbidden } from '../errors.ts';
import { type AdmissionPlugin, type AdmissionRequest, concerns } from './admission.ts';

type PriorityClass = KubeObject & {
  readonly value: number;
  readonly globalDefault?: boolean;
  readonly preemptionPolicy?: string;
};

type PrioritySpec = Pod['spec'] & { readonly priorityClassName?: string };

const pods = { group: '', resource: 'pods' };
const preemptionDefault = 'PreemptLowerPriority';

export const priorityAdmission: AdmissionPlugin = {
  name: 'Priority',
  admit(request) {
    if (!concerns(request, pods)) return request.object;
    if (request.operation === 'create') return withPriority(request);
    return request.operation === 'update' ? withPriorityOf(request.object, request.before) : request.object;
  },
  validate(request) {
    const { operation, object, world, kind, name } = request;
    if (!concerns(request, resources.priorityClasses) || (operation !== 'create' && operation !== 'update')) return;
    if ((object as unknown as PriorityClass).globalDefault !== true) return;
    const present = defaultClass(world);
    if (present === undefined || (operation === 'update' && present.metadata.name === name)) return;
    const why = `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`;
    throw forbidden(kind, name, why);
  },
};

function withPriority(request: AdmissionRequest): AnyObject {
  const { object, kind, name } = request;
  const spec = object.spec as PrioritySpec;
  const found = classOf(request, spec.priorityClassName ?? '');
  const priority = found?.value ?? 0;
  const preemptionPolicy = found === undefined ? preemptionDefault : found.preemptionPolicy;
  const computed = 'priority admission controller computed';
  const given = 'from the given PriorityClass name';
  if (spec.priority !== undefined && spec.priority !== priority) {
    const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; ${computed} ${priority} ${given}`;
    throw forbidden(kind, name, why);
  }
  const policy = spec.preemptionPolicy;
  if (policy !== undefined && preemptionPolicy !== undefined && policy !== preemptionPolicy) {
    const why = `the string value of PreemptionPolicy (${policy}) must not be provided in pod spec; ${computed} ${preemptionPolicy} ${given}`;
    throw forbidden(kind, name, why);
  }
  return {
    ...object,
    spec: {
      ...spec,
      ...(found === undefined ? undefined : { priorityClassName: found.metadata.name }),
      priority,
      ...(preemptionPolicy === undefined ? undefined : { preemptionPolicy }),
    },
  } as AnyObject;
}

/** Undefined where the pod names no class and the cluster has no default one. */
function classOf({ world, kind, name }: AdmissionRequest, className: string): PriorityClass | undefined {
  if (className === '') return defaultClass(world);
  const found = world.get<PriorityClass>(resources.priorityClasses, { name: className });
  if (found === undefined) throw forbidden(kind, name, `no PriorityClass with name ${className} was found`);
  return found;
}

/** Two may have been marked at once: then the lower priority counts. */
function defaultClass(world: ObjectReader): PriorityClass | undefined {
  let lowest: PriorityClass | undefined;
  for (const candidate of world.list<PriorityClass>(resources.priorityClasses)) {
    if (candidate.globalDefault === true && (lowest === undefined || candidate.value < lowest.value))
      lowest = candidate;
  }
  return lowest;
}

/** A client that replaces a pod and leaves its priority out keeps it. */
function withPriorityOf(object: AnyObject, before: AnyObject | undefined): AnyObject {
  const spec = object.spec as PrioritySpec;
  const was = before?.spec as PrioritySpec | undefined;
  const priority = spec.priority === undefined && was?.priority !== undefined;
  const policy = spec.preemptionPolicy === undefined && was?.preemptionPolicy !== undefined;
  if (!priority && !policy) return object;
  return {
    ...object,
    spec: {
      ...spec,
      ...(priority ? { priority: was?.priority } : undefined),
      ...(policy ? { preemptionPolicy: was?.preemptionPolicy } : undefined),
    },
  } as AnyObject;
}
