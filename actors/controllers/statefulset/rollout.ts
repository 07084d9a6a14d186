// Which revision of a stateful set's template is being rolled out and which one was last, and what has to be written
// before that is settled. A template that was there before is the same revision again, with the next number.

import type { ControllerRevision, StatefulSet } from '../../../streams/resources/workload.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { fnv1Name } from '../../kit/stable-hash.ts';
import {
  claimedRevisions,
  holdsData,
  nextNumber,
  type RevisionData,
  renumbered,
  revisionData,
  type Settling,
  snapshot,
} from '../history/revisions.ts';

export type Rollout = Settling<{
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  /** All there are, oldest first. */
  readonly revisions: readonly ControllerRevision[];
}>;

const hashLabel = 'controller.kubernetes.io/hash';

export function rolloutOf(world: ObjectReader, set: StatefulSet): Rollout {
  const { owned: revisions, claims } = claimedRevisions(world, set);
  const collisionCount = set.status?.collisionCount ?? 0;
  const data = revisionData(set);
  const equal = revisions.findLast((revision) => holdsData(revision, data));
  const latest = revisions.at(-1);
  const settled = (update: ControllerRevision): Rollout => {
    const current = revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
    return { kind: 'settled', current, update, revisions, claims };
  };
  if (equal !== undefined && equal === latest) return settled(equal);
  const number = nextNumber(revisions);
  if (equal !== undefined) return { kind: 'unsettled', writes: [renumbered(equal, number)], collisionCount, claims };
  const found = snapshot(world, set, { number, collisionCount, hashLabel, hashOf });
  if (found.kind === 'there') return settled(found.revision);
  return { kind: 'unsettled', writes: [found.write], collisionCount: found.collisionCount, claims };
}

/** As Kubernetes' own: over the data's JSON as Go prints it, and the count. */
function hashOf(data: RevisionData, collisionCount: number): string {
  const json = JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return fnv1Name(`${json}${collisionCount}`);
}
