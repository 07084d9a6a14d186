// Label selectors: matching the API type, and parsing and matching the query string's grammar.

import { assertNever } from '../base/assert.ts';
import type { LabelSelector, Labels } from './meta.ts';

/** One requirement of a selector; all of them must hold. */
export type Requirement = {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | '!' | '=' | '!=' | 'gt' | 'lt';
  readonly values: readonly string[];
};

const none: Labels = {};

/** The label's value. `constructor` is a legal label key: what an object inherits is no label. */
export function labelOf(labels: Labels, key: string): string | undefined {
  const value: unknown = labels[key];
  return typeof value === 'string' ? value : undefined;
}

/** True where the labels satisfy an API label selector. An empty selector matches everything. */
export function matchesSelector(selector: LabelSelector, labels: Labels = none): boolean {
  for (const key in selector.matchLabels) if (labels[key] !== selector.matchLabels[key]) return false;
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const value = labelOf(labels, key);
    const holds =
      operator === 'In'
        ? value !== undefined && values.includes(value)
        : operator === 'NotIn'
          ? value === undefined || !values.includes(value)
          : operator === 'Exists'
            ? value !== undefined
            : value === undefined;
    if (!holds) return false;
  }
  return true;
}

/** True where every key of a plain map selector has that value. An empty map matches nothing here: callers decide. */
export function matchesLabels(selector: Labels, labels: Labels = none): boolean {
  for (const key in selector) if (labels[key] !== selector[key]) return false;
  return true;
}

export function matchesRequirements(requirements: readonly Requirement[], labels: Labels = none): boolean {
  return requirements.every((requirement) => meets(requirement, labelOf(labels, requirement.key)));
}

function meets({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case '=':
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
      return value !== undefined && integer.test(value) && Number(value) > Number(values[0]);
    case 'lt':
      return value !== undefined && integer.test(value) && Number(value) < Number(values[0]);
    default:
      return assertNever(operator);
  }
}

export type ParsedSelector =
  | { readonly kind: 'parsed'; readonly requirements: readonly Requirement[] }
  | { readonly kind: 'invalid'; readonly message: string };

const keyPattern = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const integer = /^[0-9]+$/;
const valuePattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** Parses `a=b,c!=d,e in (f,g),!h,i` as the labelSelector query parameter has it. */
export function parseLabelSelector(text: string): ParsedSelector {
  const requirements: Requirement[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const match =
      /^(?:!\s*(?<absent>[^\s,=!()<>]+)|(?<key>[^\s,=!()<>]+)\s*(?:(?<op>==|=|!=|>|<)\s*(?<value>[^\s,()=!<>]*)|\s(?<setOp>in|notin)\s*\((?<values>[^()]*)\))?)\s*(?:,\s*(?=\S)|$)/.exec(
        rest,
      );
    if (match?.groups === undefined) return invalid(text, `unable to parse requirement near '${rest}'`);
    const { absent, key, op, value = '', setOp, values = '' } = match.groups;
    const name = absent ?? key ?? '';
    if (!keyPattern.test(name)) {
      return invalid(
        text,
        `unable to parse requirement: <nil>: Invalid value: "${name}": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
      );
    }
    const list = setOp === undefined ? [value] : values.split(',').map((item) => item.trim());
    if (absent === undefined && !list.every((item) => valuePattern.test(item))) {
      return invalid(
        text,
        `unable to parse requirement: values: Invalid value: "${list.find((item) => !valuePattern.test(item))}": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
      );
    }
    if (setOp !== undefined && values.trim() === '') {
      const why = "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty";
      return invalid(text, `unable to parse requirement: ${why}`);
    }
    if ((op === '>' || op === '<') && !integer.test(value)) {
      const why = `values[0]: Invalid value: "${value}": for 'Gt', 'Lt' operators, the value must be an integer`;
      return invalid(text, `unable to parse requirement: ${why}`);
    }
    requirements.push(
      absent !== undefined
        ? { key: name, operator: '!', values: [] }
        : setOp !== undefined
          ? { key: name, operator: setOp === 'in' ? 'in' : 'notin', values: list }
          : op === undefined
            ? { key: name, operator: 'exists', values: [] }
            : { key: name, operator: op === '!=' ? '!=' : op === '>' ? 'gt' : op === '<' ? 'lt' : '=', values: list },
    );
    rest = rest.slice(match[0].length);
  }
  return { kind: 'parsed', requirements };
}

function invalid(text: string, why: string): ParsedSelector {
  return { kind: 'invalid', message: `unable to parse selector "${text}": ${why}` };
}
