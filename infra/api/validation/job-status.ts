// What makes a job's status invalid: counters go up, ends are final, and what is said of indexes fits the job. Each rule
// is asked only where something it is about has changed, so that a status written by older rules can still be updated.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { indexesIn } from './job-indexes.ts';
import type { JobSpec } from './job-policies.ts';
import { fields, type Json, nonNegative, sameValue } from './rules.ts';

type Condition = { readonly type: string; readonly status: string };
type Uncounted = { readonly succeeded?: readonly string[]; readonly failed?: readonly string[] };
type Status = {
  readonly active?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  readonly ready?: number;
  readonly terminating?: number;
  readonly startTime?: string | null;
  readonly completionTime?: string | null;
  readonly completedIndexes?: string;
  readonly failedIndexes?: string;
  readonly uncountedTerminatedPods?: Uncounted;
  readonly conditions?: readonly Condition[];
};

const counts = fields({
  active: nonNegative,
  succeeded: nonNegative,
  failed: nonNegative,
  ready: nonNegative,
  terminating: nonNegative,
});

export const jobStatus: Rule<AnyObject> = (next, check, before) => {
  const [is, was] = [(next.status ?? {}) as Status, (before?.status ?? {}) as Status];
  const spec = (next.spec ?? {}) as JobSpec;
  check.enter('status');
  counts(is as Json, check);
  uncounted(is.uncountedTerminatedPods, check);
  const state: State = { is, was, spec, check };
  ends(state);
  times(state);
  finishedHasNoPods(state);
  indexes(state);
  counters(state);
  check.leave();
};

type State = { readonly is: Status; readonly was: Status; readonly spec: JobSpec; readonly check: Check };

function holds({ conditions }: Status, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

function turned({ is, was }: State, ...types: readonly string[]): boolean {
  return types.some((type) => holds(is, type) !== holds(was, type));
}

function changed({ is, was }: State, field: keyof Status): boolean {
  return !sameValue(is[field], was[field]);
}

function finished(status: Status): boolean {
  return holds(status, 'Complete') || holds(status, 'Failed');
}

function uncounted(pods: Uncounted | undefined, check: Check): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const)
    for (const [i, uid] of (pods?.[list] ?? []).entries()) {
      const sub = `.uncountedTerminatedPods.${list}[${i}]`;
      if (uid === '') check.invalid(uid, 'must not be empty', sub);
      else if (seen.has(uid)) check.duplicate(uid, sub);
      seen.add(uid);
    }
}

