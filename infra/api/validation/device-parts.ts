// Parts of dynamic resources that claims and slices share: names of attributes, pools, conditions, configurations.

import { nameProblem, qualifiedNameProblem } from '../registry/names.ts';
import type { Check, Rule } from './check.ts';
import { dnsLabel, labelValue, qualifiedName } from './formats.ts';
import { all, each, fields, type Json, oneOf, required } from './rules.ts';
import { driverName } from './volume-parts.ts';

const none: readonly string[] = [];
const idBytesMax = 32;
const poolBytesMax = 253;
const opaqueBytesMax = 10 * 1024;
const expressionBytesMax = 10 * 1024;
const identifierText =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";
export const taintEffects = ['NoExecute', 'NoSchedule', 'None'];

/** At most `max` items, or none is looked at. */
export function few<T>(max: number, ...rules: readonly Rule<readonly T[]>[]): Rule<readonly T[]> {
  return (items, check) => {
    if (items.length > max) check.tooMany(items.length, max);
    else for (const rule of rules) rule(items, check);
  };
}

/** `name`, or `domain/name`. */
export const attributeName: Rule<string> = (value, check) => {
  const [first = '', second] = value.split('/');
  if (second === undefined) return identifier(first, check);
  if (first === '') check.invalid('', 'the domain must not be empty');
  else driverName(first, check);
  if (second === '') check.invalid('', 'the name must not be empty');
  else identifier(second, check);
};

export const fullAttributeName: Rule<string> = (value, check) => {
  attributeName(value, check);
  if (!value.includes('/'))
    check.invalid(value, 'a fully qualified name must be a domain and a name separated by a slash');
};

function identifier(value: string, check: Check): void {
  if (value.length > idBytesMax) check.tooLong(idBytesMax);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) check.invalid(value, identifierText);
}

export const poolName: Rule<string> = required<string>((value, check) => {
  if (value.length > poolBytesMax) check.tooLong(poolBytesMax);
  for (const part of value.split('/')) {
    const problem = nameProblem(part, 'subdomain');
    if (problem !== undefined) check.invalid(part, problem);
  }
});

const conditionsMax = 4;

type Conditioned = {
  readonly bindingConditions?: readonly string[] | null;
  readonly bindingFailureConditions?: readonly string[] | null;
};

/** What must hold, and must not, before a device is bound: both or neither, and no condition in both. */
export const bindingConditions: Rule<Conditioned> = (value, check) => {
  const [wanted, failing] = [value.bindingConditions ?? none, value.bindingFailureConditions ?? none];
  conditionList(wanted, 'bindingConditions', check);
  conditionList(failing, 'bindingFailureConditions', check);
  for (const [index, condition] of failing.entries()) {
    if (!wanted.includes(condition)) continue;
    const detail = 'bindingFailureConditions must not overlap with bindingConditions';
    check.invalid(condition, detail, `.bindingFailureConditions[${index}]`);
  }
  if (wanted.length === 0 && failing.length > 0)
    check.invalid(wanted, 'bindingConditions are required to use bindingFailureConditions', '.bindingConditions');
  if (failing.length === 0 && wanted.length > 0)
    check.invalid(
      failing,
      'bindingFailureConditions are required to use bindingConditions',
      '.bindingFailureConditions',
    );
};

function conditionList(conditions: readonly string[], field: string, check: Check): void {
  check.enter(field);
  few<string>(conditionsMax, each(qualifiedName))(conditions, check);
  for (const [index, condition] of conditions.entries())
    if (conditions.indexOf(condition) < index) check.duplicate(condition, `[${index}]`);
  check.leave();
}

export const selectors: Rule<readonly object[]> = few<object>(
  32,
  each(
    fields({
      cel: required(
        fields({
          expression: (value: string, check) => {
            if (value.length > expressionBytesMax) check.tooLong(expressionBytesMax);
          },
        }),
      ),
    }),
  ),
);

const parameters: Rule<unknown> = required<unknown>((value, check) => {
  if (Buffer.byteLength(JSON.stringify(value)) > opaqueBytesMax) check.tooLong(opaqueBytesMax);
  else if (typeof value !== 'object' || Array.isArray(value))
    check.invalid('<value omitted>', 'must be a valid JSON object');
});

/** What a driver is told and nobody else understands. */
export const deviceConfiguration: Rule<Json> = fields({
  opaque: required(fields({ driver: required(driverName), parameters })),
});

type Toleration = { readonly operator?: string; readonly value?: string };

export const deviceToleration: Rule<Toleration> = all<Toleration>(
  fields({ key: qualifiedName, operator: required(oneOf('Equal', 'Exists')), effect: oneOf(...taintEffects) }),
  ({ operator, value = '' }, check) => {
    if (operator === 'Exists' && value !== '') check.invalid(value, 'must be empty for operator `Exists`', '.value');
    if (operator !== 'Equal') return;
    check.enter('value');
    labelValue(value, check);
    check.leave();
  },
);

export const deviceTaint: Rule<Json> = fields({
  key: required<string>((key, check) => {
    const problem = qualifiedNameProblem(key);
    if (problem !== undefined) check.invalid(key, problem);
  }),
  value: labelValue,
  effect: required(oneOf(...taintEffects)),
});

export const requestName: Rule<string> = required(dnsLabel);
