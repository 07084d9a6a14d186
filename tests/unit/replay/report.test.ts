import { describe, expect, test } from 'vitest';
import type { Difference } from '../../../infra/replay/compare-objects.ts';
import type { Comparison } from '../../../infra/replay/compare-state.ts';
import { type Anomaly, type Finding, Tally } from '../../../infra/replay/finding.ts';
import { reportJson, reportLines } from '../../../infra/replay/report.ts';
import type { Verification } from '../../../infra/replay/verify.ts';
import type { Revision } from '../../../streams/base/brand.ts';
import { ReplayedState } from '../../../streams/history/replayed-state.ts';

type Parts = {
  readonly findings?: readonly Finding[];
  readonly anomalies?: readonly Anomaly[];
  readonly differences?: readonly Difference[];
  readonly comparison?: Comparison;
};

function tally<T>(entries: readonly T[], keepMax = 2): Tally<T> {
  const all = new Tally<T>(keepMax);
  for (const entry of entries) all.add(entry);
  return all;
}

function verification({ findings = [], anomalies = [], differences = [], comparison }: Parts): Verification {
  const state = new ReplayedState();
  state.moveTo(1_234 as Revision);
  return {
    first: 1 as Revision,
    state,
    lastEvents: 0,
    findings: tally(findings),
    anomalies: tally(anomalies),
    comparison: comparison ?? {
      with: 'apiServer',
      server: 'https://127.0.0.1:6443',
      objects: 58,
      differences: tally(differences),
      unlisted: [],
    },
  };
}

const linesOf = (parts: Parts) => reportLines(verification(parts), { seconds: 0, paint: (_, text) => text });

const finding = (revision: number): Finding => ({
  kind: 'illegal',
  revision: revision as Revision,
  object: 'default pod/web-1',
  text: 'pod.ready is not allowed in Failed',
});

describe('the report', () => {
  test('says in the last line that all is well', () => {
    expect(linesOf({})).toEqual([
      'Replayed 0 events up to revision 1234 in 0.0 s: 0 objects.',
      'Compared 58 objects with the API server at https://127.0.0.1:6443: the same.',
      '✓ Every transition is lawful or was recorded as unlawful when it happened, and the replayed state is the live one.',
    ]);
  });

  test('lists the first findings, counts the others and explains their kind', () => {
    expect(linesOf({ findings: [finding(7), finding(8), finding(9)] }).slice(1)).toEqual([
      '3 recorded events are not as they should be:',
      '  7  default pod/web-1  illegal  pod.ready is not allowed in Failed',
      '  8  default pod/web-1  illegal  pod.ready is not allowed in Failed',
      '  … and 1 more',
      '  illegal: illegal transitions',
      'Compared 58 objects with the API server at https://127.0.0.1:6443: the same.',
      '✗ 3 findings, 0 differences.',
    ]);
  });

  test('tells anomalies apart: they fail nothing', () => {
    const lines = linesOf({ anomalies: [{ revision: 5 as Revision, object: 'node/a', text: 'odd' }] });
    expect(lines).toContain('1 transitions were unlawful and recorded as such:');
    expect(lines).toContain('  5  node/a  odd');
    expect(lines.at(-1)).toMatch(/^✓/);
  });

  test('shows differences with their path, shortened where they are long', () => {
    const lines = linesOf({
      differences: [
        { object: 'default pod/a', path: '.spec.x', replayed: 'x'.repeat(300), live: undefined },
        { object: 'default pod/b', path: '', replayed: undefined, live: {} },
      ],
    });
    expect(lines.slice(1)).toEqual([
      '2 differences between the replayed state and the API server at https://127.0.0.1:6443:',
      `  default pod/a  .spec.x  replayed "${'x'.repeat(119)}…, live nothing`,
      '  default pod/b  is live, but not in the log',
      '✗ 0 findings, 2 differences.',
    ]);
  });

  test('says what it was compared with', () => {
    expect(linesOf({ comparison: { with: 'nothing' } })).toContain(
      'Not compared with the present: the past was asked for.',
    );
    const log: Comparison = { with: 'log', objects: 3, differences: tally<Difference>([]) };
    expect(linesOf({ comparison: log })).toContain(
      'Compared 3 objects with the last event of every subject (no API server runs): the same.',
    );
  });

  test('is one JSON value for programs', () => {
    expect(reportJson(verification({ findings: [finding(7)] }), { seconds: 1.5 })).toMatchObject({
      clean: false,
      revision: 1_234,
      seconds: 1.5,
      findings: { count: 1, items: [{ kind: 'illegal', revision: 7 }] },
      comparison: { with: 'apiServer', objects: 58, differences: { count: 0, items: [] } },
    });
  });
});
