// Texts that several tables share: ages, counts, lists, selectors.

import { assertNever } from '../../../streams/base/assert.ts';
import type { AnyObject, LabelSelector, LabelSelectorRequirement, Labels } from '../../../streams/resources/meta.ts';
import type { PodTemplate } from '../../../streams/resources/workload.ts';
import type { Column } from './table.ts';

export const none = '<none>';
export const unknown = '<unknown>';

export function column(name: string, type: Column['type'] = 'string', more: Partial<Column> = {}): Column {
  return { name, type, priority: 0, ...more };
}

/** A column `kubectl get -o wide` adds. */
export function wide(name: string, type: Column['type'] = 'string'): Column {
  return { name, type, priority: 1 };
}

export const nameColumn = column('Name', 'string', { format: 'name' });
export const ageColumn = column('Age');

export function age(object: AnyObject, nowMs: number): string {
  return since(object.metadata.creationTimestamp, nowMs);
}

/** How long ago a time is, as people read it: in whole seconds, cut off as Go cuts them off. */
export function since(time: string | null | undefined, nowMs: number): string {
  if (time === undefined || time === null || time === '') return unknown;
  return humanDuration(nowMs - Date.parse(time));
}

/** Two units at most, fewer the longer it is: `58s`, `3m12s`, `25m`, `3h5m`, `47h`, `9d`, `2y100d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}

function pair(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  return minor === 0 ? `${major}${majorUnit}` : `${major}${majorUnit}${minor}${minorUnit}`;
}

export function joined(values: readonly string[]): string {
  return values.length === 0 ? none : values.join(',');
}

/** The first three, then `+ n more...`. */
export function shortened(values: readonly string[], max = 3): string {
  if (values.length === 0) return none;
  if (values.length <= max) return values.join(',');
  return `${values.slice(0, max).join(',')} + ${values.length - max} more...`;
}

export function labelsText(labels: Labels | undefined): string {
  const texts = Object.keys(labels ?? {})
    .sort()
    .map((key) => `${key}=${labels?.[key]}`);
  return joined(texts);
}

export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return none;
  const exact = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }));
  const others = (selector.matchExpressions ?? []).map((rule) => ({ key: rule.key, text: requirementText(rule) }));
  const ordered = [...exact, ...others].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return joined(ordered.map(({ text }) => text));
}

function requirementText({ key, operator, values = [] }: LabelSelectorRequirement): string {
  switch (operator) {
    case 'In':
      return `${key} in (${[...values].sort().join(',')})`;
    case 'NotIn':
      return `${key} notin (${[...values].sort().join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return assertNever(operator);
  }
}

export function containerNames(template: PodTemplate | undefined): string {
  return (template?.spec?.containers ?? []).map((container) => container.name).join(',');
}

export function containerImages(template: PodTemplate | undefined): string {
  return (template?.spec?.containers ?? []).map((container) => container.image).join(',');
}
