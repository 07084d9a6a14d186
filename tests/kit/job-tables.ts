// The job controller's tables in few words: jobs that have begun to run, their pods in every state, and the writes it
// answers with.

import { jobController } from '../../actors/controllers/job/job.ts';
import {
  completionIndexKey,
  indexFailureCountKey,
  type Job,
  type JobSpec,
  type JobStatus,
  jobTrackingFinalizer,
} from '../../streams/resources/batch.ts';
import type { Condition, KubeObject } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { reconciled, type When, worldOf } from './given-world.ts';
import { aJob, ended, jobTemplate } from './played-jobs.ts';
import { aPod, at, atMs, controlledBy, type PodTraits } from './workloads.ts';

export const controller = jobController();
export const key = 'default/work';
export const at20 = { key, nowMs: atMs(20) };

export function when(objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return reconciled(controller, worldOf(...objects), { ...at20, ...change }).map((line) =>
    line.replace(/(work(?:-\d+)?-)[a-z0-9]{5}\b/g, '$1?'),
  );
}

/** A job that has begun to run and has reported so. */
export function running(spec: Partial<JobSpec> = {}, status: JobStatus = {}): Job {
  const begun = { startTime: at(0), ready: 0, terminating: 0, uncountedTerminatedPods: {} };
  return aJob({ ...spec, status: { ...begun, ...status } });
}

type Traits = PodTraits & { readonly index?: number; readonly failures?: number; readonly untracked?: boolean };

export function jobPod(name: string, { index, failures, untracked, meta = {}, ...traits }: Traits = {}): Pod {
  const annotations = {
    ...(index === undefined ? undefined : { [completionIndexKey]: `${index}` }),
    ...(failures === undefined ? undefined : { [indexFailureCountKey]: `${failures}` }),
  };
  return aPod(name, {
    ...traits,
    meta: {
      labels: jobTemplate.metadata?.labels ?? {},
      ownerReferences: [controlledBy(aJob())],
      annotations,
      ...(untracked === true ? undefined : { finalizers: [jobTrackingFinalizer] }),
      ...meta,
    },
  });
}

export const succeeded = (name: string, traits: Traits = {}, seconds = 10) =>
  ended(jobPod(name, traits), 0, at(seconds));
export const failed = (name: string, traits: Traits = {}, exitCode = 1, seconds = 10) =>
  ended(jobPod(name, traits), exitCode, at(seconds));
export const going = (name: string, traits: Traits = {}) =>
  jobPod(name, { ...traits, meta: { deletionTimestamp: at(15), deletionGracePeriodSeconds: 0 } });
export const condition = (type: string, reason: string, message = ''): Condition => ({
  type,
  status: 'True',
  reason,
  message,
});
export const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 } as const;
