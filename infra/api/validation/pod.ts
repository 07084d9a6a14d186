// What makes a pod, or a template of pods, invalid: field paths and texts as upstream's. The spec's own rules are one
// list (pod-spec.ts); here stands what only a pod or only a template has.

import type { Pod } from '../../../streams/resources/pod.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { annotations as annotationKeys, labels, localPath } from './formats.ts';
import type { CheckedSpec } from './pod-scope.ts';
import { podSpec } from './pod-spec.ts';

type Texts = Readonly<Record<string, string>>;
type CheckedPod = Pick<Pod, 'metadata'> & { readonly spec?: CheckedSpec };

const mirror = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmor = 'container.apparmor.security.beta.kubernetes.io/';

/** A pod as it would be stored, new or changed. */
export const pod: Rule<CheckedPod> = ({ metadata, spec }, check) => {
  check.enter('metadata');
  if (metadata.annotations !== undefined && spec !== undefined) podAnnotations(metadata.annotations, spec, check);
  check.leave();
  if (isAbsent(spec)) {
    check.required('', '.spec');
    return;
  }
  check.enter('spec');
  podSpec(spec, check, { podName: metadata.name, annotations: metadata.annotations });
  if (isAbsent(spec.serviceAccountName)) tokensWithoutAccount(spec, check);
  check.leave();
};

/** What may not stand in a pod from the start. */
export const newPod: Rule<CheckedPod> = (object, check) => {
  pod(object, check);
  const { spec } = object;
  if (spec === undefined) return;
  if (!isAbsent(spec.ephemeralContainers)) check.forbidden('cannot be set on create', '.spec.ephemeralContainers');
  if (!isAbsent(spec.nodeName) && !isAbsent(spec.schedulingGates))
    check.forbidden('cannot be set until all schedulingGates have been cleared', '.spec.nodeName');
};

export type Template = {
  readonly metadata?: { readonly labels?: Texts; readonly annotations?: Texts };
  readonly spec?: CheckedSpec;
};

/** A template of pods, at the current path. Problems of its labels stand there without `metadata`, as upstream's. */
export const podTemplate: Rule<Template> = ({ metadata, spec }, check) => {
  const { labels: given, annotations } = metadata ?? noMetadata;
  if (!isAbsent(given)) {
    check.enter('labels');
    labels(given, check);
    check.leave();
  }
  if (!isAbsent(annotations)) {
    check.enter('annotations');
    annotationKeys(annotations, check);
    check.leave();
    podAnnotations(annotations, spec ?? noSpec, check);
  }
  check.enter('spec');
  podSpec(spec ?? noSpec, check);
  if (!isAbsent(spec?.ephemeralContainers))
    check.forbidden('ephemeral containers not allowed in pod template', '.ephemeralContainers');
  check.leave();
};

const noSpec: CheckedSpec = { containers: [] };
const noMetadata: NonNullable<Template['metadata']> = {};

/** Annotations that mean something to the kubelet or the controllers. */
export function podAnnotations(annotations: Texts, spec: CheckedSpec, check: Check): void {
  check.enter('annotations');
  for (const key in annotations) {
    const value = annotations[key] ?? '';
    if (key === mirror && isAbsent(spec.nodeName))
      check.invalid(value, 'must set spec.nodeName if mirror pod annotation is set', `[${key}]`);
    else if (key === deletionCost) {
      if (!isInt32(value)) check.invalid(value, 'must be a 32bit integer', `[${key}]`);
    } else if (key === seccompPod || key.startsWith(seccompContainer)) seccomp(value, key, check);
    else if (key.startsWith(appArmor)) appArmorAnnotation(value, { key, spec }, check);
  }
  check.leave();
}

function isInt32(text: string): boolean {
  return /^(0|[+-]?[1-9][0-9]*)$/.test(text) && !text.startsWith('+') && Math.abs(Number(text)) <= 2_147_483_647;
}

function seccomp(value: string, key: string, check: Check): void {
  if (value === 'runtime/default' || value === 'docker/default' || value === 'unconfined') return;
  check.enter(key);
  if (value.startsWith('localhost/')) localPath(value.slice('localhost/'.length), check);
  else check.invalid(value, 'must be a valid seccomp profile');
  check.leave();
}

function appArmorAnnotation(value: string, { key, spec }: { key: string; spec: CheckedSpec }, check: Check): void {
  const name = key.slice(appArmor.length);
  const all = [spec.containers, spec.initContainers, spec.ephemeralContainers].flatMap((list) => list ?? []);
  if (!all.some((container) => (container as { readonly name?: string }).name === name))
    check.invalid(name, 'container not found', `[${key}]`);
  const known = value === '' || value === 'runtime/default' || value === 'unconfined' || value.startsWith('localhost/');
  if (!known) check.invalid(value, `invalid AppArmor profile name: ${JSON.stringify(value)}`, `[${key}]`);
}

type Projected = { readonly sources?: readonly { readonly serviceAccountToken?: object }[] };

function tokensWithoutAccount({ volumes }: CheckedSpec, check: Check): void {
  if (isAbsent(volumes)) return;
  for (const [i, volume] of volumes.entries()) {
    for (const [j, source] of ((volume.projected as Projected | undefined)?.sources ?? []).entries()) {
      if (isAbsent(source?.serviceAccountToken)) continue;
      const sub = `.volumes[${i}].projected.sources[${j}].serviceAccountToken`;
      check.forbidden('must not be specified when serviceAccountName is not set', sub);
    }
  }
}
