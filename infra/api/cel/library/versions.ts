// Semantic versions (2.0.0 of the specification), strict or as people write them (`v1.2`).

import { CelError, type Result } from '../values.ts';
import { kubernetesType, Opaque } from './opaque.ts';
import type { Library } from './signature.ts';

const TYPE = kubernetesType('Semver');
const NUMBER_MAX = 2n ** 64n - 1n;

type Version = {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly string[];
};

class Semver extends Opaque {
  readonly type = TYPE;
  readonly version: Version;

  constructor(version: Version) {
    super();
    this.version = version;
  }

  protected same(other: Semver): boolean {
    return compareVersions(this, other) === 0;
  }
}

export const VERSIONS: Library = {
  semver: {
    'string_to_semver(string) kubernetes.Semver': parse,
    'string_bool_to_semver(string, bool) kubernetes.Semver': (text: string, normalize: boolean) =>
      normalize ? parseNormalized(text) : parse(text),
  },
  isSemver: {
    'is_semver_string(string) bool': (text: string) => parse(text) instanceof Semver,
    'is_semver_string_bool(string, bool) bool': (text: string, normalize: boolean) =>
      (normalize ? parseNormalized(text) : parse(text)) instanceof Semver,
  },
  major: { '.semver_major(kubernetes.Semver) int': ({ version }: Semver) => version.numbers[0] },
  minor: { '.semver_minor(kubernetes.Semver) int': ({ version }: Semver) => version.numbers[1] },
  patch: { '.semver_patch(kubernetes.Semver) int': ({ version }: Semver) => version.numbers[2] },
  isGreaterThan: {
    '.semver_is_greater_than(kubernetes.Semver, kubernetes.Semver) bool': (left: Semver, right: Semver) =>
      compareVersions(left, right) > 0,
  },
  isLessThan: {
    '.semver_is_less_than(kubernetes.Semver, kubernetes.Semver) bool': (left: Semver, right: Semver) =>
      compareVersions(left, right) < 0,
  },
  compareTo: {
    '.semver_compare_to(kubernetes.Semver, kubernetes.Semver) int': (left: Semver, right: Semver) =>
      BigInt(compareVersions(left, right)),
  },
};

function parse(text: string): Result {
  if (text === '') return new CelError('Version string empty');
  const parts = splitThree(text);
  const [major = '', minor = '', rest = ''] = parts;
  if (parts.length < 3) return new CelError('No Major.Minor.Patch elements found');
  const [withoutBuild = '', ...builds] = rest.split('+');
  const dash = withoutBuild.indexOf('-');
  const patch = dash < 0 ? withoutBuild : withoutBuild.slice(0, dash);
  const prerelease = dash < 0 ? [] : withoutBuild.slice(dash + 1).split('.');
  const build = builds.length === 0 ? [] : builds.join('+').split('.');
  const problem =
    numberProblem('major', major) ??
    numberProblem('minor', minor) ??
    numberProblem('patch', patch) ??
    prerelease.map(prereleaseProblem).find((found) => found !== undefined) ??
    build.map(buildProblem).find((found) => found !== undefined);
  if (problem !== undefined) return new CelError(problem);
  return new Semver({ numbers: [BigInt(major), BigInt(minor), BigInt(patch)], prerelease });
}

/** At most three parts: the last keeps its dots. */
function splitThree(text: string): string[] {
  const parts = text.split('.');
  return parts.length <= 3 ? parts : [...parts.slice(0, 2), parts.slice(2).join('.')];
}

/** A leading `v`, leading zeros and missing parts are forgiven. */
function parseNormalized(text: string): Result {
  const parts = splitThree(text.replace(/^v/, '')).map((part) => {
    if (part.length < 2) return part;
    const trimmed = part.replace(/^0+/, '');
    return /^\d/.test(trimmed) ? trimmed : `0${trimmed}`;
  });
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? ''))
    return new CelError('short version cannot contain PreRelease/Build meta data');
  while (parts.length < 3) parts.push('0');
  return parse(parts.join('.'));
}

function numberProblem(name: string, text: string): string | undefined {
  const title = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  if (!/^\d*$/.test(text)) return `Invalid character(s) found in ${name} number ${JSON.stringify(text)}`;
  if (/^0./.test(text)) return `${title} number must not contain leading zeroes ${JSON.stringify(text)}`;
  const shown = `strconv.ParseUint: parsing ${JSON.stringify(text)}`;
  if (text === '') return `${shown}: invalid syntax`;
  return BigInt(text) > NUMBER_MAX ? `${shown}: value out of range` : undefined;
}

function prereleaseProblem(text: string): string | undefined {
  if (text === '') return 'Prerelease is empty';
  if (/^0\d+$/.test(text)) return `Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(text)}`;
  return /^[0-9A-Za-z-]+$/.test(text) ? undefined : `Invalid character(s) found in prerelease ${JSON.stringify(text)}`;
}

function buildProblem(text: string): string | undefined {
  if (text === '') return 'Build meta data is empty';
  return /^[0-9A-Za-z-]+$/.test(text)
    ? undefined
    : `Invalid character(s) found in build meta data ${JSON.stringify(text)}`;
}

function compareVersions(left: Semver, right: Semver): number {
  for (let at = 0; at < 3; at++) {
    const order = compareBigints(left.version.numbers[at] ?? 0n, right.version.numbers[at] ?? 0n);
    if (order !== 0) return order;
  }
  const [a, b] = [left.version.prerelease, right.version.prerelease];
  if (a.length === 0 || b.length === 0) return a.length === b.length ? 0 : a.length === 0 ? 1 : -1;
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareParts(a[at] ?? '', b[at] ?? '');
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

/** Numbers come before words. */
function compareParts(left: string, right: string): number {
  const [a, b] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (a && b) return compareBigints(BigInt(left), BigInt(right));
  if (a !== b) return a ? -1 : 1;
  return left < right ? -1 : Number(left > right);
}

function compareBigints(left: bigint, right: bigint): number {
  return left < right ? -1 : Number(left > right);
}
