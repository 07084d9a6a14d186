// PodSecurity: the Pod Security Standards a namespace asks for by its labels. Pods that violate the enforced one are
// refused; those that violate the one to warn of, and templates of such pods, are answered with a warning; so is a
// namespace that is given a level its pods do not meet.

import type { AnyObject, Labels, ObjectMeta } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import { forbidden, invalid } from '../../errors.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { CheckedContainer, CheckedPod, CheckedSpec } from './check.ts';
import {
  inBrief,
  inDetail,
  type Policy,
  policyOf,
  type Standard,
  same,
  standardName,
  stricter,
  violations,
} from './policy.ts';

/** Pods looked at when a namespace changes its level. */
const podsMax = 3_000;

/** Subresources of pods that change nothing the standards know of. */
const ignored: ReadonlySet<string> = new Set([
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'portforward',
  'proxy',
  'status',
]);

type Template = { readonly metadata?: Partial<ObjectMeta>; readonly spec?: CheckedSpec };

/** Where kinds that make pods keep the template. */
const templates: Readonly<Record<string, readonly string[]>> = {
  'replicationcontrollers.': ['spec', 'template'],
  'podtemplates.': ['template'],
  'replicasets.apps': ['spec', 'template'],
  'deployments.apps': ['spec', 'template'],
  'statefulsets.apps': ['spec', 'template'],
  'daemonsets.apps': ['spec', 'template'],
  'jobs.batch': ['spec', 'template'],
  'cronjobs.batch': ['spec', 'jobTemplate', 'spec', 'template'],
};

export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  validate(request) {
    const { operation, kind, subresource } = request;
    if (operation !== 'create' && operation !== 'update') return;
    if (kind.group === '' && kind.resource === 'pods') {
      if (subresource === undefined || !ignored.has(subresource)) checkPod(request);
      return;
    }
    if (subresource !== undefined) return;
    if (kind.group === '' && kind.resource === 'namespaces') return checkNamespace(request);
    const path = templates[`${kind.resource}.${kind.group}`];
    if (path !== undefined) checkTemplate(request, path);
  },
};

function checkPod(request: AdmissionRequest): void {
  const { kind, name, object, before } = request;
  const { enforce, warn } = policyFor(request);
  if (enforce.level === 'privileged' && warn.level === 'privileged') return;
  if (before !== undefined && !isSignificant(object, before)) return;
  const pod = object as unknown as CheckedPod;
  const found = violations(pod, enforce);
  if (found.length > 0) {
    throw forbidden(kind, name, `violates PodSecurity ${JSON.stringify(standardName(enforce))}: ${inDetail(found)}`);
  }
  if (!same(enforce, warn)) warnOf(request, pod, warn);
}

function checkTemplate(request: AdmissionRequest, path: readonly string[]): void {
  const { warn } = policyFor(request);
  if (warn.level === 'privileged') return;
  let value: unknown = request.object;
  for (const key of path) value = (value as Readonly<Record<string, unknown>> | undefined)?.[key];
  const template = value as Template | undefined;
  if (template?.spec !== undefined) warnOf(request, { metadata: template.metadata ?? {}, spec: template.spec }, warn);
}

function warnOf({ context }: AdmissionRequest, pod: CheckedPod, standard: Standard): void {
  const found = violations(pod, standard);
  if (found.length === 0) return;
  context.warn(`would violate PodSecurity ${JSON.stringify(standardName(standard))}: ${inDetail(found)}`);
}

function checkNamespace({ kind, name, object, before, world, context }: AdmissionRequest): void {
  const { policy, errors } = policyOf(object.metadata.labels);
  const was = policyOf(before?.metadata.labels);
  if (errors.length > 0 && JSON.stringify(errors) !== JSON.stringify(was.errors)) throw invalid(kind, name, errors);
  if (before === undefined || policy.enforce.level === 'privileged' || same(policy.enforce, was.policy.enforce)) return;
  const { enforce } = policy;
  if (enforce.version === was.policy.enforce.version && !stricter(enforce, was.policy.enforce)) return;
  const pods = world.list(resources.pods, { namespace: name });
  const checked = pods.slice(0, podsMax);
  const names = new Map<string, string[]>();
  for (const pod of checked) {
    const brief = inBrief(violations(pod as unknown as CheckedPod, enforce));
    if (brief !== '') names.set(brief, [...(names.get(brief) ?? []), pod.metadata.name]);
  }
  if (checked.length < pods.length) {
    const [some, all] = [checked.length, pods.length];
    context.warn(`new PodSecurity enforce level only checked against the first ${some} of ${all} existing pods`);
  }
  if (names.size === 0) return;
  const what = `${JSON.stringify(name)} violate the new PodSecurity enforce level ${JSON.stringify(standardName(enforce))}`;
  context.warn(`existing pods in namespace ${what}`);
  for (const text of [...names].map(([brief, list]) => `${someOf(list)}: ${brief}`).sort()) context.warn(text);
}

/** `a`, `a (and 1 other pod)`, `a (and 2 other pods)`. */
function someOf(names: readonly string[]): string {
  const [first = ''] = [...names].sort();
  const others = names.length - 1;
  return others === 0 ? first : `${first} (and ${others} other pod${others === 1 ? '' : 's'})`;
}

function policyFor({ world, namespace }: AdmissionRequest): Policy {
  const { labels } = world.get(resources.namespaces, { name: namespace })?.metadata ?? {};
  if (labels === undefined) return policyOf(undefined).policy;
  let policy = policies.get(labels);
  if (policy === undefined) {
    policy = policyOf(labels).policy;
    policies.set(labels, policy);
  }
  return policy;
}

/** Labels of a version never change: what they mean is found out once, and not for every pod. */
const policies = new WeakMap<Labels, Policy>();

/** Of what a pod may change, images and added containers are what the standards look at. */
function isSignificant(object: AnyObject, before: AnyObject): boolean {
  const [spec, was] = [object.spec as CheckedSpec, before.spec as CheckedSpec];
  return (
    changed(spec.containers, was.containers) ||
    changed(spec.initContainers, was.initContainers) ||
    changed(spec.ephemeralContainers, was.ephemeralContainers)
  );
}

function changed(next: readonly CheckedContainer[] = [], before: readonly CheckedContainer[] = []): boolean {
  return next.length !== before.length || next.some(({ image }, index) => image !== before[index]?.image);
}
