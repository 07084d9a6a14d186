// What of a pod may change. Of its spec: images, deadlines that come closer, tolerations that are added, gates that
// open, and where a gated pod may go; ephemeral containers and resources by their own endpoints alone.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Container, NodeSelectorTerm, PodSpec } from '../../../streams/resources/pod.ts';
import { equal } from '../registry/equal.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { paddedImage } from './containers.ts';
import { pod, podAnnotations } from './pod.ts';
import type { CheckedSpec } from './pod-scope.ts';
import { type Json, sameValue } from './rules.ts';
import { unifiedDiff } from './unified-diff.ts';

const changeable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
const mirror = 'kubernetes.io/config.mirror';
const appArmor = 'container.apparmor.security.beta.kubernetes.io/';

/** An update of the pod itself. */
export const podUpdate: Rule<AnyObject> = (next, check, before) => {
  if (before === undefined) return;
  // A pod whose spec stays was valid when it came: only its annotations can be news.
  if (equal(next.spec, before.spec)) {
    check.enter('metadata');
    if (next.metadata.annotations !== undefined)
      podAnnotations(next.metadata.annotations, next.spec as CheckedSpec, check);
    check.leave();
  } else pod(next as never, check);
  fixedAnnotations(next, before, check);
  check.enter('spec');
  specChange(next.spec as PodSpec, before.spec as PodSpec, check);
  check.leave();
};

/** Annotations of the kubelet's own. */
export function fixedAnnotations(next: AnyObject, before: AnyObject, check: Check): void {
  const [is, was] = [next.metadata.annotations ?? {}, before.metadata.annotations ?? {}];
  const tell = (key: string, doing: string) => {
    const what = key === mirror ? `${doing} mirror pod annotation` : `${doing} AppArmor annotations`;
    if (key === mirror || key.startsWith(appArmor)) check.forbidden(`may not ${what}`, `.metadata.annotations[${key}]`);
  };
  for (const key in was) if (is[key] !== was[key]) tell(key, 'remove or update');
  for (const key in is) if (!Object.hasOwn(was, key)) tell(key, 'add');
}

function specChange(next: PodSpec, before: PodSpec, check: Check): void {
  if (equal(next, before)) return;
  for (const list of ['containers', 'initContainers'] as const) {
    const items = next[list] ?? [];
    check.enter(list);
    if (items.length !== (before[list] ?? []).length) check.forbidden('pod updates may not add or remove containers');
    else for (const [i, container] of items.entries()) emptyImage(container, i, check);
    check.leave();
    if (items.length !== (before[list] ?? []).length) return;
  }
  if (!deadlineFits(next.activeDeadlineSeconds, before.activeDeadlineSeconds, check)) return;
  tolerationsFit(next, before, check);
  gatesFit(next, before, check);
  let masked = withFieldsOf({ ...next, containers: sameImages(next, before, 'containers') }, before, [
    'activeDeadlineSeconds',
    'tolerations',
    'schedulingGates',
  ]);
  if (next.initContainers) masked = { ...masked, initContainers: sameImages(next, before, 'initContainers') };
  const grace = before.terminationGracePeriodSeconds ?? 0;
  if (grace < 0 && next.terminationGracePeriodSeconds === 1)
    masked = { ...masked, terminationGracePeriodSeconds: grace };
  if ((before.schedulingGates?.length ?? 0) > 0) masked = whereGatedPodsGo(masked, before, check);
  if (!sameSpec(masked, before)) check.forbidden(`${changeable}\n${unifiedDiff(before, masked)}`);
}

function emptyImage(container: Container, i: number, check: Check): void {
  check.enter(i);
  if (isAbsent(container.image)) check.required('', '.image');
  paddedImage(container as never, check);
  check.leave();
}

/** The spec with these fields as they were before. */
export function withFieldsOf<T extends object>(spec: T, before: T, fields: readonly (keyof T)[]): T {
  const masked = { ...spec };
  for (const field of fields) {
    if (before[field] === undefined) delete masked[field];
    else masked[field] = before[field];
  }
  return masked;
}

