// The lifecycle of a cron job: whether it waits for its next time, has jobs that run, or is suspended.

import { setup } from 'xstate';
import type { CronJob } from '../../../streams/resources/batch.ts';
import type { KubeObject } from '../../../streams/resources/meta.ts';
import { lawfulName } from '../../kit/lawful-name.ts';
import { absent, gone, type Lifecycle, type Step } from '../../kit/lifecycle.ts';
import { sameJson } from '../../kit/same-json.ts';

/** From every state of a living cron job. */
const always = { 'cronjob.deletionRequested': 'Terminating', 'cronjob.deleted': gone } as const;
/** Changes that leave it where it is. */
const staying = ['cronjob.rescheduled', 'cronjob.reconfigured', 'cronjob.updated', 'cronjob.statusUpdated'];

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'cronjob',
  initial: absent,
  states: {
    [absent]: { on: { 'cronjob.created': 'Scheduled', 'cronjob.createdSuspended': 'Suspended' } },
    /** None of its jobs runs. */
    Scheduled: {
      on: {
        ...always,
        ...each(staying, 'Scheduled'),
        'cronjob.started': 'Active',
        'cronjob.suspended': 'Suspended',
      },
    },
    /** Jobs of it run. */
    Active: {
      on: {
        ...always,
        ...each(staying, 'Active'),
        'cronjob.started': 'Active',
        'cronjob.ended': 'Active',
        'cronjob.settled': 'Scheduled',
        'cronjob.suspended': 'Suspended',
      },
    },
    /** It makes no jobs; those it made go on. */
    Suspended: {
      on: {
        ...always,
        ...each(staying, 'Suspended'),
        'cronjob.ended': 'Suspended',
        'cronjob.resumed': 'Scheduled',
        'cronjob.resumedActive': 'Active',
      },
    },
    Terminating: { on: { ...each(staying, 'Terminating'), 'cronjob.ended': 'Terminating', 'cronjob.deleted': gone } },
    [gone]: { type: 'final' },
  },
});

export const cronJobLifecycle: Lifecycle = {
  machine,
  stateOf,
  eventOf: (step) => lawfulName(machine, step, candidates(step)),
};

function stateOf(object: KubeObject): string {
  const { metadata, spec, status } = object as CronJob;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (spec?.suspend === true) return 'Suspended';
  return (status?.active?.length ?? 0) > 0 ? 'Active' : 'Scheduled';
}

function* candidates({ before, after, from, to }: Step): Generator<string> {
  if (after === undefined) return yield 'cronjob.deleted';
  if (before === undefined || from === null) {
    yield to === 'Suspended' ? 'cronjob.createdSuspended' : 'cronjob.created';
    return;
  }
  const [old, now] = [before as CronJob, after as CronJob];
  if (from !== to) {
    if (to === 'Terminating') yield 'cronjob.deletionRequested';
    if (to === 'Suspended') yield 'cronjob.suspended';
    if (from === 'Suspended') yield to === 'Active' ? 'cronjob.resumedActive' : 'cronjob.resumed';
    if (to === 'Scheduled') yield 'cronjob.settled';
  }
  const [ran, runs] = [activeOf(old), activeOf(now)];
  if ([...runs].some((uid) => !ran.has(uid))) yield 'cronjob.started';
  if ([...ran].some((uid) => !runs.has(uid))) yield 'cronjob.ended';
  if (old.spec?.schedule !== now.spec?.schedule || old.spec?.timeZone !== now.spec?.timeZone)
    yield 'cronjob.rescheduled';
  if (!sameJson(old.spec, now.spec)) yield 'cronjob.reconfigured';
  if (!sameJson(old.status, now.status)) yield 'cronjob.statusUpdated';
  yield 'cronjob.updated';
}

function activeOf({ status }: CronJob): ReadonlySet<string> {
  return new Set(status?.active?.map(({ uid }) => uid ?? ''));
}

function each(events: readonly string[], target: string): Record<string, string> {
  return Object.fromEntries(events.map((event) => [event, target]));
}
