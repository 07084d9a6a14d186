// Which revision is a daemon set's present template, and what has to be written before that is settled: a revision of
// a template that is new, the next number for one that is back, one revision where there are several of the same.

import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { ControllerRevision, DaemonSet } from '../../../streams/resources/workload.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { DeleteWrite, UpdateWrite, Write } from '../../kit/write.ts';
import {
  claimedRevisions,
  holdsData,
  nextNumber,
  renumbered,
  revisionData,
  revisionDeletions,
  revisionLabel,
  revisionUpdate,
  type Settling,
  snapshot,
} from '../history/revisions.ts';
import { podTemplateHash } from '../pod-template-hash.ts';

export type History = Settling<{
  /** On pods of the present template. */
  readonly hash: string;
  /** Of other templates, oldest first. */
  readonly old: readonly ControllerRevision[];
}>;

export function historyOf(world: ObjectReader, set: DaemonSet, pods: readonly Pod[]): History {
  const { owned: revisions, claims } = claimedRevisions(world, set);
  const collisionCount = set.status?.collisionCount ?? 0;
  const unsettled = (writes: readonly Write[], collisions = collisionCount): History => {
    return { kind: 'unsettled', writes, collisionCount: collisions, claims };
  };
  const unlabelled = revisions.filter(({ metadata }) => metadata.labels?.[revisionLabel] === undefined);
  if (unlabelled.length > 0) return unsettled(unlabelled.map(labelled));
  const data = revisionData(set);
  const present = revisions.filter((revision) => holdsData(revision, data));
  const old = revisions.filter((revision) => !present.includes(revision));
  const number = nextNumber(old);
  const current = present.at(-1);
  if (current === undefined) {
    const hashOf = (_: unknown, collisions: number) => podTemplateHash(set.spec.template, collisions);
    const found = snapshot(world, set, { number, collisionCount, hashLabel: revisionLabel, hashOf });
    if (found.kind === 'missing') return unsettled([found.write], found.collisionCount);
    return { kind: 'settled', hash: hashLabelOf(found.revision), old, claims };
  }
  const duplicates = deduplicated(current, present.slice(0, -1), pods);
  if (duplicates.length > 0) return unsettled(duplicates);
  if (current.revision < number) return unsettled([renumbered(current, number)]);
  return { kind: 'settled', hash: hashLabelOf(current), old, claims };
}

/** Revisions beyond the limit that no pod has any more, the oldest first. */
export function outdated({ spec }: DaemonSet, pods: readonly Pod[], old: readonly ControllerRevision[]): DeleteWrite[] {
  const excess = old.length - (spec.revisionHistoryLimit ?? 10);
  if (excess <= 0) return [];
  const live = new Set(pods.map(({ metadata }) => metadata.labels?.[revisionLabel]));
  return revisionDeletions(old.filter((revision) => !live.has(hashLabelOf(revision))).slice(0, excess));
}

function hashLabelOf({ metadata: { labels, name } }: ControllerRevision): string {
  return labels?.[revisionLabel] ?? name;
}

function labelled(revision: ControllerRevision): UpdateWrite {
  const { metadata } = revision;
  const labels = { ...metadata.labels, [revisionLabel]: metadata.name };
  return revisionUpdate({ ...revision, metadata: { ...metadata, labels } });
}

/** The newest one stays; pods of the others become its own before those go. */
function deduplicated(kept: ControllerRevision, others: readonly ControllerRevision[], pods: readonly Pod[]): Write[] {
  if (others.length === 0) return [];
  const hash = hashLabelOf(kept);
  const given = new Set(others.map(hashLabelOf));
  given.delete(hash);
  const moved = pods.filter(({ metadata }) => given.has(metadata.labels?.[revisionLabel] ?? ''));
  if (moved.length === 0) return revisionDeletions(others);
  return moved.map(({ metadata, ...pod }) => {
    const object: Pod = { ...pod, metadata: { ...metadata, labels: { ...metadata.labels, [revisionLabel]: hash } } };
    return { kind: 'update', resource: resources.pods, object };
  });
}
