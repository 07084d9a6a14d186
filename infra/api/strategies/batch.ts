// Jobs and cron jobs: a job's pods are found by labels the server gives them.

import type { AnyObject, LabelSelector, Labels } from '../../../streams/resources/meta.ts';
import type { Strategy } from '../registry/strategy.ts';
import { problemsOf } from '../validation/check.ts';
import { jobStatus } from '../validation/job-status.ts';
import { cronJob, job } from '../validation/jobs.ts';
import { nameWarnings } from '../warnings/names.ts';
import { templateWarnings } from '../warnings/pod.ts';
import { fill, mapSame, within } from './fill.ts';
import { defaultTemplate, type Template } from './template-defaults.ts';

type Pattern = { readonly status?: string };
type FailureRule = { readonly onPodConditions?: readonly Pattern[] };
type JobSpec = {
  readonly completions?: number;
  readonly parallelism?: number;
  readonly completionMode?: string;
  readonly backoffLimitPerIndex?: number;
  readonly podFailurePolicy?: { readonly rules?: readonly FailureRule[] };
  readonly manualSelector?: boolean;
  readonly selector?: LabelSelector;
  readonly template?: Template;
};
type Job = AnyObject & { readonly spec?: JobSpec };

const backoffDefault = 6;
const unlimited = 2_147_483_647;
const completionsSoftMax = 100_000;
const parallelismSoftMax = 10_000;

/** Defaults of a job: of itself, and but for those marked so also of a cron job's template. */
function defaultJobSpec(spec: JobSpec): JobSpec {
  let filled: JobSpec = fill(spec, {
    ...(isNothing(spec.completions) && isNothing(spec.parallelism) && { completions: 1 }),
    parallelism: 1,
    backoffLimit: isNothing(spec.backoffLimitPerIndex) ? backoffDefault : unlimited,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: isNothing(spec.podFailurePolicy) ? 'TerminatingOrFailed' : 'Failed',
    manualSelector: false,
  });
  filled = defaultFailurePolicy(filled);
  return within(fill(filled, { template: {} }) as JobSpec, 'template', defaultTemplate);
}

function defaultFailurePolicy(spec: JobSpec): JobSpec {
  return within(spec, 'podFailurePolicy', (policy) =>
    within(policy, 'rules', (rules) =>
      mapSame(rules, (rule) =>
        within(rule, 'onPodConditions', (patterns) => mapSame(patterns, (one) => fill(one, { status: 'True' }))),
      ),
    ),
  );
}

function isNothing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

const uidLabels = ['controller-uid', 'batch.kubernetes.io/controller-uid'];
const nameLabels = ['job-name', 'batch.kubernetes.io/job-name'];

/** Gives the pods the labels by which the job finds them, unless it says that it has a selector of its own. */
function withSelector(object: Job): AnyObject {
  const { spec, metadata } = object;
  if (spec === undefined || spec.manualSelector === true) return object;
  const labels: Record<string, string> = { ...spec.template?.metadata?.labels };
  for (const key of nameLabels) labels[key] ??= metadata.name;
  for (const key of uidLabels) labels[key] ??= metadata.uid;
  const matchLabels: Labels = { 'batch.kubernetes.io/controller-uid': metadata.uid, ...spec.selector?.matchLabels };
  const template = { ...spec.template, metadata: { ...spec.template?.metadata, labels } };
  return { ...object, spec: { ...spec, selector: { ...spec.selector, matchLabels }, template } } as AnyObject;
}

const jobStrategy: Omit<Strategy, 'lifecycle'> = {
  orphansByDefault: true,
  generation: true,
  status: true,
  defaults(object) {
    const filled = within(fill(object as Job, { spec: {} }), 'spec', defaultJobSpec);
    const labels = filled.spec?.template?.metadata?.labels;
    if (!labels || Object.keys(filled.metadata.labels ?? {}).length > 0) return filled;
    return { ...filled, metadata: { ...filled.metadata, labels } } as AnyObject;
  },
  prepareCreate: (object) => withSelector({ ...object, status: {} } as Job),
  validate: (next, before) => problemsOf(job, next, before),
  warnings(next, before) {
    if (before !== undefined && before.metadata.generation === next.metadata.generation) return [];
    const warnings = jobWarnings(next.spec as JobSpec | undefined, 'spec');
    return before === undefined ? [...nameWarnings(next), ...warnings] : warnings;
  },
  subresources: { status: { validate: (next, before) => problemsOf(jobStatus, next, before) } },
};

function jobWarnings(spec: JobSpec | undefined, path: string): readonly string[] {
  const warnings = templateWarnings((spec?.template ?? {}) as never, `${path}.template`);
  const { completionMode, completions = 0, parallelism = 0 } = spec ?? {};
  if (completionMode !== 'Indexed' || completions <= completionsSoftMax || parallelism <= parallelismSoftMax)
    return warnings;
  const text = `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`;
  return [text, ...warnings];
}

type CronJob = AnyObject & {
  readonly spec?: { readonly schedule?: string; readonly jobTemplate?: { spec?: JobSpec } };
};

const cronJobStrategy: Omit<Strategy, 'lifecycle'> = {
  generation: true,
  status: true,
  // A template's job gets its own defaults when it is made of it; only those of its pods stand in the template already.
  defaults: (object) =>
    within(fill(object as CronJob, { spec: {} }), 'spec', (spec) =>
      within(
        fill(spec, {
          concurrencyPolicy: 'Allow',
          suspend: false,
          successfulJobsHistoryLimit: 3,
          failedJobsHistoryLimit: 1,
          jobTemplate: {},
        }) as NonNullable<CronJob['spec']>,
        'jobTemplate',
        (template) =>
          within(
            fill(template, { metadata: { creationTimestamp: null }, spec: {} }) as { spec?: JobSpec },
            'spec',
            (jobSpec) =>
              within(fill(defaultFailurePolicy(jobSpec), { template: {} }) as JobSpec, 'template', defaultTemplate),
          ),
      ),
    ),
  prepareCreate: (object) => ({ ...object, status: {} }) as AnyObject,
  validate: (next, before) => problemsOf(cronJob, next, before),
  warnings(next, before) {
    const { spec } = next as CronJob;
    if (before !== undefined && before.metadata.generation === next.metadata.generation) return [];
    const warnings = jobWarnings(spec?.jobTemplate?.spec, 'spec.jobTemplate.spec');
    return before === undefined ? [...nameWarnings(next), ...warnings] : warnings;
  },
};

export const batchStrategies = { 'cronjobs.batch': cronJobStrategy, 'jobs.batch': jobStrategy };
