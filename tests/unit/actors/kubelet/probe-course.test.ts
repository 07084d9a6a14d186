// The course of a probe: counters and thresholds, and that skipping what changes nothing leaves out nothing that does.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  beginCourse,
  type ProbeKind,
  type ProbeScript,
  type ProbeTimes,
  parseProbeScript,
  probed,
  probeTimes,
} from '../../../../actors/kubelet/probe-course.ts';

const rows: readonly {
  readonly kind: ProbeKind;
  readonly script: string;
  readonly probe: object;
  readonly told: readonly string[];
}[] = [
  { kind: 'readiness', script: 'ok', probe: {}, told: ['0 ready'] },
  { kind: 'readiness', script: 'ok', probe: { initialDelaySeconds: 5 }, told: ['5 ready'] },
  { kind: 'readiness', script: 'ok', probe: { successThreshold: 3 }, told: ['20 ready'] },
  { kind: 'readiness', script: 'fail ..15s', probe: {}, told: ['0 fails', '10 fails', '20 ready'] },
  {
    kind: 'readiness',
    script: 'fail 15s..50s',
    probe: { failureThreshold: 2 },
    told: ['0 ready', '20 fails', '30 fails', '30 unready', '40 fails', '50 ready'],
  },
  { kind: 'readiness', script: 'fail 11s..12s', probe: {}, told: ['0 ready'] },
  { kind: 'liveness', script: 'ok', probe: {}, told: [] },
  {
    kind: 'liveness',
    script: 'fail 30s..',
    probe: { failureThreshold: 2 },
    told: ['30 fails', '40 fails', '40 unready', '50 fails', '60 fails', '70 fails'],
  },
  {
    kind: 'startup',
    script: 'fail ..25s',
    probe: {},
    told: ['0 fails', '10 fails', '20 fails', '20 unready', '30 ready'],
  },
];

describe('a probe', () => {
  test.each(rows)('for $kind that says "$script"', ({ kind, script, probe, told }) => {
    expect(tellsUntil(75_000, kind, { times: probeTimes(probe), script: scriptOf(script) })).toEqual(told);
  });

  test('begins no earlier than its startup probe lets it', () => {
    expect(probeTimes({ initialDelaySeconds: 5 }, 12_000).firstMs).toBe(12_000);
    expect(probeTimes({ initialDelaySeconds: 50 }, 12_000).firstMs).toBe(50_000);
  });

  test.each(['', 'maybe', 'fail 5s', 'fail 5s..1s', 'fail 10s..20s, fail 15s..', 'fail ..soon', 'ok, fail'])(
    'is not scripted as "%s"',
    (text) => expect(parseProbeScript(text)).toBeUndefined(),
  );

  test('that skips executions tells what one that makes them all tells', () => {
    const seconds = (max: number) => fc.integer({ min: 1, max });
    fc.assert(
      fc.property(
        fc.record({ period: seconds(20), failure: seconds(4), success: seconds(3), delay: fc.nat({ max: 30 }) }),
        fc.array(fc.tuple(seconds(60), seconds(60)), { maxLength: 4 }),
        fc.constantFrom('readiness' as const, 'liveness' as const, 'startup' as const),
        ({ period, failure, success, delay }, gaps, kind) => {
          const times = probeTimes({
            periodSeconds: period,
            failureThreshold: failure,
            successThreshold: success,
            initialDelaySeconds: delay,
          });
          const script: { fromMs: number; toMs: number }[] = [];
          for (const [gap, length] of gaps) {
            const fromMs = (script.at(-1)?.toMs ?? 0) + gap * 1_000;
            script.push({ fromMs, toMs: fromMs + length * 1_000 });
          }
          expect(tellsUntil(300_000, kind, { times, script })).toEqual(
            everyExecution(300_000, kind, { times, script }),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

type Scripted = { readonly times: ProbeTimes; readonly script: ProbeScript };

function tellsUntil(endMs: number, kind: ProbeKind, scripted: Scripted): string[] {
  const told: string[] = [];
  let course = beginCourse(kind, scripted.times, scripted.script);
  while (course.atMs !== undefined && course.atMs <= endMs) {
    const at = course.atMs / 1_000;
    const step = probed(course, scripted);
    if (!step.succeeded) told.push(`${at} fails`);
    if (step.turned) told.push(`${at} ${step.succeeded ? 'ready' : 'unready'}`);
    course = step.course;
  }
  return told;
}

/** Upstream's prober, execution by execution. */
function everyExecution(endMs: number, kind: ProbeKind, { times, script }: Scripted): string[] {
  const told: string[] = [];
  let verdict: boolean | undefined = { readiness: false, liveness: true, startup: undefined }[kind];
  let [last, run]: [boolean | undefined, number] = [undefined, 0];
  for (let atMs = times.firstMs; atMs <= endMs; atMs += times.periodMs) {
    const succeeds = !script.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
    run = last === succeeds ? run + 1 : 1;
    last = succeeds;
    if (!succeeds) told.push(`${atMs / 1_000} fails`);
    if (run < (succeeds ? times.successThreshold : times.failureThreshold) || verdict === succeeds) continue;
    verdict = succeeds;
    told.push(`${atMs / 1_000} ${succeeds ? 'ready' : 'unready'}`);
  }
  return told;
}

function scriptOf(text: string): ProbeScript {
  return parseProbeScript(text) ?? [];
}
