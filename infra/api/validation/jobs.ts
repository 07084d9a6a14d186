// What makes a Job or a CronJob invalid, and what of a job may change: little, because its pods are counted against what
// it was when they began.

import { isTimeZone, parseCron } from '../../../streams/resources/cron.ts';
import { matchesSelector } from '../../../streams/resources/labels.ts';
import type { AnyObject, LabelSelector } from '../../../streams/resources/meta.ts';
import { nameProblem } from '../registry/names.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { type JobSpec, podFailurePolicy, successPolicy } from './job-policies.ts';
import { labelSelector } from './label-selector.ts';
import { podTemplate } from './pod.ts';
import { all, fields, immutable, type Json, nonNegative, oneOf, required, sameValue } from './rules.ts';
import { noTemplate, selectsTemplate, type Template } from './templates.ts';

const managedByMax = 63;
const completionsSoftMax = 100_000;
const parallelismMax = 100_000;
const parallelismOfManyMax = 10_000;
const failedIndexesMax = 100_000;
const failedIndexesOfManyMax = 10_000;

const managedBy: Rule<string> = (text, check) => {
  const [host = '', path = ''] = [text.slice(0, Math.max(0, text.indexOf('/'))), text.slice(text.indexOf('/') + 1)];
  if (!text.includes('/') || host === '' || path === '')
    check.invalid(text, 'must be a domain-prefixed path (such as "acme.io/foo")');
  else {
    const problem = nameProblem(host, 'subdomain');
    if (problem !== undefined) check.invalid(host, problem);
    if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(path))
      check.invalid(path, `Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`);
  }
  if (text.length > managedByMax) check.tooLong(managedByMax);
};

const counts: Rule<JobSpec> = fields<JobSpec>({
  parallelism: nonNegative,
  completions: nonNegative,
  activeDeadlineSeconds: nonNegative,
  backoffLimit: nonNegative,
  ttlSecondsAfterFinished: nonNegative,
  backoffLimitPerIndex: nonNegative,
  maxFailedIndexes: nonNegative,
  managedBy,
  completionMode: oneOf('NonIndexed', 'Indexed'),
});

function indexed(
  { parallelism, completions, maxFailedIndexes: failed, backoffLimitPerIndex: backoff }: JobSpec,
  check: Check,
): void {
  if (isAbsent(completions)) check.required('when completion mode is Indexed', '.completions');
  if (!isAbsent(parallelism) && parallelism > parallelismMax)
    check.invalid(
      parallelism,
      `must be less than or equal to ${parallelismMax} when completion mode is Indexed`,
      '.parallelism',
    );
  if (!isAbsent(failed) && !isAbsent(completions) && failed > completions)
    check.invalid(failed, 'must be less than or equal to completions', '.maxFailedIndexes');
  if (!isAbsent(failed) && failed > failedIndexesMax)
    check.invalid(failed, `must be less than or equal to ${failedIndexesMax}`, '.maxFailedIndexes');
  if (isAbsent(backoff) || isAbsent(completions) || completions <= completionsSoftMax) return;
  const many = `when completions are above ${completionsSoftMax} and used with backoff limit per index`;
  if (isAbsent(failed))
    check.required(`must be specified when completions is above ${completionsSoftMax}`, '.maxFailedIndexes');
  if (!isAbsent(parallelism) && parallelism > parallelismOfManyMax)
    check.invalid(parallelism, `must be less than or equal to ${parallelismOfManyMax} ${many}`, '.parallelism');
  if (!isAbsent(failed) && failed > failedIndexesOfManyMax)
    check.invalid(failed, `must be less than or equal to ${failedIndexesOfManyMax} ${many}`, '.maxFailedIndexes');
}

