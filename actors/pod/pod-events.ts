// What to call a step in a pod's life: the candidate names, the most telling first. The pod machine takes the first
// that is lawful, so a name is chosen here only for what it tells people who read `shiplog events`.

import type { Condition } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { findCondition, holds } from '../kit/conditions.ts';
import type { Step } from '../kit/lifecycle.ts';
import { sameJson } from '../kit/same-json.ts';
import { containerTransitions } from './container-machine.ts';

export function* podEvents({ before, after, from, to }: Step): Generator<string> {
  if (to === null || after === undefined) return yield 'pod.deleted';
  if (from === null || before === undefined) {
    yield 'pod.created';
    return yield 'pod.createdOnNode';
  }
  const step = { before: before as Pod, after: after as Pod };
  const deleting = before.metadata.deletionTimestamp === undefined && after.metadata.deletionTimestamp !== undefined;
  if (deleting) return yield* deletionNames(step.after);
  if (from === to) yield* newsNames(step);
  else yield* moveNames(step, { from, to });
}

type PodStep = { readonly before: Pod; readonly after: Pod };

function* deletionNames(after: Pod): Generator<string> {
  const disruption = condition(after, 'DisruptionTarget');
  if (disruption?.status === 'True') {
    yield disruption.reason === 'PreemptionByScheduler' ? 'pod.preempted' : 'pod.evicted';
  }
  yield 'pod.deletionRequested';
}

function* moveNames(step: PodStep, { from, to }: { from: string; to: string }): Generator<string> {
  switch (to) {
    case 'Pending.Scheduled':
      return yield 'pod.scheduled';
    case 'Pending.Starting':
      return yield from.startsWith('Running.') ? 'pod.restarting' : 'pod.starting';
    case 'Running.NotReady':
      if (from === 'Running.Ready') yield* containerNames(step);
      return yield from === 'Running.Ready' ? 'pod.unready' : 'pod.started';
    case 'Running.Ready':
      if (restarts(step.after) > restarts(step.before)) yield 'pod.recovered';
      return yield 'pod.ready';
    case 'Succeeded':
      return yield 'pod.succeeded';
    case 'Failed':
      if (from === 'Pending.Scheduled' && step.after.status?.reason !== undefined) yield 'pod.rejected';
      return yield 'pod.failed';
    case 'Terminating.Pending':
      return yield 'pod.restarting';
    case 'Terminating.Running':
      return yield 'pod.started';
    case 'Terminating.Finished':
      return yield 'pod.stopped';
    default:
      yield 'pod.statusUpdated';
  }
}

/** What happened to a pod that stays where it is. */
function* newsNames(step: PodStep): Generator<string> {
  const { before, after } = step;
  if (sameJson(before.status, after.status)) return yield 'pod.updated';
  const scheduled = condition(after, 'PodScheduled');
  if (scheduled?.status === 'False' && !sameJson(scheduled, condition(before, 'PodScheduled'))) {
    yield scheduled.reason === 'SchedulingGated' ? 'pod.schedulingGated' : 'pod.unschedulable';
  }
  if (turnedTrue(step, 'DisruptionTarget')) yield 'pod.disruptionTargeted';
  yield* containerNames(step);
  if (turnedTrue(step, 'Initialized')) yield 'pod.initialized';
  if (turnedTrue(step, 'Ready')) yield 'pod.ready';
  if (turnedTrue({ before: after, after: before }, 'Ready')) yield 'pod.unready';
  if (after.status?.nominatedNodeName !== undefined && !sameNomination(step)) yield 'pod.nominated';
  yield 'pod.statusUpdated';
}

/** Container event → pod event, the worst news first. */
const containerNews = [
  ['container.crashed', 'pod.crashed'],
  ['container.exited', 'pod.containerExited'],
  ['container.backedOff', 'pod.backedOff'],
  ['container.imagePullFailed', 'pod.imagePullFailed'],
  ['container.imagePullBackedOff', 'pod.imagePullBackedOff'],
  ['container.restarted', 'pod.restarted'],
  ['container.imagePulled', 'pod.imagePulled'],
  ['container.started', 'pod.containerStarted'],
] as const;

function* containerNames({ before, after }: PodStep): Generator<string> {
  const transitions = containerTransitions(before, after);
  if (transitions.length === 0) return;
  for (const [news, name] of containerNews) if (transitions.some(({ type }) => type === news)) yield name;
}

function restarts({ status }: Pod): number {
  let sum = 0;
  for (const { restartCount } of status?.containerStatuses ?? []) sum += restartCount ?? 0;
  return sum;
}

function turnedTrue({ before, after }: PodStep, type: string): boolean {
  return holds(after.status?.conditions, type) && !holds(before.status?.conditions, type);
}

function sameNomination({ before, after }: PodStep): boolean {
  return before.status?.nominatedNodeName === after.status?.nominatedNodeName;
}

function condition(pod: Pod, type: string): Condition | undefined {
  return findCondition(pod.status?.conditions, type);
}
