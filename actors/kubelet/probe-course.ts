// The course of one probe of one container: counters and thresholds as upstream's prober keeps them. An execution is a
// step; where outcomes are known ahead (simulated containers), runs of successes that change nothing are skipped, so a
// healthy container costs nothing however often it is probed. All times count from the container's start.

import type { Handler, Probe } from '../../streams/resources/pod.ts';
import { parseDuration } from '../kit/go-duration.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** When a probe fails: from … to, the end not included. At all other times it succeeds. */
export type ProbeScript = readonly { readonly fromMs: number; readonly toMs: number }[];

export type ProbeTimes = {
  readonly firstMs: number;
  readonly periodMs: number;
  readonly failureThreshold: number;
  readonly successThreshold: number;
};

export type ProbeCourse = {
  /** The next execution worth making; undefined where nothing will change any more. */
  readonly atMs: number | undefined;
  /** The verdict that counts; undefined before there is one. */
  readonly verdict: boolean | undefined;
  /** How often in a row the last outcome came. */
  readonly last: boolean | undefined;
  readonly run: number;
};

export type ProbeStep = {
  readonly course: ProbeCourse;
  readonly succeeded: boolean;
  /** The verdict this execution changed. */
  readonly turned: boolean;
};

/** `sinceMs`: not before then, because the startup probe had not succeeded yet. */
export function probeTimes(probe: Probe, sinceMs = 0): ProbeTimes {
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3, successThreshold = 1 } = probe;
  return {
    firstMs: Math.max(initialDelaySeconds * 1_000, sinceMs),
    periodMs: periodSeconds * 1_000,
    failureThreshold,
    successThreshold,
  };
}

/** A container is unready until its probe says otherwise, and alive until its probe says otherwise. */
export function beginCourse(kind: ProbeKind, times: ProbeTimes, script: ProbeScript): ProbeCourse {
  const fresh = { atMs: times.firstMs, verdict: initial[kind], last: undefined, run: 0 };
  return kind === 'liveness' ? resumed(fresh, { times, script, fromMs: times.firstMs }) : fresh;
}

const initial: Readonly<Record<ProbeKind, boolean | undefined>> = {
  startup: undefined,
  liveness: true,
  readiness: false,
};

/** Makes the execution that is due at `course.atMs`. */
export function probed(
  course: ProbeCourse,
  { times, script }: { readonly times: ProbeTimes; readonly script: ProbeScript },
): ProbeStep {
  const atMs = course.atMs ?? 0;
  const succeeded = !script.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
  const run = course.last === succeeded ? course.run + 1 : 1;
  const decides = run >= (succeeded ? times.successThreshold : times.failureThreshold);
  const verdict = decides ? succeeded : course.verdict;
  const next = { atMs: atMs + times.periodMs, verdict, last: succeeded, run };
  return {
    course: resumed(next, { times, script, fromMs: atMs + times.periodMs }),
    succeeded,
    turned: decides && verdict !== course.verdict,
  };
}

/** The course goes on with the first execution from then on that is worth making. */
export function resumed(
  course: ProbeCourse,
  { times, script, fromMs }: { readonly times: ProbeTimes; readonly script: ProbeScript; readonly fromMs: number },
): ProbeCourse {
  const { firstMs, periodMs } = times;
  const executionFrom = (ms: number) => firstMs + Math.max(0, Math.ceil((ms - firstMs) / periodMs)) * periodMs;
  const settled = course.verdict === true && course.last !== false;
  if (!settled) return { ...course, atMs: executionFrom(fromMs) };
  for (const fails of script) {
    const atMs = executionFrom(Math.max(fails.fromMs, fromMs));
    if (atMs < fails.toMs) return { ...course, atMs };
  }
  return { ...course, atMs: undefined };
}

export const probeForms = '"ok", "fail", "fail 10s..30s", "fail 30s.." or several of these with commas between';

/** Reads `ok`, `fail`, `fail 10s..30s`, `fail 10s..`, `fail ..5s, fail 1m..2m`. Undefined where the text is none of these. */
export function parseProbeScript(text: string): ProbeScript | undefined {
  if (text.trim() === 'ok') return [];
  const fails: { fromMs: number; toMs: number }[] = [];
  for (const part of text.split(',')) {
    const match = /^fail(?:\s+(\S*?)\.\.(\S*))?$/.exec(part.trim());
    if (match === null) return undefined;
    const [, from = '', to = ''] = match;
    const fromMs = from === '' ? 0 : parseDuration(from);
    const toMs = to === '' ? Number.POSITIVE_INFINITY : parseDuration(to);
    if (fromMs === undefined || toMs === undefined || toMs <= fromMs) return undefined;
    if (fromMs < (fails.at(-1)?.toMs ?? 0)) return undefined;
    fails.push({ fromMs, toMs });
  }
  return fails;
}

/** What a failing probe of this kind says, as upstream's probers word it. */
export function failureOutput({ httpGet, tcpSocket, grpc }: Handler, ip: string): string {
  if (httpGet !== undefined) return 'HTTP probe failed with statuscode: 503';
  if (tcpSocket !== undefined) return `dial tcp ${ip}:${tcpSocket.port}: connect: connection refused`;
  if (grpc !== undefined) return 'service unhealthy (responded with "NOT_SERVING")';
  return 'command exited with status 1';
}
