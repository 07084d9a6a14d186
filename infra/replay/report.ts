// What verification found, for people and for programs. The verdict comes last, because that is the line people read.

import type { Difference } from './compare-objects.ts';
import type { FindingKind, Tally } from './finding.ts';
import { isClean, type Verification } from './verify.ts';

export type ReportOptions = {
  /** How long verification took. */
  readonly seconds: number;
  readonly paint: (colour: 'red' | 'green' | 'yellow' | 'dim', text: string) => string;
};

const meanings: Readonly<Record<FindingKind, string>> = {
  gap: 'missing revisions',
  order: 'revisions out of order',
  object: 'objects that do not fit',
  chain: 'transitions that do not follow on each other',
  illegal: 'illegal transitions',
  mismatch: 'transitions the objects do not show',
  causality: 'effects before their causes',
};

const valueWidthMax = 120;

export function reportLines(verification: Verification, options: ReportOptions): readonly string[] {
  const { state, first, lastEvents, findings, anomalies } = verification;
  const { seconds, paint } = options;
  const rate = seconds > 0 ? `, ${count(Math.round(state.events / seconds))}/s` : '';
  const lines = [
    `Replayed ${count(state.events)} events up to revision ${state.revision} in ${seconds.toFixed(1)} s${rate}: ${count(state.size)} objects.`,
  ];
  if (first > 1) lines.push(`History begins at revision ${first}: what was before is no longer retained.`);
  if (lastEvents > 0) lines.push(`Of leases and core events the last one each: ${count(lastEvents)}.`);
  if (anomalies.count > 0) {
    lines.push(`${count(anomalies.count)} transitions were unlawful and recorded as such:`);
    for (const { revision, object, text } of anomalies.first) lines.push(`  ${revision}  ${object}  ${text}`);
    lines.push(...more(anomalies));
  }
  if (findings.count > 0) {
    lines.push(paint('red', `${count(findings.count)} recorded events are not as they should be:`));
    for (const { kind, revision, object, text } of findings.first) {
      lines.push(`  ${revision}  ${object}  ${paint('yellow', kind)}  ${text}`);
    }
    lines.push(...more(findings));
    const kinds = [...new Set(findings.first.map(({ kind }) => kind))];
    for (const kind of kinds) lines.push(paint('dim', `  ${kind}: ${meanings[kind]}`));
  }
  lines.push(...comparisonLines(verification, options));
  lines.push(verdict(verification, paint));
  return lines;
}

/** The report as one JSON value. */
export function reportJson(verification: Verification, { seconds }: Pick<ReportOptions, 'seconds'>): object {
  const { state, first, lastEvents, findings, anomalies, comparison } = verification;
  const tally = <T>({ count: total, first: items }: Tally<T>) => ({ count: total, items });
  return {
    clean: isClean(verification),
    firstRevision: first,
    revision: state.revision,
    events: state.events,
    objects: state.size,
    lastEvents,
    seconds,
    findings: tally(findings),
    anomalies: tally(anomalies),
    comparison:
      comparison.with === 'nothing' ? comparison : { ...comparison, differences: tally(comparison.differences) },
  };
}

function verdict(verification: Verification, paint: ReportOptions['paint']): string {
  const { findings, comparison } = verification;
  const same = comparison.with === 'nothing' ? '' : ', and the replayed state is the live one';
  if (isClean(verification)) {
    return `${paint('green', '✓')} Every transition is lawful or was recorded as unlawful when it happened${same}.`;
  }
  const differences = comparison.with === 'nothing' ? 0 : comparison.differences.count;
  return `${paint('red', '✗')} ${count(findings.count)} findings, ${count(differences)} differences.`;
}

function comparisonLines({ comparison }: Verification, { paint }: ReportOptions): readonly string[] {
  switch (comparison.with) {
    case 'nothing':
      return ['Not compared with the present: the past was asked for.'];
    case 'log':
      return differenceLines(comparison, 'the last event of every subject (no API server runs)', paint);
    case 'apiServer': {
      const { unlisted, server } = comparison;
      const lines = differenceLines(comparison, `the API server at ${server}`, paint);
      return unlisted.length === 0
        ? lines
        : [...lines, `Not compared, as they are not listed: ${unlisted.join(', ')}.`];
    }
  }
}

function differenceLines(
  { objects, differences }: { readonly objects: number; readonly differences: Tally<Difference> },
  other: string,
  paint: ReportOptions['paint'],
): readonly string[] {
  if (differences.count === 0) return [`Compared ${count(objects)} objects with ${other}: the same.`];
  const lines = [paint('red', `${count(differences.count)} differences between the replayed state and ${other}:`)];
  for (const { object, path, replayed, live } of differences.first) {
    if (path === '')
      lines.push(
        `  ${object}  ${replayed === undefined ? 'is live, but not in the log' : 'is in the log, but not live'}`,
      );
    else lines.push(`  ${object}  ${path}  replayed ${value(replayed)}, live ${value(live)}`);
  }
  return [...lines, ...more(differences)];
}

function more<T>({ count: total, first }: Tally<T>): readonly string[] {
  const rest = total - first.length;
  return rest === 0 ? [] : [`  … and ${count(rest)} more`];
}

function value(json: unknown): string {
  const text = JSON.stringify(json) ?? 'nothing';
  return text.length <= valueWidthMax ? text : `${text.slice(0, valueWidthMax)}…`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
