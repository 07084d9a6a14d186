// Which level a namespace's labels ask for, in which version, and what of a pod violates it.

import type { Labels } from '../../../../streams/resources/meta.ts';
import type { FieldError } from '../../errors.ts';
import { baselineChecks } from './baseline-checks.ts';
import type { Check, CheckedPod, Violation } from './check.ts';
import { restrictedChecks } from './restricted-checks.ts';

const levels = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof levels)[number];

export type Standard = {
  readonly level: Level;
  /** `latest` or `v1.30`. */
  readonly version: string;
};

const modes = ['enforce', 'audit', 'warn'] as const;
export type Policy = Readonly<Record<(typeof modes)[number], Standard>>;

const prefix = 'pod-security.kubernetes.io/';
const open: Standard = { level: 'privileged', version: 'latest' };
const openPolicy: Policy = { enforce: open, audit: open, warn: open };

/** A label that says nothing known closes the namespace where it enforces, and is ignored where it only tells. */
export function policyOf(labels: Labels | undefined): { readonly policy: Policy; readonly errors: FieldError[] } {
  const errors: FieldError[] = [];
  let policy = openPolicy;
  let warns = false;
  for (const mode of modes) {
    const level = labels?.[prefix + mode];
    const version = labels?.[`${prefix}${mode}-version`];
    if (level === undefined && version === undefined) continue;
    const isLevel = level === undefined || levels.includes(level as Level);
    const isVersion = version === undefined || version === 'latest' || /^v1\.(0|[1-9][0-9]*)$/.test(version);
    if (!isLevel) errors.push(problem(mode, level, `must be one of ${levels.join(', ')}`));
    if (!isVersion) errors.push(problem(`${mode}-version`, version, 'must be "latest" or "v1.x"'));
    const unknown = mode === 'enforce' ? 'restricted' : 'privileged';
    const standard: Standard = {
      level: level === undefined ? open.level : isLevel ? (level as Level) : unknown,
      version: isVersion ? (version ?? open.version) : open.version,
    };
    policy = { ...policy, [mode]: standard };
    if (mode === 'warn' && level !== undefined) warns = true;
  }
  // What will be refused as a pod is worth a warning as a template.
  if (!warns && labels?.[`${prefix}enforce`] !== undefined && stricter(policy.enforce, policy.warn)) {
    const version = labels[`${prefix}warn-version`] === undefined ? policy.enforce.version : policy.warn.version;
    policy = { ...policy, warn: { level: policy.enforce.level, version } };
  }
  return { policy, errors };
}

export function stricter(a: Standard, b: Standard): boolean {
  return levels.indexOf(a.level) > levels.indexOf(b.level);
}

export function same(a: Standard, b: Standard): boolean {
  return a.level === b.level && a.version === b.version;
}

/** `restricted:latest`, as texts have it. */
export function standardName({ level, version }: Standard): string {
  return `${level}:${version}`;
}

export function violations(pod: CheckedPod, { level, version }: Standard): readonly Violation[] {
  if (level === 'privileged') return none;
  const minor = version === 'latest' ? Number.POSITIVE_INFINITY : Number(version.slice(3));
  const found: Violation[] = [];
  for (const check of checksOf(level, minor)) {
    const violation = check.violation(pod, minor);
    if (violation !== undefined) found.push(violation);
  }
  return found;
}

/** `hostPort (container "a" uses hostPort 80), privileged (…)` */
export function inDetail(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
}

export function inBrief(found: readonly Violation[]): string {
  return found.map(({ reason }) => reason).join(', ');
}

const none: readonly Violation[] = [];

function checksOf(level: Level, minor: number): readonly Check[] {
  const current = ({ since }: Check) => since <= minor;
  if (level === 'baseline') return baselineChecks.filter(current);
  const restricted = restrictedChecks.filter(current);
  const overridden = new Set(restricted.flatMap(({ overrides = [] }) => overrides));
  return [...baselineChecks.filter((check) => current(check) && !overridden.has(check.id)), ...restricted];
}

function problem(label: string, value: string | undefined, detail: string): FieldError {
  return { type: 'Invalid', field: `metadata.labels[${prefix}${label}]`, value, detail };
}
