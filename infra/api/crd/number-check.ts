// What a schema asks of a number: that its format can hold it, bounds, a factor. Whole numbers are compared as whole
// numbers, with the bound's fraction cut off, as Go's validator does.

import type { FieldError } from '../errors.ts';
import { goFloat, isInt64 } from '../go-number.ts';
import type { Structural } from './structural.ts';

const none: readonly FieldError[] = [];

/** Problems; those about the schema's own numbers have no field. */
export function numberProblems(schema: Structural, value: number, path: string): readonly FieldError[] {
  const { multipleOf, minimum, maximum } = schema.source;
  const range = rangeProblem(schema, value, { what: 'Checked', path });
  if (range === undefined && multipleOf === undefined && minimum === undefined && maximum === undefined) return none;
  const problems = [range];
  const whole = isInt64(value);
  const checked = { schema, value, path, whole };
  if (typeof multipleOf === 'number') problems.push(...multipleProblems(checked, multipleOf));
  if (typeof minimum === 'number') problems.push(...boundProblems(checked, minimum, 'Minimum'));
  if (typeof maximum === 'number') problems.push(...boundProblems(checked, maximum, 'Maximum'));
  return problems.filter((problem) => problem !== undefined);
}

type Checked = {
  readonly schema: Structural;
  readonly value: number;
  readonly path: string;
  readonly whole: boolean;
};

function multipleProblems({ schema, value, path, whole }: Checked, factor: number): (FieldError | undefined)[] {
  const unfit = rangeProblem(schema, factor, { what: 'MultipleOf', path });
  const asWhole = unfit === undefined && whole;
  const used = asWhole ? Math.trunc(factor) : factor;
  const shown = asWhole ? String(used) : goFloat(used);
  if (used <= 0) {
    const detail = `factor MultipleOf declared for ${path} must be positive: ${shown}`;
    return [unfit, { type: 'Invalid', field: path, value: used, detail }];
  }
  const met = asWhole ? value % used === 0 : isWhole(used < 1 ? (1 / used) * value : value / used);
  if (met) return [unfit];
  return [unfit, { type: 'Invalid', field: path, value, detail: `${path} in body should be a multiple of ${shown}` }];
}

function boundProblems(
  { schema, value, path, whole }: Checked,
  bound: number,
  side: 'Minimum' | 'Maximum',
): (FieldError | undefined)[] {
  const unfit = rangeProblem(schema, bound, { what: `${side} boundary`, path });
  const asWhole = unfit === undefined && whole;
  const used = asWhole ? Math.trunc(bound) : bound;
  const exclusive = (side === 'Minimum' ? schema.source.exclusiveMinimum : schema.source.exclusiveMaximum) === true;
  const beyond = side === 'Minimum' ? used - value : value - used;
  if (!(beyond > 0 || (exclusive && beyond === 0))) return [unfit];
  const word = side === 'Minimum' ? 'greater' : 'less';
  const shown = asWhole ? String(used) : goFloat(used);
  const detail = `${path} in body should be ${word} than ${exclusive ? '' : 'or equal to '}${shown}`;
  return [unfit, { type: 'Invalid', field: path, value, detail }];
}

/** Whether the type and format can hold a number at all. */
function rangeProblem(
  { type, intOrString, format }: Structural,
  value: number,
  { what, path }: { readonly what: string; readonly path: string },
): FieldError | undefined {
  if (intOrString || (type !== 'integer' && type !== 'number')) return undefined;
  if (type === 'number') {
    if (format !== 'float' || Math.fround(value) !== Number.POSITIVE_INFINITY * Math.sign(value)) return undefined;
  } else {
    const limit = format === 'int32' ? 2 ** 31 : 2 ** 63;
    if (Number.isInteger(value) && value >= -limit && value < limit) return undefined;
  }
  const named = format === '' ? `type ${type} (default format)` : `type ${type} with format ${format}`;
  return { type: 'Invalid', field: '', value: '', detail: `${what} value must be of ${named} in ${path}` };
}

/** As close to a whole number as a float64 can be told to be. */
function isWhole(value: number): boolean {
  return (
    Math.abs(value) <= Number.MAX_SAFE_INTEGER &&
    Math.abs(value - Math.round(value)) < 1e-9 * Math.max(1, Math.abs(value))
  );
}