function ends(state: State): void {
  const { is, was, spec, check } = state;
  const tell = (detail: string) => check.add([{ type: 'Invalid', field: check.pathOf('.conditions'), detail }]);
  const [complete, failed] = [holds(is, 'Complete'), holds(is, 'Failed')];
  const [target, met] = [holds(is, 'FailureTarget'), holds(is, 'SuccessCriteriaMet')];
  if (turned(state, 'Complete', 'Failed') && complete && failed)
    tell('cannot set Complete=True and Failed=true conditions');
  if (turned(state, 'Complete', 'FailureTarget') && complete && target)
    tell('cannot set Complete=True and FailureTarget=true conditions');
  if ((turned(state, 'Failed') || changed(state, 'failedIndexes')) && failed && !target)
    tell('cannot set Failed=True condition without the FailureTarget=true condition');
  if (turned(state, 'Complete', 'SuccessCriteriaMet') && complete && !met)
    tell('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  if (met && failed) tell('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (met && target) tell('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  if (!isAbsent(spec.successPolicy) && !met && complete)
    tell('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  for (const type of ['Failed', 'Complete', 'FailureTarget'])
    if (holds(was, type) && !holds(is, type)) tell(`cannot disable the terminal ${type}=True condition`);
  if (holds(was, 'SuccessCriteriaMet') && !met) tell('cannot disable the SuccessCriteriaMet=True condition');
  if (holds(was, 'Complete') && !holds(was, 'SuccessCriteriaMet') && met)
    tell('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions');
}

function times(state: State): void {
  const { is, was, spec, check } = state;
  const complete = holds(is, 'Complete');
  const news = turned(state, 'Complete') || changed(state, 'completionTime');
  const sub = '.completionTime';
  if (news && !isAbsent(is.completionTime) && !complete)
    check.invalid(is.completionTime, 'cannot set completionTime when there is no Complete=True condition', sub);
  if (news && isAbsent(is.completionTime) && complete)
    check.required('completionTime is required for Complete jobs', sub);
  const both = !isAbsent(is.startTime) && !isAbsent(is.completionTime);
  if (
    both &&
    (changed(state, 'startTime') || news) &&
    Date.parse(is.completionTime ?? '') < Date.parse(is.startTime ?? '')
  )
    check.invalid(is.completionTime, 'must be equal to or after `startTime`', sub);
  if (!isAbsent(is.completionTime) && !isAbsent(was.completionTime) && changed(state, 'completionTime'))
    check.invalid(is.completionTime, 'field is immutable', sub);
  const suspended = (status: Status, value: string) =>
    status.conditions?.some(({ type, status: now }) => type === 'Suspended' && now === value) === true;
  const resuming = suspended(was, 'True') && suspended(is, 'False');
  if (!isAbsent(was.startTime) && changed(state, 'startTime') && !resuming && spec.suspend !== true)
    check.invalid(is.startTime ?? null, 'field is immutable for unsuspended job once set', '.startTime');
}

function finishedHasNoPods(state: State): void {
  const { is, was, spec, check } = state;
  const over = finished(is);
  const news = over !== finished(was);
  if (over && (news || changed(state, 'active')) && (is.active ?? 0) > 0)
    check.invalid(is.active, 'active>0 is invalid for finished job', '.active');
  const never = spec.suspend === true && spec.completions === 0;
  if (over && (news || changed(state, 'startTime')) && !never && isAbsent(is.startTime))
    check.required('startTime is required for finished job', '.startTime');
  const pods = is.uncountedTerminatedPods;
  const left = (pods?.failed?.length ?? 0) + (pods?.succeeded?.length ?? 0);
  if (over && (news || changed(state, 'uncountedTerminatedPods')) && left > 0)
    check.invalid(pods, 'must be empty for finished job', '.uncountedTerminatedPods');
  if (over && (news || changed(state, 'terminating')) && (is.terminating ?? 0) > 0)
    check.invalid(is.terminating, 'terminating>0 is invalid for finished job', '.terminating');
  if ((changed(state, 'ready') || changed(state, 'active')) && (is.ready ?? 0) > (is.active ?? 0))
    check.invalid(is.ready, 'cannot set more ready pods than active', '.ready');
}

function indexes(state: State): void {
  const { is, spec, check } = state;
  const { completions, completionMode, backoffLimitPerIndex: perIndex } = spec;
  const [completedNew, failedNew] = [changed(state, 'completedIndexes'), changed(state, 'failedIndexes')];
  const parsed = (field: 'completedIndexes' | 'failedIndexes') => indexesIn(is[field] ?? '', completions ?? 0);
  const malformed = (field: 'completedIndexes' | 'failedIndexes') => {
    const found = parsed(field);
    if (found.kind === 'malformed') check.invalid(is[field], `error parsing ${field}: ${found.message}`, `.${field}`);
  };
  if (completedNew && !isAbsent(completions)) malformed('completedIndexes');
  if (failedNew && !isAbsent(completions) && !isAbsent(perIndex) && is.failedIndexes !== undefined)
    malformed('failedIndexes');
  if (completedNew && !isAbsent(is.completedIndexes) && completionMode !== 'Indexed')
    check.invalid(
      is.completedIndexes,
      'cannot set non-empty completedIndexes when non-indexed completion mode',
      '.completedIndexes',
    );
  if (failedNew && isAbsent(perIndex) && is.failedIndexes !== undefined)
    check.invalid(
      is.failedIndexes,
      'cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      '.failedIndexes',
    );
  if ((!completedNew && !failedNew) || isAbsent(completions) || is.failedIndexes === undefined) return;
  const [completed, failed] = [parsed('completedIndexes'), parsed('failedIndexes')];
  if (completed.kind === 'malformed' || failed.kind === 'malformed') return;
  for (const [from, to] of completed.intervals)
    for (const [start, end] of failed.intervals)
      if (from <= end && start <= to) {
        const at = Math.max(from, start);
        check.invalid(is.failedIndexes, `failedIndexes and completedIndexes overlap at index: ${at}`, '.failedIndexes');
        return;
      }
}

function counters({ is, was, spec, check }: State): void {
  if ((is.failed ?? 0) < (was.failed ?? 0))
    check.invalid(is.failed ?? 0, 'cannot decrease the failed counter', '.failed');
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!elastic && (is.succeeded ?? 0) < (was.succeeded ?? 0))
    check.invalid(is.succeeded ?? 0, 'cannot decrease the succeeded counter', '.succeeded');
}