/** Equal where nothing, an empty list and an empty map are the same. */
export function sameSpec(a: object, b: object): boolean {
  const [left, right] = [a as Json, b as Json];
  for (const key in left) if (!sameValue(left[key], right[key])) return false;
  for (const key in right) if (!Object.hasOwn(left, key) && !sameValue(undefined, right[key])) return false;
  return true;
}

function deadlineFits(is: number | undefined, was: number | undefined, check: Check): boolean {
  if (isAbsent(is)) {
    if (isAbsent(was)) return true;
    check.invalid(null, 'must not update from a positive integer to nil value', '.activeDeadlineSeconds');
    return true;
  }
  if (is < 0 || is > 2_147_483_647)
    check.invalid(is, 'must be between 0 and 2147483647, inclusive', '.activeDeadlineSeconds');
  else if (!isAbsent(was) && was < is)
    check.invalid(is, 'must be less than or equal to previous value', '.activeDeadlineSeconds');
  else return true;
  return false;
}

/** Tolerations stay, but for how long they tolerate. */
function tolerationsFit(next: PodSpec, before: PodSpec, check: Check): void {
  for (const { tolerationSeconds: _, ...old } of before.tolerations ?? []) {
    const kept = (next.tolerations ?? []).some(({ tolerationSeconds: _seconds, ...one }) => equal(one, old));
    if (kept) continue;
    check.forbidden('existing toleration can not be modified except its tolerationSeconds', '.tolerations');
    return;
  }
}

/** Gates open; no new one closes. */
function gatesFit(next: PodSpec, before: PodSpec, check: Check): void {
  const known = new Set((before.schedulingGates ?? []).map(({ name }) => name));
  for (const [i, { name }] of (next.schedulingGates ?? []).entries())
    if (!known.has(name))
      check.forbidden(
        `only deletion is allowed, but found new scheduling gate '${name}'`,
        `.schedulingGates[${i}].name`,
      );
}

/** Where a gated pod may go can only become narrower. */
function whereGatedPodsGo(masked: PodSpec, before: PodSpec, check: Check): PodSpec {
  const selector = masked.nodeSelector ?? {};
  for (const key in before.nodeSelector) {
    if (selector[key] === before.nodeSelector[key]) continue;
    check.invalid(
      masked.nodeSelector ?? null,
      'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      '.nodeSelector',
    );
    break;
  }
  const [is, was] = [masked.affinity?.nodeAffinity, before.affinity?.nodeAffinity];
  if (!sameValue(is, was)) nodeAffinityNarrows(is, was, check);
  const rest = withFieldsOf(masked, before, ['nodeSelector']);
  const affinity = { ...rest.affinity, ...(was && { nodeAffinity: was }) };
  if (was === undefined) delete (affinity as { nodeAffinity?: unknown }).nodeAffinity;
  return Object.keys(affinity).length === 0 && before.affinity === undefined
    ? withFieldsOf(rest, before, ['affinity'])
    : { ...rest, affinity };
}

type NodeAffinity = NonNullable<PodSpec['affinity']>['nodeAffinity'];

function nodeAffinityNarrows(is: NodeAffinity, was: NodeAffinity, check: Check): void {
  const terms = was?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (terms.length === 0) return;
  const now = is?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const sub = '.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  if (now.length !== terms.length) {
    check.invalid(now, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed', sub);
    return;
  }
  for (const [i, term] of terms.entries()) {
    if (!extendsTerm(now[i] ?? {}, term))
      check.invalid(now[i], 'only additions are allowed (no mutations or deletions)', `${sub}[${i}]`);
  }
}

function extendsTerm(now: NodeSelectorTerm, term: NodeSelectorTerm): boolean {
  const empty = isAbsent(term.matchExpressions) && isAbsent(term.matchFields);
  if (empty) return isAbsent(now.matchExpressions) && isAbsent(now.matchFields);
  for (const list of ['matchExpressions', 'matchFields'] as const) {
    const rules = now[list] ?? [];
    if (!(term[list] ?? []).every((rule, i) => equal(rules[i], rule))) return false;
  }
  return true;
}

function sameImages(next: PodSpec, before: PodSpec, list: 'containers' | 'initContainers'): readonly Container[] {
  return (next[list] ?? []).map((container, i) => {
    const old = before[list]?.[i];
    return old === undefined ? container : { ...container, image: old.image };
  });
}