/** The spec of a job and of a cron job's template. */
const jobSpec: Rule<JobSpec> = (spec, check) => {
  counts(spec, check);
  const { completionMode: mode, maxFailedIndexes: failed, backoffLimitPerIndex: backoff } = spec;
  if (!isAbsent(failed) && isAbsent(backoff))
    check.required('when maxFailedIndexes is specified', '.backoffLimitPerIndex');
  if (mode === 'Indexed') indexed(spec, check);
  else if (isAbsent(mode) || mode === 'NonIndexed') {
    if (!isAbsent(backoff)) check.invalid(backoff, 'requires indexed completion mode', '.backoffLimitPerIndex');
    if (!isAbsent(failed)) check.invalid(failed, 'requires indexed completion mode', '.maxFailedIndexes');
  }
  podFailurePolicy(spec, check);
  if (!isAbsent(spec.successPolicy)) {
    if (mode !== 'Indexed') check.invalid(spec.successPolicy, 'requires indexed completion mode', '.successPolicy');
    else successPolicy(spec, check);
  }
  replacementPolicy(spec, check);
  const template = spec.template ?? noTemplate;
  check.enter('template');
  podTemplate(template, check);
  check.leave();
  restartPolicy(template.spec?.restartPolicy, { spec, check });
};

function replacementPolicy({ podReplacementPolicy: policy, podFailurePolicy: failure }: JobSpec, check: Check): void {
  if (policy === undefined) return;
  const supported = isAbsent(failure) ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  if (!supported.includes(policy)) check.notSupported(policy, supported, '.podReplacementPolicy');
}

function restartPolicy(policy: string | undefined, { spec, check }: { spec: JobSpec; check: Check }): void {
  const sub = '.template.spec.restartPolicy';
  if (!policy || policy === 'Always') check.required('valid values: "OnFailure", "Never"', sub);
  else if (policy !== 'OnFailure' && policy !== 'Never') check.notSupported(policy, ['OnFailure', 'Never'], sub);
  else if (!isAbsent(spec.podFailurePolicy) && policy !== 'Never')
    check.invalid(policy, 'only "Never" is supported when podFailurePolicy is specified', sub);
}

const uidLabels = ['controller-uid', 'batch.kubernetes.io/controller-uid'];
const nameLabels = ['job-name', 'batch.kubernetes.io/job-name'];

/** The selector a job is given, unless it says it has its own. */
function generatedSelector({ metadata }: AnyObject, spec: JobSpec, check: Check): void {
  if (spec.manualSelector === true || isAbsent(spec.selector)) return;
  const labels = spec.template?.metadata?.labels ?? {};
  const expected: Record<string, string> = {};
  for (const key of uidLabels) expected[key] = metadata.uid;
  for (const key of nameLabels) expected[key] = metadata.name;
  for (const key of [uidLabels[0], nameLabels[0], uidLabels[1], nameLabels[1]] as string[]) {
    const sub = '.spec.template.metadata.labels';
    const value = labels[key];
    if (value === undefined) check.required(`must be '${expected[key]}'`, `${sub}[${key}]`);
    else if (value !== expected[key]) check.invalid(labels, `must be '${expected[key]}'`, `${sub}[${key}]`);
  }
  if (!matchesSelector(spec.selector, expected))
    check.invalid(spec.selector, '`selector` not auto-generated', '.spec.selector');
}

export const job: Rule<AnyObject> = (object, check, before) => {
  const spec = (object.spec ?? {}) as JobSpec;
  generatedSelector(object, spec, check);
  check.enter('spec');
  jobSpec(spec, check);
  selector(spec, check);
  if (before !== undefined) jobChange(spec, before, check);
  check.leave();
  const { completionMode, completions = 0 } = spec;
  const hostname = `${object.metadata.name}-${completions - 1}`;
  if (completionMode === 'Indexed' && completions > 0 && nameProblem(hostname, 'label') !== undefined)
    check.invalid(
      object.metadata.name,
      `will not able to create pod with invalid DNS label: ${hostname}`,
      '.metadata.name',
    );
};

function selector(spec: JobSpec, check: Check): void {
  if (isAbsent(spec.selector)) {
    check.required('', '.selector');
    return;
  }
  const count = check.count;
  check.enter('selector');
  labelSelector(spec.selector, check);
  check.leave();
  if (check.count > count) return;
  check.enter('template');
  selectsTemplate(spec.selector, spec.template ?? noTemplate, check);
  check.leave();
}

const settled = fields<JobSpec>({
  selector: immutable,
  completionMode: immutable,
  podFailurePolicy: immutable,
  backoffLimitPerIndex: immutable,
  managedBy: immutable,
  successPolicy: immutable,
});

type Status = {
  readonly active?: number;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
};

