// Rules for texts and numbers many kinds share: names, labels, ports, paths, keys, quantities. Texts are Kubernetes'.

import { isIPv4, isIPv6 } from 'node:net';
import { canonicalQuantity, parseQuantity } from '../../../streams/resources/quantity.ts';
import {
  annotationProblems,
  labelProblems,
  labelValueProblem,
  nameProblem,
  qualifiedNameProblem,
} from '../registry/names.ts';
import type { Rule } from './check.ts';
import { absentRule, firstOf, pattern, range, text } from './rules.ts';

export const dnsLabel: Rule<string> = text((value) => nameProblem(value, 'label'));
export const dnsSubdomain: Rule<string> = text((value) => nameProblem(value, 'subdomain'));
export const serviceName: Rule<string> = text((value) => nameProblem(value, 'service'));
export const pathSegment: Rule<string> = text((value) => nameProblem(value, 'path-segment'));
/** `prefix/name`, as keys of labels and names of conditions are formed. */
export const qualifiedName: Rule<string> = text(qualifiedNameProblem);
export const labelValue: Rule<string> = text(labelValueProblem);

/** A map of labels; problems stand at the map itself. */
export const labels: Rule<Readonly<Record<string, string>>> = (value, check) => {
  const problems = labelProblems(value, '');
  if (problems.length > 0) check.add(problems.map((problem) => ({ ...problem, field: check.pathOf() })));
};

export const annotations: Rule<Readonly<Record<string, string>>> = (value, check) => {
  const problems = annotationProblems(value, '');
  if (problems.length > 0) check.add(problems.map((problem) => ({ ...problem, field: check.pathOf() })));
};

export const portNumber: Rule<number> = range(1, 65_535);
export const userId: Rule<number> = range(0, 2_147_483_647);

const oneLetter = /[a-z]/;
export const portName: Rule<string> = text((value) => {
  if (value.length > 15) return 'must be no more than 15 characters';
  if (!/^[-a-z0-9]+$/.test(value)) return 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)';
  if (!oneLetter.test(value)) return 'must contain at least one letter (a-z)';
  if (value.includes('--')) return 'must not contain consecutive hyphens';
  return value.startsWith('-') || value.endsWith('-') ? 'must not begin or end with a hyphen' : undefined;
});

/** A port's number or name. */
export const portNumberOrName: Rule<number | string> = (value, check) =>
  typeof value === 'number' ? portNumber(value, check) : portName(value, check);

const percent = /^[0-9]+%$/;
export const percentText =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** A count that is not negative, or a percentage. An empty text is given, and is neither. */
export const countOrPercent: Rule<number | string> = absentRule(
  (value, check) => {
    if (typeof value === 'string') {
      if (!percent.test(value)) check.invalid(value, percentText);
    } else if (value < 0) check.invalid(value, 'must be greater than or equal to 0');
  },
  (check, _before, given) => {
    if (given === '') check.invalid(given, percentText);
  },
);

export const noMoreThan100Percent: Rule<number | string> = (value, check) => {
  if (typeof value === 'string' && percent.test(value) && Number.parseInt(value, 10) > 100)
    check.invalid(value, 'must not be greater than 100%');
};

const configKeyForm = /^[-._a-zA-Z0-9]+$/;
/** A key of a ConfigMap or a Secret. */
export const configKey: Rule<string> = text((value) => {
  if (value.length > 253) return 'must be no more than 253 characters';
  if (!configKeyForm.test(value))
    return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  return upwards(value);
});

/** A name of an environment variable: printable ASCII but `=`. */
export const envName: Rule<string> = pattern(
  /^[\x20-\x3c\x3e-\x7e]+$/,
  "a valid environment variable name must consist only of printable ASCII characters other than '='",
);

export const httpHeaderName: Rule<string> = pattern(
  /^[-A-Za-z0-9]+$/,
  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
);

/** Go up with `..` is refused in paths that are joined below a volume. */
export const noBacksteps: Rule<string> = (value, check) => {
  if (value.includes('..') && value.split(/[/\\]/).includes('..')) check.invalid(value, "must not contain '..'");
};

/** A relative path that stays below. */
export const localPath: Rule<string> = firstOf<string>(pattern(/^[^/]/, 'must be a relative path'), (value, check) =>
  noBacksteps(value, check),
);

export const ipAddress: Rule<string> = (value, check) => {
  if (!isIPv4(value) && !isIPv6(value))
    check.invalid(value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
};

/** A quantity in any of its spellings. */
export const quantity: Rule<string> = (value, check) => {
  if (canonicalQuantity(value) !== undefined) return;
  const parsed = parseQuantity(value);
  check.invalid(value, parsed.kind === 'malformed' ? parsed.message : '');
};

export const nonNegativeQuantity: Rule<string> = firstOf<string>(quantity, (value, check) => {
  if (value.startsWith('-')) check.invalid(value, 'must be greater than or equal to 0');
});

function upwards(value: string): string | undefined {
  if (value === '.' || value === '..') return `must not be '${value}'`;
  return value.startsWith('..') ? "must not start with '..'" : undefined;
}
