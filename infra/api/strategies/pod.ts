// Pods: their spec is fixed but for a few fields, they end gracefully, and their status belongs to whoever runs them.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Container, Pod, PodSpec, PodStatus } from '../../../streams/resources/pod.ts';
import type { FieldError } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import type { Strategy } from '../registry/strategy.ts';
import { podProblems } from '../validation/pod.ts';
import { within } from './fill.ts';
import { defaultPodOnly, defaultPodSpec } from './pod-spec-defaults.ts';
import { qosClass } from './qos.ts';

const graceDefaultSeconds = 30;

export const podStrategy: Omit<Strategy, 'lifecycle'> = {
  generation: true,
  status: true,
  deleteReturnsObject: true,
  defaults: (object) => within(object as Pod & AnyObject, 'spec', (spec) => defaultPodOnly(defaultPodSpec(spec))),
  prepareCreate(object) {
    const spec = object.spec as PodSpec;
    const gated = (spec.schedulingGates?.length ?? 0) > 0;
    const status: PodStatus & { conditions?: unknown } = {
      phase: 'Pending',
      ...(gated
        ? {
            conditions: [
              {
                type: 'PodScheduled',
                status: 'False',
                reason: 'SchedulingGated',
                message: 'Scheduling is blocked due to non-empty scheduling gates',
              },
            ],
          }
        : undefined),
      qosClass: qosClass(spec),
    };
    return { ...object, status } as AnyObject;
  },
  validate: (next, before) => [
    ...podProblems(next as unknown as Pod),
    ...(before === undefined ? [] : specChangeProblems(next.spec as PodSpec, before.spec as PodSpec)),
  ],
  graceSeconds(object, requested) {
    const { spec, status } = object as unknown as Pod;
    const started = spec.nodeName !== undefined && spec.nodeName !== '';
    const over = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    if (!started || over) return 0;
    return requested ?? spec.terminationGracePeriodSeconds ?? graceDefaultSeconds;
  },
};

const changeable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** What of a pod's spec may change (facts §3.12), each part with its own refusal. */
function specChangeProblems(next: PodSpec, before: PodSpec): FieldError[] {
  if (equal(next, before)) return [];
  for (const list of ['containers', 'initContainers'] as const) {
    if ((next[list] ?? []).length === (before[list] ?? []).length) continue;
    const what = list === 'containers' ? 'containers' : 'init containers';
    return [{ type: 'Forbidden', field: `spec.${list}`, detail: `pod updates may not add or remove ${what}` }];
  }
  const single = [...deadlineProblems(next, before), ...gateProblems(next, before)];
  if (single.length > 0) return single;
  const masked = withFieldsOf(
    {
      ...next,
      containers: sameImages(next.containers ?? [], before.containers),
      ...(next.initContainers && { initContainers: sameImages(next.initContainers, before.initContainers ?? []) }),
    },
    before,
    ['activeDeadlineSeconds', 'tolerations', 'schedulingGates'],
  );
  if (equal(masked, before) && keepsTolerations(next, before)) return [];
  return [{ type: 'Forbidden', field: 'spec', detail: changeable }];
}

/** The spec with these fields as they were before. */
function withFieldsOf(spec: PodSpec, before: PodSpec, fields: readonly (keyof PodSpec)[]): PodSpec {
  const masked: Record<string, unknown> = { ...spec };
  for (const field of fields) {
    if (before[field] === undefined) delete masked[field];
    else masked[field] = before[field];
  }
  return masked as unknown as PodSpec;
}

/** A deadline may be set, and come closer. */
function deadlineProblems(next: PodSpec, before: PodSpec): FieldError[] {
  const [was, is] = [before.activeDeadlineSeconds, next.activeDeadlineSeconds];
  if (was === undefined || (is !== undefined && is <= was)) return [];
  const field = 'spec.activeDeadlineSeconds';
  return is === undefined
    ? [{ type: 'Invalid', field, value: null, detail: 'must not update from a positive integer to nil value' }]
    : [{ type: 'Invalid', field, value: is, detail: 'must be less than or equal to previous value' }];
}

/** Gates open; no new one closes. */
function gateProblems(next: PodSpec, before: PodSpec): FieldError[] {
  const known = new Set((before.schedulingGates ?? []).map(({ name }) => name));
  const added = (next.schedulingGates ?? []).filter(({ name }) => !known.has(name));
  return added.map(({ name }) => ({
    type: 'Forbidden',
    field: 'spec.schedulingGates',
    detail: `only deletion is allowed, but found new scheduling gate '${name}'`,
  }));
}

function keepsTolerations(next: PodSpec, before: PodSpec): boolean {
  const now = next.tolerations ?? [];
  return (before.tolerations ?? []).every((toleration) => now.some((candidate) => equal(candidate, toleration)));
}

function sameImages(next: readonly Container[], before: readonly Container[]): readonly Container[] {
  return next.map((container, index) => {
    const old = before[index];
    return old === undefined ? container : { ...container, image: old.image };
  });
}
