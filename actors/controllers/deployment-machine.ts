// The lifecycle of a deployment: how far its rollout is. The state is read off the spec and the status the controller
// last reported; a spec the controller has not seen yet is always a rollout in progress.

import { setup } from 'xstate';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Deployment } from '../../streams/resources/workload.ts';
import { findCondition } from '../kit/conditions.ts';
import { lawfulName } from '../kit/lawful-name.ts';
import { absent, gone, type Lifecycle, type Step } from '../kit/lifecycle.ts';
import { sameJson } from '../kit/same-json.ts';
import { deploymentComplete } from './deployment-progress.ts';

const specChanges = {
  'deployment.rolloutStarted': 'Progressing',
  'deployment.scaled': 'Progressing',
  'deployment.reconfigured': 'Progressing',
} as const;
/** Where a status report may lead, from anywhere but the end. */
const reports = { 'deployment.completed': 'Complete', 'deployment.stalled': 'Stalled' } as const;
const endings = { 'deployment.deletionRequested': 'Terminating', 'deployment.deleted': gone } as const;

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'deployment',
  initial: absent,
  states: {
    [absent]: { on: { 'deployment.created': 'Progressing', 'deployment.createdPaused': 'Paused' } },
    /** The pods are on their way to what the spec asks for. */
    Progressing: {
      on: {
        ...specChanges,
        ...reports,
        ...endings,
        'deployment.progressed': 'Progressing',
        'deployment.updated': 'Progressing',
        'deployment.paused': 'Paused',
      },
    },
    /** Every replica is of the newest template and available. */
    Complete: {
      on: {
        ...specChanges,
        ...reports,
        ...endings,
        'deployment.degraded': 'Progressing',
        'deployment.statusUpdated': 'Complete',
        'deployment.updated': 'Complete',
        'deployment.paused': 'Paused',
      },
    },
    /** No progress within the deadline. It goes on trying. */
    Stalled: {
      on: {
        ...specChanges,
        ...reports,
        ...endings,
        'deployment.progressed': 'Progressing',
        'deployment.statusUpdated': 'Stalled',
        'deployment.updated': 'Stalled',
        'deployment.paused': 'Paused',
      },
    },
    /** Changes of the template wait; scaling does not. */
    Paused: {
      on: {
        ...reports,
        ...endings,
        'deployment.templateChanged': 'Paused',
        'deployment.scaled': 'Paused',
        'deployment.reconfigured': 'Paused',
        'deployment.statusUpdated': 'Paused',
        'deployment.updated': 'Paused',
        'deployment.resumed': 'Progressing',
      },
    },
    Terminating: {
      on: {
        'deployment.updated': 'Terminating',
        'deployment.statusUpdated': 'Terminating',
        'deployment.deleted': gone,
      },
    },
    [gone]: { type: 'final' },
  },
});

export const deploymentLifecycle: Lifecycle = {
  machine,
  stateOf,
  eventOf: (step) => lawfulName(machine, step, candidates(step)),
};

function stateOf(object: KubeObject): string {
  const deployment = object as Deployment;
  const { metadata, spec, status } = deployment;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (spec?.paused === true) return 'Paused';
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 1)) return 'Progressing';
  if (status !== undefined && deploymentComplete(deployment, status)) return 'Complete';
  const progressing = findCondition(status?.conditions, 'Progressing');
  return progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded'
    ? 'Stalled'
    : 'Progressing';
}

function* candidates({ before, after, from, to }: Step): Generator<string> {
  if (after === undefined) return yield 'deployment.deleted';
  if (before === undefined || from === null) {
    return yield to === 'Paused' ? 'deployment.createdPaused' : 'deployment.created';
  }
  if (to === 'Terminating') yield 'deployment.deletionRequested';
  yield* specNames(before as Deployment, after as Deployment);
  if (from !== to && to === 'Complete') yield 'deployment.completed';
  if (from !== to && to === 'Stalled') yield 'deployment.stalled';
  if (!sameJson((before as Deployment).status, (after as Deployment).status)) {
    yield 'deployment.progressed';
    yield 'deployment.degraded';
    yield 'deployment.statusUpdated';
  }
  yield 'deployment.updated';
  // What is left are steps no rule of the API leads to, such as a status that says more than there is.
  yield* ['deployment.progressed', 'deployment.degraded', 'deployment.paused', 'deployment.resumed'];
}

function* specNames({ spec: before }: Deployment, { spec: after }: Deployment): Generator<string> {
  if (before?.paused !== after?.paused) yield after?.paused === true ? 'deployment.paused' : 'deployment.resumed';
  if (!sameJson(before?.template, after?.template)) {
    yield 'deployment.rolloutStarted';
    yield 'deployment.templateChanged';
  }
  if (before?.replicas !== after?.replicas) yield 'deployment.scaled';
  if (!sameJson(before, after)) yield 'deployment.reconfigured';
}
