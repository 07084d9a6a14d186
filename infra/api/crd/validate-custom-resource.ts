// Whether a custom resource may be written: its values against the schema of the version it was written in, the paths its
// scale stands for, the objects inside it, lists that are sets or maps, and last the schema's CEL rules. What an update
// leaves as it was is forgiven as far as upstream forgives it.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { FieldError } from '../errors.ts';
import type { ScalePaths } from './definition.ts';
import { embeddedProblems } from './embedded-meta.ts';
import { isObject } from './json.ts';
import { listProblems } from './list-sets.ts';
import { ruleProblems } from './rule-problems.ts';
import type { Structural } from './structural.ts';
import { valueProblems } from './value-check.ts';

export type CustomSchema = {
  /** Absent for a version that accepts anything. */
  readonly structural: Structural | undefined;
  readonly scale: ScalePaths | undefined;
};

/** Problems of a write of the whole object; `before` is absent for a creation. */
export function validateCustomResource(
  { structural, scale }: CustomSchema,
  next: AnyObject,
  before: AnyObject | undefined,
): readonly FieldError[] {
  const problems: FieldError[] = [];
  if (structural !== undefined) {
    const old = before === undefined ? undefined : { value: before };
    problems.push(...valueProblems(next, structural, { before: old }));
  }
  if (scale !== undefined) problems.push(...specReplicasProblems(next, scale), ...statusReplicasProblems(next, scale));
  if (structural === undefined) return problems;
  problems.push(...embeddedProblems(next, structural, ''));
  problems.push(...newListProblems(structural, next, before));
  problems.push(...checkedRules(structural, { next, before, problems }));
  return problems;
}

/** Problems of a write of /status. */
export function validateCustomStatus(
  { structural, scale }: CustomSchema,
  next: AnyObject,
  before: AnyObject,
): readonly FieldError[] {
  const problems: FieldError[] = [];
  const schema = structural?.properties.get('status');
  if (schema !== undefined && next.status !== undefined) {
    const old = before.status === undefined ? undefined : { value: before.status };
    problems.push(...valueProblems(next.status, schema, { at: 'status', before: old }));
  }
  if (scale !== undefined) problems.push(...statusReplicasProblems(next, scale));
  if (structural === undefined) return problems;
  problems.push(...newListProblems(structural, next, before));
  problems.push(...checkedRules(structural, { next, before, problems }));
  return problems;
}

/** Lists that were wrong before may stay so. */
function newListProblems(structural: Structural, next: AnyObject, before: AnyObject | undefined): FieldError[] {
  const problems = listProblems(next, structural, '');
  if (problems.length === 0 || before === undefined) return problems;
  return listProblems(before, structural, '').length > 0 ? [] : problems;
}

const blocking: ReadonlySet<FieldError['type']> = new Set<FieldError['type']>([
  'NotSupported',
  'Required',
  'TooLong',
  'TooMany',
  'TypeInvalid',
]);

/** Rules may rely on types and sizes, so that they are not asked about an object that has the wrong ones. */
function checkedRules(
  structural: Structural,
  write: { readonly next: AnyObject; readonly before: AnyObject | undefined; readonly problems: readonly FieldError[] },
): readonly FieldError[] {
  if (!structural.ruled) return [];
  if (!write.problems.some(({ type }) => blocking.has(type))) return ruleProblems(structural, write.next, write.before);
  const detail =
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
  return [{ type: 'Invalid', field: '<nil>', value: null, detail }];
}

const int32Max = 2_147_483_647;

function specReplicasProblems(object: AnyObject, { specReplicasPath }: ScalePaths): FieldError[] {
  return replicasProblems(object, specReplicasPath);
}

function statusReplicasProblems(
  object: AnyObject,
  { statusReplicasPath, labelSelectorPath }: ScalePaths,
): FieldError[] {
  const problems = replicasProblems(object, statusReplicasPath);
  if (labelSelectorPath === undefined) return problems;
  const selector = valueAtDots(object, labelSelectorPath);
  if (selector.kind === 'found' && typeof selector.value !== 'string')
    problems.push(wrongType(labelSelectorPath, { value: selector.value, wanted: 'string', zero: '' }));
  return problems;
}

function replicasProblems(object: AnyObject, path: string): FieldError[] {
  const found = valueAtDots(object, path);
  if (found.kind === 'absent') return [];
  const { value } = found;
  if (!Number.isInteger(value)) return [wrongType(path, { value, wanted: 'int64', zero: 0 })];
  const replicas = value as number;
  const detail =
    replicas < 0
      ? 'should be a non-negative integer'
      : replicas > int32Max
        ? `should be less than or equal to ${int32Max}`
        : undefined;
  return detail === undefined ? [] : [{ type: 'Invalid', field: path, value: replicas, detail }];
}

function wrongType(
  path: string,
  { value, wanted, zero }: { readonly value: unknown; readonly wanted: string; readonly zero: unknown },
): FieldError {
  const found = typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'float64' : typeof value;
  const detail = `${path} accessor error: ${String(value)} is of the type ${found}, expected ${wanted}`;
  return { type: 'Invalid', field: path, value: zero, detail };
}

export type Found = { readonly kind: 'absent' } | { readonly kind: 'found'; readonly value: unknown };

/** The value at `.spec.replicas`, as scale's paths are written. */
export function valueAtDots(object: unknown, path: string): Found {
  let value = object;
  for (const key of path.replace(/^\./, '').split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return { kind: 'absent' };
    value = value[key];
  }
  return { kind: 'found', value };
}
