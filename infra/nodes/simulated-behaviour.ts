// What a simulated container does, told by annotations of its pod. All begin with `simulation.shiplog.dev/`; one that
// ends in `.<container>` means that container only, init containers included, and wins over the one for the whole pod.
//
// | annotation      | values                                         | default                                          |
// |-----------------|------------------------------------------------|--------------------------------------------------|
// | `run`           | `run`: until it is stopped                     | `run`; `complete` for init containers and in     |
// |                 | `complete`: exits 0 after `duration`           | pods of a Job                                    |
// |                 | `fail`: exits `exit-code` after `duration`     |                                                  |
// |                 | `crash-loop`: the same, soon after each start  |                                                  |
// |                 | `never-pull`: its image cannot be pulled       |                                                  |
// | `duration`      | a duration, e.g. `500ms`, `3s`, `1m30s`        | 1s; 100ms for `crash-loop`; 20ms in init         |
// | `exit-code`     | 0 … 255                                        | 1 for `fail` and `crash-loop`                    |
// | `failures`      | how many runs fail before one goes on running  | all of them                                      |
// | `pull-latency`  | a duration                                     | 40–100 ms, seeded; 5–15 ms where it is cached    |
// | `start-latency` | a duration                                     | 10–50 ms, seeded                                 |
// | `ready-after`   | a duration from start to ready, or `never`     | as the readiness probe says, else at once        |
// | `startup`,      | when that probe fails, counted from the start: | `ok`                                             |
// | `liveness`,     | `ok`, `fail`, `fail 10s..30s`, `fail 30s..`,   |                                                  |
// | `readiness`     | `fail ..5s, fail 1m..2m`                       |                                                  |
// | `cpu`, `memory` | usage over time (`usage-script.ts`); memory    | a fraction of the requests                       |
// |                 | above the limit is OOMKilled                   |                                                  |
// | `post-start`    | how long the postStart hook takes, or `fail`,  | 5–30 ms, seeded; `sleep` hooks as they say       |
// |                 | as often as `failures` says                    |                                                  |
// | `pre-stop`      | how long the preStop hook takes, or `fail`     | 5–30 ms, seeded; `sleep` hooks as they say       |
// | `stop-duration` | a duration from SIGTERM to exit 0; SIGKILL     | 5–30 ms, seeded                                  |
// |                 | (exit 137) comes where the grace is shorter    |                                                  |
// | `log-every`     | a duration: one more log line each time        | no more than start and end                       |
//
// The annotations `run`, `duration`, `exit-code`, `failures`, `ready-after` and those of probes without a container mean
// the pod's main containers only: an init container that never ends would be of no use. Those of probes and of usage are
// read again when they change, so `kubectl annotate` makes a running container unready, busy or too large.

import { parseDuration } from '../../actors/kit/go-duration.ts';
import { type ProbeKind, type ProbeScript, parseProbeScript, probeForms } from '../../actors/kubelet/probe-course.ts';
import { parseUsageScript, scriptForms, type UsageScript } from '../../actors/kubelet/usage-script.ts';
import { controllerOf } from '../../streams/resources/meta.ts';
import type { Container, Pod } from '../../streams/resources/pod.ts';

export const annotationPrefix = 'simulation.shiplog.dev/';

export type Behaviour = {
  readonly pulls: boolean;
  /** How the next run ends by itself; undefined where it runs until it is stopped. */
  readonly end: { readonly afterMs: number; readonly exitCode: number } | undefined;
  /** Absent: the runtime draws one. */
  readonly pullMs: number | undefined;
  readonly startMs: number | undefined;
  readonly stopMs: number | undefined;
  /** Undefined: as its readiness probe says, else as soon as it has started; null: never. */
  readonly readyAfterMs: number | null | undefined;
  readonly probes: Readonly<Record<ProbeKind, ProbeScript>>;
  readonly memory: UsageScript | undefined;
  readonly postStart: HookBehaviour;
  readonly preStop: HookBehaviour;
  readonly logEveryMs: number | undefined;
};

type HookBehaviour = { readonly ms: number | undefined; readonly fails: boolean };

const healthy = { startup: [], liveness: [], readiness: [] } as const;
const unhooked = { ms: undefined, fails: false } as const;

export type BehaviourOutcome =
  | { readonly kind: 'behaviour'; readonly behaviour: Behaviour }
  | { readonly kind: 'malformed'; readonly message: string };

const plain: BehaviourOutcome = {
  kind: 'behaviour',
  behaviour: {
    pulls: true,
    end: undefined,
    pullMs: undefined,
    startMs: undefined,
    stopMs: undefined,
    readyAfterMs: undefined,
    probes: healthy,
    memory: undefined,
    postStart: unhooked,
    preStop: unhooked,
    logEveryMs: undefined,
  },
};

const runs = ['run', 'complete', 'fail', 'crash-loop', 'never-pull'] as const;
type Run = (typeof runs)[number];

