// The lifecycle of a job: whether it runs, is suspended, or is at its end, which comes in two steps. The state is read off
// the conditions the controller reported and the spec.

import { setup } from 'xstate';
import type { Job } from '../../../streams/resources/batch.ts';
import type { KubeObject } from '../../../streams/resources/meta.ts';
import { holds } from '../../kit/conditions.ts';
import { lawfulName } from '../../kit/lawful-name.ts';
import { absent, gone, type Lifecycle, type Step } from '../../kit/lifecycle.ts';
import { sameJson } from '../../kit/same-json.ts';

/** From every state of a living job. */
const always = { 'job.deletionRequested': 'Terminating', 'job.deleted': gone } as const;
/** Changes that leave it where it is. */
const staying = ['job.scaled', 'job.reconfigured', 'job.updated', 'job.progressed', 'job.statusUpdated'];
/** The end is decided, from when on it is final; whoever manages the job may take both steps at once. */
const decided = {
  'job.failureDecided': 'Failing',
  'job.successDecided': 'Succeeding',
  'job.failed': 'Failed',
  'job.completed': 'Complete',
} as const;

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'job',
  initial: absent,
  states: {
    [absent]: { on: { 'job.created': 'Waiting', 'job.createdSuspended': 'Suspended' } },
    /** None of its pods runs: it has just come, or waits before it tries again. */
    Waiting: {
      on: {
        ...always,
        ...decided,
        ...each(staying, 'Waiting'),
        'job.started': 'Running',
        'job.suspended': 'Suspended',
      },
    },
    /** It has pods that have not ended. */
    Running: {
      on: { ...always, ...decided, ...each(staying, 'Running'), 'job.idled': 'Waiting', 'job.suspended': 'Suspended' },
    },
    Suspended: {
      on: {
        ...always,
        ...decided,
        ...each(staying, 'Suspended'),
        'job.resumed': 'Waiting',
        'job.resumedRunning': 'Running',
      },
    },
    /** It has failed; its pods are going, and are being counted. */
    Failing: { on: { ...always, ...each(staying, 'Failing'), 'job.failed': 'Failed' } },
    /** It has succeeded; its pods are going, and are being counted. */
    Succeeding: { on: { ...always, ...each(staying, 'Succeeding'), 'job.completed': 'Complete' } },
    Failed: { on: { ...always, ...each(staying, 'Failed') } },
    Complete: { on: { ...always, ...each(staying, 'Complete') } },
    Terminating: { on: { ...each(staying, 'Terminating'), 'job.deleted': gone } },
    [gone]: { type: 'final' },
  },
});

export const jobLifecycle: Lifecycle = {
  machine,
  stateOf,
  eventOf: (step) => lawfulName(machine, step, candidates(step)),
};

function stateOf(object: KubeObject): string {
  const { metadata, spec, status } = object as Job;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const conditions = status?.conditions;
  if (holds(conditions, 'Failed')) return 'Failed';
  if (holds(conditions, 'Complete')) return 'Complete';
  if (holds(conditions, 'FailureTarget')) return 'Failing';
  if (holds(conditions, 'SuccessCriteriaMet')) return 'Succeeding';
  if (spec?.suspend === true) return 'Suspended';
  return (status?.active ?? 0) > 0 ? 'Running' : 'Waiting';
}

/** By the state that is reached. */
const reached: Readonly<Record<string, string>> = {
  Failed: 'job.failed',
  Complete: 'job.completed',
  Failing: 'job.failureDecided',
  Succeeding: 'job.successDecided',
  Running: 'job.started',
};

function* candidates({ before, after, from, to }: Step): Generator<string> {
  if (after === undefined) return yield 'job.deleted';
  if (before === undefined || from === null) {
    yield to === 'Suspended' ? 'job.createdSuspended' : 'job.created';
    return;
  }
  const [old, now] = [before as Job, after as Job];
  if (from !== to) {
    if (to === 'Terminating') yield 'job.deletionRequested';
    if (to === 'Suspended') yield 'job.suspended';
    if (from === 'Suspended') yield to === 'Running' ? 'job.resumedRunning' : 'job.resumed';
    const name = reached[to ?? ''];
    if (name !== undefined) yield name;
    if (to === 'Waiting') yield 'job.idled';
  }
  if (old.spec?.parallelism !== now.spec?.parallelism || old.spec?.completions !== now.spec?.completions)
    yield 'job.scaled';
  if (!sameJson(old.spec, now.spec)) yield 'job.reconfigured';
  if (counted(old) !== counted(now)) yield 'job.progressed';
  if (!sameJson(old.status, now.status)) yield 'job.statusUpdated';
  yield 'job.updated';
}

/** Pods that have ended and been counted. */
function counted({ status }: Job): number {
  return (status?.succeeded ?? 0) + (status?.failed ?? 0);
}

function each(events: readonly string[], target: string): Record<string, string> {
  return Object.fromEntries(events.map((event) => [event, target]));
}
