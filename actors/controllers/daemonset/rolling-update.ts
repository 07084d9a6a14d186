// How a daemon set's pods come to a new template. Without surge old pods are taken away first, so many at a time as may
// be unavailable; with surge a new pod starts beside the old one, which goes once the new one is available. Pods that are
// not available anyway are replaced at once.

import type { Pod } from '../../../streams/resources/pod.ts';
import type { DaemonSet } from '../../../streams/resources/workload.ts';
import { portionOf } from '../../kit/int-or-percent.ts';
import { type Daemons, isAvailable, isGoing, isOfHash, type Place } from './daemons.ts';

/** What is to become of the places. */
export type Moves = { readonly start: readonly string[]; readonly remove: readonly Pod[] };

export function rollingUpdate(daemons: Daemons): Moves {
  const { set, places } = daemons;
  if ((set.spec.updateStrategy?.type ?? 'RollingUpdate') !== 'RollingUpdate') return { start: [], remove: [] };
  const wanted = places.filter(({ fit }) => fit.runs).length;
  const surge = surgeOf(set, wanted);
  if (surge > 0) return surging(daemons, { surge, wanted });
  const unavailable = unavailableOf(set, wanted);
  return { start: [], remove: replacing(daemons, wanted > 0 && unavailable === 0 ? 1 : unavailable) };
}

/** Whether two pods of the set may stand on a node at a time. */
export function allowsSurge(set: DaemonSet): boolean {
  return surgeOf(set, 1) > 0;
}

function surgeOf({ spec: { updateStrategy } }: DaemonSet, of: number): number {
  if ((updateStrategy?.type ?? 'RollingUpdate') !== 'RollingUpdate') return 0;
  return portionOf(updateStrategy?.rollingUpdate?.maxSurge ?? 0, of, Math.ceil);
}

function unavailableOf({ spec: { updateStrategy } }: DaemonSet, of: number): number {
  return portionOf(updateStrategy?.rollingUpdate?.maxUnavailable ?? 0, of, Math.ceil);
}

/** The pods to delete, so that no more than `most` places are without an available pod. */
function replacing(daemons: Daemons, most: number): readonly Pod[] {
  const [useless, candidates]: [Pod[], Pod[]] = [[], []];
  let unavailable = 0;
  for (const place of daemons.places) {
    if (!counts(place)) continue;
    const pair = pairOf(daemons, place);
    const only =
      pair === undefined || (pair.old !== undefined && pair.fresh !== undefined) ? undefined : (pair.old ?? pair.fresh);
    if (only === undefined) unavailable++;
    else if (!isAvailable(daemons, only)) {
      unavailable++;
      if (only === pair?.old) useless.push(only);
    } else if (only === pair?.old) candidates.push(only);
  }
  return [...useless, ...candidates.slice(0, Math.max(0, most - unavailable))];
}

function surging(daemons: Daemons, { surge, wanted }: { surge: number; wanted: number }): Moves {
  const [start, remove]: [string[], Pod[]] = [[], []];
  const [candidates, misplaced]: [string[], Pod[]] = [[], []];
  let [surged, available] = [0, 0];
  for (const place of daemons.places) {
    if (!counts(place)) continue;
    const pair = pairOf(daemons, place);
    if (pair === undefined) {
      surged++;
      continue;
    }
    const { old, fresh } = pair;
    const oldest = old ?? fresh;
    const isUp = oldest !== undefined && isAvailable(daemons, oldest);
    if (isUp) available++;
    if (old === undefined) continue;
    if (fresh !== undefined) {
      if (isAvailable(daemons, fresh)) remove.push(old);
      else surged++;
    } else if (!place.fit.runs) (isUp ? misplaced : remove).push(old);
    else (isUp ? candidates : start).push(place.node);
  }
  // Pods on nodes that are to run none go once the others suffice.
  remove.push(...misplaced.slice(0, Math.max(0, available - wanted)));
  return { start: [...start, ...candidates.slice(0, Math.max(0, surge - surged))], remove };
}

/** A node that is to run a pod, or has one. */
function counts({ fit, pods }: Place): boolean {
  return fit.runs || pods.length > 0;
}

type Pair = { readonly old: Pod | undefined; readonly fresh: Pod | undefined };

/** The pods of a place that stay; undefined where there are more of them than can be told apart. */
function pairOf(daemons: Daemons, { pods }: Place): Pair | undefined {
  let [old, fresh]: [Pod | undefined, Pod | undefined] = [undefined, undefined];
  for (const pod of pods) {
    if (isGoing(pod)) continue;
    if (isOfHash(daemons, pod)) {
      if (fresh !== undefined) return undefined;
      fresh = pod;
    } else {
      if (old !== undefined) return undefined;
      old = pod;
    }
  }
  return { old, fresh };
}