function jobChange(spec: JobSpec, before: AnyObject, check: Check): void {
  const was = before.spec as JobSpec;
  if (!sameValue(spec.completions, was.completions)) {
    if (spec.completionMode !== 'Indexed')
      check.invalid(spec.completions ?? null, 'field is immutable', '.completions');
    else if (!isAbsent(spec.completions) && spec.completions !== spec.parallelism)
      check.invalid(spec.completions, 'can only be modified in tandem with spec.parallelism', '.completions');
  }
  settled(spec, check, was);
  const status = (before.status ?? {}) as Status;
  const suspended = status.conditions?.some(({ type, status: is }) => type === 'Suspended' && is === 'True') === true;
  const idle = was.suspend === true && suspended && (status.active ?? 0) === 0;
  const template = idle ? withMovedPods(spec.template ?? noTemplate, was.template ?? noTemplate) : was.template;
  if (!sameValue(spec.template, template))
    check.invalid(spec.template ?? null, 'field is immutable', idle ? '.template.spec' : '.template');
}

/** The old template with what may change while a job is suspended: where its pods go and what they ask for. */
function withMovedPods(next: Template, was: Template): Template {
  type Spec = Json & { readonly containers?: readonly Json[]; readonly affinity?: Json };
  const [is, old] = [(next.spec ?? {}) as unknown as Spec, (was.spec ?? {}) as unknown as Spec];
  const sized = (list: 'containers' | 'initContainers') => {
    // A body without containers has null there, which another rule refuses.
    const [now, then] = [is[list] as readonly Json[] | null | undefined, old[list] as readonly Json[] | undefined];
    if (isAbsent(now) || then === undefined || now.length !== then.length) return then;
    return then.map((one, i) => (one.name === now[i]?.name ? { ...one, resources: now[i]?.resources } : one));
  };
  const { nodeAffinity } = is.affinity ?? {};
  const affinity = { ...old.affinity, nodeAffinity };
  const spec = {
    ...old,
    containers: sized('containers'),
    initContainers: sized('initContainers'),
    affinity: sameValue(affinity, { nodeAffinity: undefined }) ? undefined : affinity,
    nodeSelector: is.nodeSelector,
    tolerations: is.tolerations,
    schedulingGates: is.schedulingGates,
  };
  const { labels, annotations } = next.metadata ?? {};
  return { ...was, metadata: { ...was.metadata, labels, annotations }, spec } as unknown as Template;
}

const schedule: Rule<string> = (text, check) => {
  const parsed = parseCron(text);
  if (parsed.kind === 'malformed') check.invalid(text, parsed.message);
  if (text.includes('TZ')) check.invalid(text, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
};

const zonePart = /^[A-Za-z.\-_0-9+]{1,14}$/;
const timeZone: Rule<string> = (zone, check, before) => {
  if (check.updating && zone === before) return;
  const parts = zone.split('/');
  const known = parts.every((part) => part !== '.' && part !== '..' && !part.startsWith('-') && zonePart.test(part));
  if (!known) return check.invalid(zone, `unknown time zone ${zone}`);
  if (zone.toLowerCase() === 'local')
    check.invalid(zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
  if (zone !== 'Local' && !isTimeZone(zone)) check.invalid(zone, `unknown time zone ${zone}`);
};

type JobTemplate = { readonly spec?: JobSpec & { readonly selector?: LabelSelector } };

const jobTemplate: Rule<JobTemplate> = ({ spec = {} as JobSpec }, check) => {
  check.enter('spec');
  jobSpec(spec, check);
  if (!isAbsent(spec.selector)) check.invalid(spec.selector, '`selector` will be auto-generated', '.selector');
  if (spec.manualSelector === true) check.notSupported(true, ['nil', 'false'], '.manualSelector');
  check.leave();
};

const cronNameMax = 52;

export const cronJob: Rule<AnyObject> = all<AnyObject>(
  fields({
    spec: fields({
      schedule: required(schedule),
      startingDeadlineSeconds: nonNegative,
      timeZone,
      concurrencyPolicy: required(oneOf('Allow', 'Forbid', 'Replace')),
      jobTemplate: required(jobTemplate),
      successfulJobsHistoryLimit: nonNegative,
      failedJobsHistoryLimit: nonNegative,
    }),
  }),
  ({ metadata }, check) => {
    if (!check.updating && metadata.name.length > cronNameMax)
      check.invalid(metadata.name, `must be no more than ${cronNameMax} characters`, '.metadata.name');
  },
);
