// One pod for each node that is to run one, whatever its template: pods that are missing are made, pods that have ended
// are replaced (those that failed with back-off), and pods too many or out of place are taken away.

import type { Pod } from '../../../streams/resources/pod.ts';
import type { BackOffs } from '../../kit/back-offs.ts';
import type { PlannedNote } from '../../kit/controller.ts';
import { isPodReady } from '../../pod/pod-conditions.ts';
import { revisionLabel } from '../history/revisions.ts';
import { type Daemons, isAvailable, isGoing, type Place } from './daemons.ts';
import { allowsSurge, type Moves } from './rolling-update.ts';

export type Placement = Moves & {
  readonly notes: readonly PlannedNote[];
  /** When the next failed pod may be replaced. */
  readonly againAfterMs: number | undefined;
};

export function placement(daemons: Daemons, backOffs: BackOffs): Placement {
  const start: string[] = [];
  const remove: Pod[] = [];
  const notes: PlannedNote[] = [];
  let againAfterMs: number | undefined;
  const surges = allowsSurge(daemons.set);
  for (const place of daemons.places) {
    const { node, fit, pods } = place;
    if (!place.exists) {
      // A pod for a node that is gone is never scheduled, and nobody else takes it away.
      remove.push(...pods.filter((pod) => (pod.spec.nodeName ?? '') === '' && !isGoing(pod)));
    } else if (fit.runs && pods.length === 0) start.push(node);
    else if (!fit.stays) remove.push(...pods.filter((pod) => !isGoing(pod)));
    else {
      const ended = endedPods(daemons, place, backOffs);
      remove.push(...ended.remove);
      notes.push(...ended.notes);
      if (ended.waitMs > 0) againAfterMs = Math.min(againAfterMs ?? ended.waitMs, ended.waitMs);
      if (surges && fit.runs && ended.running.length === 0) start.push(node);
      remove.push(...(surges ? beyondPair(daemons, ended.running) : ended.running.slice(1)));
    }
  }
  return { start, remove, notes, againAfterMs };
}

type Ended = {
  readonly running: readonly Pod[];
  readonly remove: readonly Pod[];
  readonly notes: readonly PlannedNote[];
  readonly waitMs: number;
};

function endedPods({ set, nowMs }: Daemons, { node, pods }: Place, backOffs: BackOffs): Ended {
  const running: Pod[] = [];
  const remove: Pod[] = [];
  const notes: PlannedNote[] = [];
  let waitMs = 0;
  const key = `${set.metadata.uid}/${set.status?.observedGeneration ?? 0}/${node}`;
  const told = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    notes.push({ regarding: set, type, reason, message, component: 'daemonset-controller' });
  for (const pod of pods) {
    if (isGoing(pod)) continue;
    const { namespace = '', name } = pod.metadata;
    if (pod.status?.phase === 'Failed') {
      waitMs = backOffs.waitMs(key, nowMs);
      if (waitMs > 0) continue;
      backOffs.tried(key, nowMs);
      const message = `Found failed daemon pod ${namespace}/${name} on node ${node}, will try to kill it`;
      told('Warning', 'FailedDaemonPod', message);
      remove.push(pod);
    } else if (pod.status?.phase === 'Succeeded') {
      const message = `Found succeeded daemon pod ${namespace}/${name} on node ${node}, will try to delete it`;
      told('Normal', 'SucceededDaemonPod', message);
      remove.push(pod);
    } else running.push(pod);
  }
  return { running, remove, notes, waitMs };
}

/**
 * While an update surges, the oldest pod of either template stays, until the old one is not ready or the new one is
 * available.
 */
function beyondPair(daemons: Daemons, running: readonly Pod[]): readonly Pod[] {
  if (running.length <= 1) return [];
  const remove: Pod[] = [];
  let [fresh, old]: [Pod | undefined, Pod | undefined] = [undefined, undefined];
  for (const pod of running) {
    const isFresh = pod.metadata.labels?.[revisionLabel] === daemons.hash;
    if (isFresh && fresh === undefined) fresh = pod;
    else if (!isFresh && old === undefined) old = pod;
    else remove.push(pod);
  }
  if (fresh !== undefined && old !== undefined && (!isPodReady(old) || isAvailable(daemons, fresh))) remove.push(old);
  return remove;
}
