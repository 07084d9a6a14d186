// Pods: their spec is fixed but for a few fields, they end gracefully, and their status belongs to whoever runs them.
// Ephemeral containers and resources change through endpoints of their own.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Container, Pod, PodSpec, PodStatus } from '../../../streams/resources/pod.ts';
import { equal } from '../registry/equal.ts';
import type { Strategy } from '../registry/strategy.ts';
import { problemsOf } from '../validation/check.ts';
import { newPod } from '../validation/pod.ts';
import { ephemeralContainersUpdate, podResize } from '../validation/pod-parts.ts';
import { podStatusUpdate } from '../validation/pod-status.ts';
import { podUpdate } from '../validation/pod-updates.ts';
import { nameWarnings } from '../warnings/names.ts';
import { podWarnings } from '../warnings/pod.ts';
import { within } from './fill.ts';
import { defaultPodOnly, defaultPodSpec } from './pod-spec-defaults.ts';
import { qosClass } from './qos.ts';

const graceDefaultSeconds = 30;

const defaults = (object: AnyObject): AnyObject =>
  within(object as Pod & AnyObject, 'spec', (spec) => defaultPodOnly(defaultPodSpec(spec)));

export const podStrategy: Omit<Strategy, 'lifecycle'> = {
  generation: true,
  status: true,
  deleteReturnsObject: true,
  defaults,
  prepareCreate(object) {
    const spec = object.spec as PodSpec;
    const gated = (spec.schedulingGates?.length ?? 0) > 0;
    const status = {
      phase: 'Pending',
      ...(gated ? { conditions: [gatedCondition] } : undefined),
      qosClass: qosClass(spec),
    };
    return { ...object, status } as AnyObject;
  },
  validate: (next, before) =>
    before === undefined ? problemsOf(newPod, next as never) : problemsOf(podUpdate, next, before),
  warnings: (next, before) =>
    before === undefined ? [...nameWarnings(next, "the Pod's hostname"), ...podWarnings(next as unknown as Pod)] : [],
  subresources: {
    status: {
      prepareUpdate: keptStatus,
      validate: (next, before) => problemsOf(podStatusUpdate, next, before),
    },
    ephemeralcontainers: {
      prepareUpdate: (next, before) =>
        defaults(onlySpecFields(next, before, (spec) => ({ ephemeralContainers: spec.ephemeralContainers }))),
      validate: (next, before) => problemsOf(ephemeralContainersUpdate, next, before),
    },
    resize: {
      prepareUpdate: (next, before) => defaults(onlyResources(next, before)),
      validate: (next, before) => problemsOf(podResize, next, before),
    },
  },
  graceSeconds(object, requested) {
    const { spec, status } = object as unknown as Pod;
    const started = spec.nodeName !== undefined && spec.nodeName !== '';
    const over = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    if (!started || over) return 0;
    const seconds = requested ?? spec.terminationGracePeriodSeconds ?? graceDefaultSeconds;
    return seconds < 0 ? 1 : seconds;
  },
};

const gatedCondition = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
};

type Fields = Readonly<Record<string, unknown>>;

/** The pod as it was, with some fields of the new spec; metadata but managedFields stay too. */
function onlySpecFields(next: AnyObject, before: AnyObject, pick: (spec: Fields) => Fields): AnyObject {
  const { managedFields } = next.metadata;
  const spec: Record<string, unknown> = { ...(before.spec as Fields), ...pick(next.spec as Fields) };
  for (const key in spec) if (spec[key] === undefined) delete spec[key];
  const metadata = { ...before.metadata, ...(managedFields && { managedFields }) };
  return { ...before, metadata, spec } as AnyObject;
}

/** Of a resize only resources and how they change; where containers do not match, all of it, to be refused. */
function onlyResources(next: AnyObject, before: AnyObject): AnyObject {
  const was = before.spec as PodSpec;
  return onlySpecFields(next, before, (spec) => {
    const { containers, initContainers, resources } = spec as unknown as PodSpec;
    return {
      containers: resized(containers, was.containers),
      ...(initContainers && { initContainers: resized(initContainers, was.initContainers ?? []) }),
      resources,
    };
  });
}

type Sized = Container & { readonly resizePolicy?: unknown };

function resized(next: readonly Sized[], before: readonly Sized[]): readonly Sized[] {
  const matching = next.length === before.length && next.every(({ name }, i) => name === before[i]?.name);
  if (!matching) return next;
  return before.map((was, i) => {
    const { resources, resizePolicy } = next[i] as Sized;
    if (equal(resources, was.resources) && equal(resizePolicy, was.resizePolicy)) return was;
    const { resources: _r, resizePolicy: _p, ...rest } = was;
    return { ...rest, ...(resources && { resources }), ...(resizePolicy ? { resizePolicy } : undefined) } as Sized;
  });
}

/** Owners are not part of a status, and what only newer clients write is not lost to older ones. */
function keptStatus(next: AnyObject, before: AnyObject): AnyObject {
  const [is, was] = [next.status as PodStatus | undefined, before.status as PodStatus | undefined];
  if (is === undefined || was === undefined) return next;
  const status = {
    ...is,
    ...(!is.qosClass && was.qosClass && { qosClass: was.qosClass }),
    ...(!is.observedGeneration && was.observedGeneration && { observedGeneration: was.observedGeneration }),
  };
  return { ...next, status } as AnyObject;
}