export function behaviourOf(pod: Pod, container: string, restartCount: number): BehaviourOutcome {
  const spec = pod.spec.containers.find(({ name }) => name === container);
  if (spec !== undefined && isPlain(pod)) return plain;
  try {
    return { kind: 'behaviour', behaviour: read(pod, { container, main: spec, restartCount }) };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', message: error.message };
    throw error;
  }
}

class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** Nothing is said and nothing follows from the spec: by far the most pods. */
function isPlain(pod: Pod): boolean {
  if (controllerOf(pod)?.kind === 'Job') return false;
  for (const annotation in pod.metadata.annotations) if (annotation.startsWith(annotationPrefix)) return false;
  return true;
}

type Subject = { readonly container: string; readonly main: Container | undefined; readonly restartCount: number };

function read(pod: Pod, subject: Subject): Behaviour {
  const { container, main, restartCount } = subject;
  const text = (
    key: string,
    forAll = main !== undefined,
  ): { readonly key: string; readonly value: string } | undefined => {
    const annotations = pod.metadata.annotations ?? {};
    for (const name of forAll ? [`${key}.${container}`, key] : [`${key}.${container}`]) {
      const value = annotations[`${annotationPrefix}${name}`];
      if (value !== undefined) return { key: `${annotationPrefix}${name}`, value };
    }
    return undefined;
  };
  const duration = (key: string, forAll?: boolean): number | undefined => {
    const given = text(key, forAll);
    if (given === undefined) return undefined;
    const ms = parseDuration(given.value);
    if (ms === undefined) throw malformed(given, 'a duration such as 500ms, 3s or 1m30s');
    return ms;
  };
  const integer = (key: string, max: number): number | undefined => {
    const given = text(key);
    if (given === undefined) return undefined;
    if (!/^\d{1,9}$/.test(given.value) || Number(given.value) > max)
      throw malformed(given, `an integer from 0 to ${max}`);
    return Number(given.value);
  };
  const script = (kind: ProbeKind): ProbeScript => {
    const given = text(kind);
    const parsed = given && parseProbeScript(given.value);
    if (given !== undefined && parsed === undefined) throw malformed(given, probeForms);
    return parsed ?? [];
  };
  const usage = (resource: 'cpu' | 'memory'): UsageScript | undefined => {
    const given = text(resource, true);
    const parsed = given && parseUsageScript(given.value, resource === 'cpu' ? 1_000_000_000 : 1);
    if (given !== undefined && parsed === undefined) throw malformed(given, scriptForms);
    return parsed;
  };
  const hook = (key: string, wellAgain = false): HookBehaviour => {
    if (text(key, true)?.value !== 'fail') return { ms: duration(key, true), fails: false };
    return wellAgain ? unhooked : hookFails;
  };
  usage('cpu');
  const run = runOf(text('run')) ?? defaultRun(pod, subject);
  const failures = integer('failures', 999_999_999);
  const survives = failures !== undefined && restartCount >= failures;
  const readyAfter = text('ready-after');
  return {
    pulls: run !== 'never-pull',
    end: survives
      ? undefined
      : endOf(run, { main, durationMs: duration('duration'), exitCode: integer('exit-code', 255) }),
    pullMs: duration('pull-latency', true),
    startMs: duration('start-latency', true),
    stopMs: duration('stop-duration', true),
    readyAfterMs: readyAfter?.value === 'never' ? null : duration('ready-after'),
    probes: { startup: script('startup'), liveness: script('liveness'), readiness: script('readiness') },
    memory: usage('memory'),
    postStart: hook('post-start', survives),
    preStop: hook('pre-stop'),
    logEveryMs: duration('log-every', true) || undefined,
  };
}

function runOf(given: { readonly key: string; readonly value: string } | undefined): Run | undefined {
  if (given === undefined) return undefined;
  const run = runs.find((name) => name === given.value);
  if (run === undefined) throw malformed(given, `one of ${runs.join(', ')}`);
  return run;
}

const hookFails = { ms: undefined, fails: true } as const;

function defaultRun({ spec, ...pod }: Pod, { container, main }: Subject): Run {
  if (main !== undefined) return controllerOf(pod)?.kind === 'Job' ? 'complete' : 'run';
  const init = spec.initContainers?.find(({ name }) => name === container);
  return init === undefined || init.restartPolicy === 'Always' ? 'run' : 'complete';
}

function endOf(
  run: Run,
  said: { main: Container | undefined; durationMs: number | undefined; exitCode: number | undefined },
): Behaviour['end'] {
  const afterMs = said.durationMs ?? (said.main === undefined ? 20 : run === 'crash-loop' ? 100 : 1_000);
  switch (run) {
    case 'complete':
      return { afterMs, exitCode: said.exitCode ?? 0 };
    case 'fail':
    case 'crash-loop':
      return { afterMs, exitCode: said.exitCode ?? 1 };
    case 'run':
    case 'never-pull':
      return undefined;
  }
}

function malformed({ key, value }: { key: string; value: string }, wanted: string): Malformed {
  return new Malformed(`annotation ${key} is ${JSON.stringify(value)}, which is not ${wanted}`);
}
