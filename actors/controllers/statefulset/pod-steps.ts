// What is to be done next about a stateful set's pods: make those that are missing from the first ordinal up, take away
// those beyond the range from the last one down, and then, from the last one down, those of an older template.
// Invariant, under OrderedReady: nothing is done about a pod before all pods below it are running, ready and available.

import type { KubeObject } from '../../../streams/resources/meta.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { ControllerRevision, StatefulSet } from '../../../streams/resources/workload.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { FailedWrite } from '../../kit/controller.ts';
import { portionOf } from '../../kit/int-or-percent.ts';
import { isPodAvailable, isPodReady, isPodTerminal } from '../../pod/pod-conditions.ts';
import { templateOf } from '../history/revisions.ts';
import { firstOrdinal, ordinalOf, podNameOf, type Ranks, type Slot, wantedReplicas } from './ordinals.ts';
import { newStatefulPod, podRevision, type Version, withIdentity } from './stateful-pod.ts';
import {
  amendments,
  claimCreations,
  conflictingController,
  creation,
  deletion,
  onward,
  refusal,
  type Steps,
  together,
  waiting,
} from './steps.ts';
import { claimsOf, hasOtherController, isStaleClaim, retainedBy } from './volume-claims.ts';

/** Pods that are looked after at one go where their order does not matter. */
const burstMax = 500;

export type PodWork = Ranks & {
  readonly world: ObjectReader;
  readonly set: StatefulSet;
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly failures: readonly FailedWrite[];
  readonly nowMs: number;
};

export function podSteps(work: PodWork): Steps {
  for (const phase of [fill, retain, scaleDown, rollOut]) {
    const steps = phase(work);
    if (steps.writes.length > 0 || steps.notes.length > 0 || (steps.waits && isOrdered(work.set))) return steps;
  }
  return onward;
}

function isOrdered({ spec }: StatefulSet): boolean {
  return spec.podManagementPolicy !== 'Parallel';
}

/** Every wanted pod is there and as it should be. */
function fill(work: PodWork): Steps {
  const ordered = isOrdered(work.set);
  // After a refusal one pod tries the ground, lest hundreds be refused for the same reason.
  const most = work.failures.some(({ write }) => write.kind === 'create') ? 1 : burstMax;
  const done: Steps[] = [];
  let writes = 0;
  for (const slot of work.slots) {
    const steps = slotSteps(work, slot);
    done.push(steps);
    writes += steps.writes.length;
    if ((ordered && steps.waits) || writes >= most) break;
  }
  return together(done);
}

function slotSteps(work: PodWork, { ordinal, pod }: Slot): Steps {
  const { world, set } = work;
  if (pod === undefined) return newPodSteps(work, ordinal);
  // It is to run for ever: whatever it ended with, it is made anew once it is gone.
  if (isPodTerminal(pod)) return isGoing(pod) ? waiting : deletion(set, pod);
  const claims = claimsOf(world, set, ordinal);
  if (pod.status?.phase === 'Pending') {
    if (claims.missing.length > 0) return claimCreations(set, pod.metadata.name, claims.missing);
    const owned = retained(set, pod, claims.there);
    if (owned.writes.length > 0) return { ...owned, waits: true };
  }
  if (isGoing(pod) || !isUp(work, pod)) return waiting;
  const identified = withIdentity(set, ordinal, pod);
  if (identified === pod) return retained(set, pod, claims.there);
  if (claims.missing.length > 0) return claimCreations(set, pod.metadata.name, claims.missing);
  return together([amendments(set, pod, [identified]), retained(set, pod, claims.there)]);
}

function newPodSteps({ world, set, current, update }: PodWork, ordinal: number): Steps {
  const name = podNameOf(set, ordinal);
  const { there, missing } = claimsOf(world, set, ordinal);
  if (there.some((claim) => isStaleClaim(set, ordinal, claim))) return waiting;
  const going = there.find(isGoing);
  if (going !== undefined) return refusal(set, name, `pvc ${going.metadata.name} is being deleted`);
  if (missing.length > 0) return claimCreations(set, name, missing);
  const revision = isCurrentVersion(set, ordinal) ? current : update;
  const version: Version = { template: templateOf(revision) ?? set.spec.template, revision: revision.metadata.name };
  return creation(set, newStatefulPod(set, ordinal, version));
}

