// The annotations by which a deployment's replica sets are its history: revision numbers, which `kubectl rollout
// history` and `undo` read, and the sizes that proportional scaling starts from.

import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Deployment, ReplicaSet } from '../../streams/resources/workload.ts';

export const annotations = {
  revision: 'deployment.kubernetes.io/revision',
  revisionHistory: 'deployment.kubernetes.io/revision-history',
  desiredReplicas: 'deployment.kubernetes.io/desired-replicas',
  maxReplicas: 'deployment.kubernetes.io/max-replicas',
  /** A revision to go back to, asked for in the way of the API's first versions; 0 is the last but one. */
  rollbackTo: 'deprecated.deployment.rollback.to',
} as const;

/** Of the deployment alone: not copied to its replica sets. */
const notCopied: ReadonlySet<string> = new Set([
  ...Object.values(annotations),
  'kubectl.kubernetes.io/last-applied-configuration',
]);

const historyCharsMax = 2_000;

export type Annotations = Readonly<Record<string, string>>;

export function revisionOf(object: KubeObject): number {
  const revision = Number.parseInt(object.metadata.annotations?.[annotations.revision] ?? '', 10);
  return Number.isNaN(revision) ? 0 : revision;
}

export function nextRevision(oldSets: readonly ReplicaSet[]): number {
  return Math.max(0, ...oldSets.map(revisionOf)) + 1;
}

/** Whether the annotation is the deployment's alone. */
export function isOwnAnnotation(name: string): boolean {
  return notCopied.has(name);
}

/** Annotations of the newest replica set: the deployment's own, and the newest revision. */
export function newSetAnnotations(
  deployment: Deployment,
  { current = {}, revision }: { current?: Annotations | undefined; revision: number },
): Annotations {
  const next: Record<string, string> = { ...current };
  const own = deployment.metadata.annotations ?? {};
  for (const name in own) if (!notCopied.has(name)) next[name] = own[name] ?? '';
  const before = current[annotations.revision];
  const beforeNumber = Number.parseInt(before ?? '', 10);
  if (Number.isNaN(beforeNumber) || beforeNumber < revision) {
    next[annotations.revision] = String(revision);
    if (before !== undefined) next[annotations.revisionHistory] = history(current, before);
  }
  return next;
}

/** Older revisions of the same template, the oldest dropped first. */
function history(current: Annotations, before: string): string {
  const past = (current[annotations.revisionHistory] ?? '').split(',').filter((revision) => revision !== '');
  past.push(before);
  while (past.length > 1 && past.join(',').length > historyCharsMax) past.shift();
  return past.join(',');
}

export function sizeAnnotations({ replicas, maxSurge }: { replicas: number; maxSurge: number }): Annotations {
  return { [annotations.desiredReplicas]: String(replicas), [annotations.maxReplicas]: String(replicas + maxSurge) };
}

export function annotatedNumber(object: KubeObject, name: string): number | undefined {
  const number = Number.parseInt(object.metadata.annotations?.[name] ?? '', 10);
  return Number.isNaN(number) ? undefined : number;
}

export function sameAnnotations(a: Annotations = {}, b: Annotations = {}): boolean {
  for (const name in a) if (a[name] !== b[name]) return false;
  for (const name in b) if (!(name in a)) return false;
  return true;
}
