// What makes the policies of a job invalid that decide about it by its pods' ends: which exit codes and conditions count
// as which kind of failure, and which indexes make a success.

import type { LabelSelector } from '../../../streams/resources/meta.ts';
import { type Check, isAbsent } from './check.ts';
import { qualifiedName } from './formats.ts';
import { indexesIn } from './job-indexes.ts';
import { nonNegative } from './rules.ts';
import type { Template } from './templates.ts';

type ExitCodes = {
  readonly containerName?: string;
  readonly operator?: string;
  readonly values?: readonly number[];
};
type Condition = { readonly type?: string; readonly status?: string };
type FailureRule = {
  readonly action?: string;
  readonly onExitCodes?: ExitCodes;
  readonly onPodConditions?: readonly Condition[];
};
type SuccessRule = { readonly succeededIndexes?: string; readonly succeededCount?: number };

export type JobSpec = {
  readonly parallelism?: number;
  readonly completions?: number;
  readonly completionMode?: string;
  readonly backoffLimitPerIndex?: number;
  readonly maxFailedIndexes?: number;
  readonly podFailurePolicy?: { readonly rules?: readonly FailureRule[] };
  readonly successPolicy?: { readonly rules?: readonly SuccessRule[] };
  readonly podReplacementPolicy?: string;
  readonly selector?: LabelSelector;
  readonly manualSelector?: boolean;
  readonly suspend?: boolean;
  readonly template?: Template;
};

const rulesMax = 20;
const valuesMax = 255;
const indexesBytesMax = 64 * 1024;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const operators = ['In', 'NotIn'];
const statuses = ['False', 'True', 'Unknown'];

export function podFailurePolicy(spec: JobSpec, check: Check): void {
  const rules = spec.podFailurePolicy?.rules;
  if (isAbsent(rules)) return;
  const { containers = [], initContainers = [] } = spec.template?.spec ?? { containers: [] };
  const names = [...(containers ?? []), ...(initContainers ?? [])].map(({ name }) => name);
  check.enter('podFailurePolicy');
  check.enter('rules');
  if (rules.length > rulesMax) check.tooMany(rules.length, rulesMax);
  for (const [i, rule] of rules.entries()) {
    check.enter(i);
    failureRule(rule, { spec, names, check });
    check.leave();
  }
  check.leave();
  check.leave();
}

/** A text of one of these, whose absence is told with all of them. */
function choice(
  value: string | undefined,
  supported: readonly string[],
  { sub, check }: { sub: string; check: Check },
) {
  const list = `[${supported.map((one) => JSON.stringify(one)).join(' ')}]`;
  if (isAbsent(value)) check.required(`valid values: ${list}`, sub);
  else if (!supported.includes(value)) check.notSupported(value, supported, sub);
}

function failureRule(
  { action, onExitCodes, onPodConditions }: FailureRule,
  { spec, names, check }: { spec: JobSpec; names: readonly string[]; check: Check },
): void {
  choice(action, actions, { sub: '.action', check });
  if (action === 'FailIndex' && isAbsent(spec.backoffLimitPerIndex))
    check.invalid(action, 'requires the backoffLimitPerIndex to be set', '.action');
  const [codes, conditions] = [!isAbsent(onExitCodes), !isAbsent(onPodConditions)];
  if (!isAbsent(onExitCodes)) exitCodes(onExitCodes, names, check);
  if (!isAbsent(onPodConditions)) podConditions(onPodConditions, check);
  const tell = (detail: string) => check.add([{ type: 'Invalid', field: check.pathOf(), detail }]);
  if (codes && conditions) tell('specifying both OnExitCodes and OnPodConditions is not supported');
  if (!codes && !conditions) tell('specifying one of OnExitCodes and OnPodConditions is required');
}

function exitCodes({ containerName, operator, values }: ExitCodes, names: readonly string[], check: Check): void {
  check.enter('onExitCodes');
  choice(operator, operators, { sub: '.operator', check });
  if (containerName !== undefined && !names.includes(containerName))
    check.invalid(
      containerName,
      'must be one of the container or initContainer names in the pod template',
      '.containerName',
    );
  const codes = values ?? [];
  check.enter('values');
  if (codes.length === 0) check.invalid(values ?? null, 'at least one value is required');
  else if (codes.length > valuesMax) check.tooMany(codes.length, valuesMax);
  for (const [i, code] of codes.entries()) {
    if (operator === 'In' && code === 0) check.invalid(code, 'must not be 0 for the In operator', `[${i}]`);
    if (codes.indexOf(code) < i) check.duplicate(code, `[${i}]`);
  }
  if (codes.some((code, i) => i > 0 && (codes[i - 1] ?? 0) > code)) check.invalid(codes, 'must be ordered');
  check.leave();
  check.leave();
}

function podConditions(list: readonly Condition[], check: Check): void {
  check.enter('onPodConditions');
  if (list.length > rulesMax) check.tooMany(list.length, rulesMax);
  for (const [i, { type = '', status }] of list.entries()) {
    check.enter(i);
    check.enter('type');
    qualifiedName(type, check);
    check.leave();
    choice(status, statuses, { sub: '.status', check });
    check.leave();
  }
  check.leave();
}

export function successPolicy({ successPolicy: policy, completions = 0 }: JobSpec, check: Check): void {
  const rules = policy?.rules ?? [];
  check.enter('successPolicy');
  check.enter('rules');
  if (rules.length === 0) check.required('at least one rules must be specified when the successPolicy is specified');
  if (rules.length > rulesMax) check.tooMany(rules.length, rulesMax);
  for (const [i, rule] of rules.entries()) {
    check.enter(i);
    successRule(rule, completions, check);
    check.leave();
  }
  check.leave();
  check.leave();
}

function successRule(
  { succeededIndexes: text, succeededCount: count }: SuccessRule,
  completions: number,
  check: Check,
): void {
  if (count === undefined && text === undefined)
    check.required('at least one of succeededCount or succeededIndexes must be specified');
  let indexes = 0;
  if (text !== undefined) {
    if (text.length > indexesBytesMax) check.tooLong(indexesBytesMax, '.succeededIndexes');
    const parsed = indexesIn(text, completions);
    if (parsed.kind === 'malformed')
      check.invalid(text, `error parsing succeededIndexes: ${parsed.message}`, '.succeededIndexes');
    else indexes = parsed.count;
  }
  if (count === undefined) return;
  check.enter('succeededCount');
  nonNegative(count, check);
  const limit = 'must be less than or equal to';
  if (count > completions) check.invalid(count, `${limit} ${completions} (the number of specified completions)`);
  if (text !== undefined && count > indexes)
    check.invalid(count, `${limit} ${indexes} (the number of indexes in the specified succeededIndexes field)`);
  check.leave();
}
