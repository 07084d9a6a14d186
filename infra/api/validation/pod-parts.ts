// What may change of a pod through endpoints of its own: ephemeral containers are added, never taken or changed;
// resources grow and shrink, but what a pod is guaranteed by stays its class.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Container, Pod, PodSpec } from '../../../streams/resources/pod.ts';
import { equal } from '../registry/equal.ts';
import { qosClass } from '../strategies/qos.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { pod } from './pod.ts';
import { fixedAnnotations, sameSpec } from './pod-updates.ts';
import type { Requirements, ResourceList } from './resources.ts';
import { sameValue } from './rules.ts';
import { unifiedDiff } from './unified-diff.ts';

const mirror = 'kubernetes.io/config.mirror';
type Named = { readonly name: string };

export const ephemeralContainersUpdate: Rule<AnyObject> = (next, check, before) => {
  if (before === undefined) return;
  if (before.metadata.annotations?.[mirror] !== undefined)
    return check.forbidden('static pods do not support ephemeral containers');
  pod(next as never, check);
  fixedAnnotations(next, before, check);
  const now = containersOf(next);
  for (const old of containersOf(before)) {
    const same = now.find(({ name }) => name === old.name);
    const what = `existing ephemeral containers "${old.name}" may not be`;
    if (same === undefined) check.forbidden(`${what} removed\n`, '.spec.ephemeralContainers');
    else if (!equal(same, old))
      check.forbidden(`${what} changed\n${unifiedDiff(old, same)}`, '.spec.ephemeralContainers');
  }
};

function containersOf({ spec }: AnyObject): readonly Named[] {
  return (spec as { readonly ephemeralContainers?: readonly Named[] | null }).ephemeralContainers ?? [];
}

export const podResize: Rule<AnyObject> = (next, check, old) => {
  const before = old as unknown as Pod & { readonly spec: { readonly os?: { readonly name?: string } } };
  if (before === undefined) return;
  if (before.metadata.annotations?.[mirror] !== undefined) return check.forbidden('static pods cannot be resized');
  if (before.spec.os?.name === 'windows') return check.forbidden('windows pods cannot be resized');
  pod(next as never, check);
  const [is, was] = [next.spec as PodSpec, before.spec];
  if ((before.status?.qosClass ?? qosClass(was)) !== qosClass(is))
    check.invalid(qosClass(was), 'Pod QOS Class may not change as a result of resizing', '.spec');
  check.enter('spec');
  podLevel(is.resources, was.resources, check);
  if (sameContainers(is, was, check)) {
    for (const list of ['initContainers', 'containers'] as const) containersResize(list, { is, was }, check);
    if (check.count === 0 && !sameSpec(withoutResources(is), withoutResources(was)))
      check.forbidden('only cpu and memory resources are mutable');
  }
  check.leave();
};

function podLevel(is: Requirements | undefined, was: Requirements | undefined, check: Check): void {
  if (isAbsent(was)) return;
  if (isAbsent(is)) {
    check.forbidden('pod-level resources cannot be removed', '.resources');
    return;
  }
  for (const list of ['requests', 'limits'] as const)
    if (removed(is[list], was[list]))
      check.forbidden(`pod-level resource ${list} cannot be removed`, `.resources.${list}`);
  if (!sameValue(withoutCompute(is), withoutCompute(was)))
    check.forbidden('only cpu and memory resources are mutable at pod-level');
}

function sameContainers(is: PodSpec, was: PodSpec, check: Check): boolean {
  const count = check.count;
  for (const list of ['containers', 'initContainers'] as const) {
    const [now, then] = [is[list] ?? [], was[list] ?? []];
    if (now.length !== then.length) check.forbidden(`${list} may not be added or removed on resize`, `.${list}`);
    else
      for (const [i, { name }] of then.entries())
        if (now[i]?.name !== name)
          check.forbidden(`${list} may not be renamed or reordered on resize`, `.${list}[${i}].name`);
  }
  return check.count === count;
}

type Resized = Container & { readonly resizePolicy?: readonly { readonly restartPolicy?: string }[] };

function containersResize(
  list: 'containers' | 'initContainers',
  { is, was }: { is: PodSpec; was: PodSpec },
  check: Check,
): void {
  for (const [i, then] of ((was[list] ?? []) as readonly Resized[]).entries()) {
    const now = (is[list] ?? [])[i] as Resized;
    const changed = !equal(now, then);
    if (changed && list === 'initContainers' && then.restartPolicy !== 'Always') {
      check.forbidden('resources for non-sidecar init containers are immutable');
      continue;
    }
    for (const amounts of ['requests', 'limits'] as const)
      if (removed(now.resources?.[amounts], then.resources?.[amounts]))
        check.forbidden(`resource ${amounts} cannot be removed`, `.${list}[${i}].resources.${amounts}`);
    if (!sameValue(withoutCompute(now.resources), withoutCompute(then.resources))) {
      if (list === 'containers') check.forbidden('only cpu and memory resources are mutable');
      else
        check.forbidden('only cpu and memory resources for init or sidecar containers are mutable', `.${list}[${i}]`);
    }
  }
}

function removed(is: ResourceList | undefined, was: ResourceList | undefined): boolean {
  for (const name in was) if (!Object.hasOwn(is ?? {}, name)) return true;
  return false;
}

/** Resources with what a resize may change left out. */
function withoutCompute(resources: Requirements | undefined): object {
  const rest = (list: ResourceList | undefined) => {
    const { cpu: _c, memory: _m, ...others } = list ?? {};
    return Object.keys(others).length === 0 ? undefined : others;
  };
  const limits = rest(resources?.limits);
  const requests = rest(resources?.requests);
  return { ...(limits && { limits }), ...(requests && { requests }) };
}

function withoutResources(spec: PodSpec): PodSpec {
  const strip = (list: readonly Container[]) =>
    list.map(({ resources: _r, ...rest }) => {
      const { resizePolicy: _p, ...others } = rest as Record<string, unknown>;
      return others as unknown as Container;
    });
  const { resources: _, ...rest } = spec;
  const initContainers = rest.initContainers && strip(rest.initContainers);
  return { ...rest, containers: strip(rest.containers ?? []), ...(initContainers && { initContainers }) };
}
