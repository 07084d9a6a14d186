// Jobs for tests: their objects in few words, and pods that end by themselves on played nodes. How a pod ends is said
// by the test: for each pod that has been bound, after a while, it succeeds, fails with an exit code, or runs on.

import type { CronJob, CronJobSpec, Job, JobSpec, JobStatus } from '../../streams/resources/batch.ts';
import { completionIndexKey } from '../../streams/resources/batch.ts';
import { controllerOf, timestamp } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ContainerStatus, Pod } from '../../streams/resources/pod.ts';
import type { LiveCluster } from './live-cluster.ts';
import { type Meta, meta } from './workloads.ts';

const jobLabels = { 'batch.kubernetes.io/controller-uid': 'uid-of-work', 'batch.kubernetes.io/job-name': 'work' };

export const jobTemplate: JobSpec['template'] = {
  metadata: { labels: jobLabels },
  spec: { containers: [{ name: 'c', image: 'work:1' }], restartPolicy: 'Never' },
};

/** A job as the server stores it, defaults included. */
export function aJob({
  meta: change = {},
  status,
  ...spec
}: Partial<JobSpec> & { meta?: Meta; status?: JobStatus } = {}): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: meta('work', { generation: 1, ...change }),
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'uid-of-work' } },
      template: jobTemplate,
      ...spec,
    },
    ...(status === undefined ? undefined : { status }),
  };
}

/** A job as a client creates it: the server gives selector and labels. */
export function newJob(name: string, spec: Partial<JobSpec> = {}): Job {
  const { selector: _, ...defaults } = aJob().spec;
  const { metadata: __, ...template } = jobTemplate;
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: meta(name), spec: { ...defaults, template, ...spec } };
}

export function aCronJob({
  meta: change = {},
  status,
  ...spec
}: Partial<CronJobSpec> & { meta?: Meta; status?: CronJob['status'] } = {}): CronJob {
  const { selector: _, ...jobSpec } = aJob().spec;
  const { metadata: __, ...template } = jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: meta('tick', { generation: 1, ...change }),
    spec: {
      schedule: '*/5 * * * *',
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      jobTemplate: { spec: { ...jobSpec, template } },
      ...spec,
    },
    ...(status === undefined ? undefined : { status }),
  };
}

/** How a pod ends: with this exit code, or not by itself. */
export type End = number | 'runs on';

/** Lets the jobs' pods of a cluster end: `endOf` is asked once for each pod that runs. */
export function letPodsEnd(
  cluster: LiveCluster,
  { afterMsMax, endOf }: { afterMsMax: () => number; endOf: (pod: Pod) => End },
) {
  const asked = new Set<string>();
  cluster.view.resource(resources.pods).listen(({ type, current }) => {
    const pod = current.object as unknown as Pod;
    const { uid } = pod.metadata;
    if (type === 'DELETED' || pod.status?.phase !== 'Running' || asked.has(uid)) return;
    if (controllerOf(pod)?.kind !== 'Job') return;
    asked.add(uid);
    const end = endOf(pod);
    if (end !== 'runs on') cluster.clock.after(1 + afterMsMax(), () => void endPod(cluster, pod, end));
  });
}

async function endPod(cluster: LiveCluster, { metadata: { namespace = '', name, uid } }: Pod, exitCode: number) {
  for (;;) {
    const pod = cluster.view.get<Pod>(resources.pods, { namespace, name });
    if (pod === undefined || pod.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) return;
    const write = {
      kind: 'update',
      resource: resources.pods,
      subresource: 'status',
      object: ended(pod, exitCode, timestamp(cluster.clock.now())),
    } as const;
    const outcome = await cluster.writer.write(write, { user: 'system:node:played', cause: null });
    if (outcome.kind === 'done' || outcome.reason !== 'Conflict') return;
  }
}

/** The pod as its kubelet reports it once its container has ended. */
export function ended(pod: Pod, exitCode: number, at: string): Pod {
  const container: ContainerStatus = {
    name: 'c',
    ready: false,
    restartCount: 0,
    image: 'work:1',
    imageID: '',
    state: { terminated: { exitCode, finishedAt: at } },
  };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'Ready');
  return {
    ...pod,
    status: {
      ...pod.status,
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      conditions: [...others, { type: 'Ready', status: 'False', lastTransitionTime: at }],
      containerStatuses: [container],
    },
  };
}

export function indexOf(pod: Pod): number {
  return Number(pod.metadata.annotations?.[completionIndexKey] ?? -1);
}