/** Below the partition pods are made from the template that was rolled out last. */
function isCurrentVersion(set: StatefulSet, ordinal: number): boolean {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  if (rollingUpdate !== undefined) return ordinal < firstOrdinal(set) + (rollingUpdate.partition ?? 0);
  return type === 'RollingUpdate' && ordinal < firstOrdinal(set) + (set.status?.currentReplicas ?? 0);
}

/** The claims of pods that go away are to know who they belong to before the pods are gone. */
function retain({ world, set, condemned }: PodWork): Steps {
  return together(
    condemned.map((pod) => {
      const ordinal = ordinalOf(set, pod.metadata.name);
      return ordinal === undefined ? onward : retained(set, pod, claimsOf(world, set, ordinal).there);
    }),
  );
}

function retained(set: StatefulSet, pod: Pod, claims: readonly KubeObject[]): Steps {
  const changed = claims.flatMap((claim) => {
    const ownerReferences = retainedBy(set, pod, claim);
    return ownerReferences === undefined ? [] : [{ ...claim, metadata: { ...claim.metadata, ownerReferences } }];
  });
  const steps = amendments(set, pod, changed);
  const conflicts = changed
    .filter((claim) => hasOtherController(set, pod, claim))
    .map(({ metadata: { name } }) => conflictingController(set, name));
  return { ...steps, notes: [...steps.notes, ...conflicts] };
}

function scaleDown(work: PodWork): Steps {
  const { set, condemned } = work;
  if (!isOrdered(set)) {
    const staying = condemned.filter((pod) => !isGoing(pod)).slice(0, burstMax);
    return together(staying.map((pod) => deletion(set, pod)));
  }
  const last = condemned[0];
  if (last === undefined) return onward;
  if (isGoing(last)) return waiting;
  // All wanted pods are up here; a pod that is not up may go only if it is the lowest such one.
  const lowestDown = condemned.findLast((pod) => !isUp(work, pod) || isGoing(pod));
  return isUp(work, last) || last === lowestDown ? deletion(set, last) : waiting;
}

function rollOut(work: PodWork): Steps {
  const { set, slots, update } = work;
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type === 'OnDelete') return onward;
  const isOld = (pod: Pod) => podRevision(pod) !== update.metadata.name && !isGoing(pod);
  const targets = slots.slice(rollingUpdate?.partition ?? 0).toReversed();
  const maxUnavailable = rollingUpdate?.maxUnavailable;
  if (maxUnavailable === undefined) {
    for (const { pod } of targets) {
      if (pod !== undefined && isOld(pod)) return deletion(set, pod);
      if (isDown(work, pod)) return waiting;
    }
    return onward;
  }
  const most = Math.max(1, portionOf(maxUnavailable, wantedReplicas(set), Math.floor));
  const room = most - slots.filter(({ pod }) => isDown(work, pod)).length;
  const old = targets.flatMap(({ pod }) => (pod !== undefined && isOld(pod) ? [pod] : []));
  return together(old.slice(0, Math.max(0, room)).map((pod) => deletion(set, pod)));
}

function isUp({ set, nowMs }: PodWork, pod: Pod): boolean {
  const { minReadySeconds } = set.spec;
  return pod.status?.phase === 'Running' && isPodReady(pod) && isPodAvailable(pod, { minReadySeconds, nowMs });
}

/** Not available, or not for long. */
function isDown({ set, nowMs }: PodWork, pod: Pod | undefined): boolean {
  if (pod === undefined || isGoing(pod)) return true;
  return !isPodAvailable(pod, { minReadySeconds: set.spec.minReadySeconds, nowMs });
}

function isGoing({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}
