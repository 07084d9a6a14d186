// The pods a job makes: the template's, with the finalizer by which they are counted and, where the job is indexed, what
// tells the pod its index: annotation, label, hostname and an environment variable.

import type { Random } from '../../../streams/base/random.ts';
import {
  completionIndexKey,
  indexFailureCountKey,
  indexIgnoredFailureCountKey,
  type Job,
  jobTrackingFinalizer,
} from '../../../streams/resources/batch.ts';
import type { Container, Pod } from '../../../streams/resources/pod.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { CreateWrite } from '../../kit/write.ts';
import { freePodNames, type PodDraft, podFromTemplate } from '../workload/pod-template.ts';
import { createPod } from '../workload/pod-writes.ts';
import { matchFailure } from './failure-policy.ts';
import { hasLimitPerIndex, indexFailures } from './job-pods.ts';

/** Generated names are cut so that the suffix still fits into a DNS label. */
const prefixMax = 58;
const indexVariable = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${completionIndexKey}']` } },
} as const;

type Naming = { readonly world: ObjectReader; readonly random: Random };

export function newPods(job: Job, count: number, { world, random }: Naming): CreateWrite[] {
  const { name, namespace = '' } = job.metadata;
  const names = freePodNames(world, { prefix: `${name}-`, namespace, count, random });
  return names.map((podName) =>
    createPod(podFromTemplate(job, job.spec.template, { name: podName, ...tracking(job) })),
  );
}

/** `replaced` is the pod of the same index that failed last, where the job counts by index. */
export function newPodOfIndex(
  job: Job,
  index: number,
  { world, random, replaced }: Naming & { readonly replaced: Pod | undefined },
): CreateWrite {
  const { name, namespace = '' } = job.metadata;
  const prefix = indexPrefix(name, index);
  const [podName = prefix] = freePodNames(world, { prefix, namespace, count: 1, random });
  const { containers, initContainers } = job.spec.template.spec;
  const draft = podFromTemplate(job, job.spec.template, {
    name: podName,
    labels: { [completionIndexKey]: `${index}` },
    annotations: { [completionIndexKey]: `${index}`, ...failureCounts(job, replaced) },
    ...tracking(job),
    spec: {
      hostname: `${name}-${index}`,
      containers: containers.map(knowingItsIndex),
      ...(initContainers === undefined ? undefined : { initContainers: initContainers.map(knowingItsIndex) }),
    },
  });
  const object: PodDraft = { ...draft, metadata: { ...draft.metadata, generateName: prefix } };
  return createPod(object);
}

function indexPrefix(job: string, index: number): string {
  const end = `-${index}-`;
  return job.slice(0, prefixMax - end.length) + end;
}

function tracking({ spec }: Job): { readonly finalizers?: readonly string[] } {
  const present = spec.template.metadata?.finalizers?.includes(jobTrackingFinalizer) === true;
  return present ? {} : { finalizers: [jobTrackingFinalizer] };
}

function failureCounts(job: Job, replaced: Pod | undefined): Readonly<Record<string, string>> {
  if (!hasLimitPerIndex(job)) return {};
  let { counted, ignored } = replaced === undefined ? { counted: 0, ignored: 0 } : indexFailures(replaced);
  if (replaced !== undefined && matchFailure(job, replaced).counts) counted++;
  else if (replaced !== undefined) ignored++;
  return {
    [indexFailureCountKey]: `${counted}`,
    ...(ignored === 0 ? undefined : { [indexIgnoredFailureCountKey]: `${ignored}` }),
  };
}

function knowingItsIndex(container: Container): Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === indexVariable.name)) return container;
  return { ...container, env: [...env, indexVariable] };
}
