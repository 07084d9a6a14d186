// The probes of one run of one simulated container. Their outcomes are known ahead, so nothing is executed: one timer waits
// for the next outcome that changes something or is to be told, and a healthy container has none.

import {
  beginCourse,
  failureOutput,
  type ProbeCourse,
  type ProbeKind,
  type ProbeScript,
  type ProbeTimes,
  probed,
  probeTimes,
  resumed,
} from '../../actors/kubelet/probe-course.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Container, Probe } from '../../streams/resources/pod.ts';
import type { RuntimeNews } from './container-runtime.ts';

export type ProbesOptions = {
  readonly container: Container;
  readonly id: string;
  readonly ip: string;
  readonly startedAtMs: number;
  readonly scripts: Readonly<Record<ProbeKind, ProbeScript>>;
  /** Readiness follows another rule than its probe. */
  readonly readinessIsTold: boolean;
  readonly clock: Clock;
  tell(event: RuntimeNews['event']): void;
};

type Going = { readonly probe: Probe; readonly times: ProbeTimes; course: ProbeCourse };

const fields = { startup: 'startupProbe', liveness: 'livenessProbe', readiness: 'readinessProbe' } as const;

export class SimulatedProbes {
  readonly #options: ProbesOptions;
  #scripts: ProbesOptions['scripts'];
  readonly #going = new Map<ProbeKind, Going>();
  #timer: Timer | undefined;

  constructor(options: ProbesOptions) {
    this.#options = options;
    this.#scripts = options.scripts;
    if (options.container.startupProbe === undefined) this.#beginOthers(0);
    else this.#begin('startup', 0);
    this.#wait();
  }

  /** The scripts have changed: probes go on with the next execution. */
  change(scripts: ProbesOptions['scripts']): void {
    this.#scripts = scripts;
    for (const [kind, going] of this.#going) {
      const { times, course } = going;
      going.course = resumed(course, { times, script: scripts[kind], fromMs: this.#elapsedMs() });
    }
    this.#wait();
  }

  /** The container is being stopped: only its readiness still matters. */
  stopping(): void {
    this.#going.delete('startup');
    this.#going.delete('liveness');
    this.#wait();
  }

  stop(): void {
    this.#going.clear();
    this.#timer?.cancel();
  }

  #elapsedMs(): number {
    return this.#options.clock.now() - this.#options.startedAtMs;
  }

  #beginOthers(sinceMs: number): void {
    this.#begin('liveness', sinceMs);
    if (!this.#options.readinessIsTold) this.#begin('readiness', sinceMs);
  }

  #begin(kind: ProbeKind, sinceMs: number): void {
    const probe = this.#options.container[fields[kind]];
    if (probe === undefined) return;
    const times = probeTimes(probe, sinceMs);
    this.#going.set(kind, { probe, times, course: beginCourse(kind, times, this.#scripts[kind]) });
  }

  #wait(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { course } of this.#going.values()) nextMs = Math.min(nextMs, course.atMs ?? Number.POSITIVE_INFINITY);
    if (nextMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#options.clock.after(Math.max(0, nextMs - this.#elapsedMs()), () => this.#execute());
  }

  #execute(): void {
    const nowMs = this.#elapsedMs();
    for (const [kind, going] of [...this.#going]) {
      const { atMs } = going.course;
      if (atMs !== undefined && atMs <= nowMs) this.#executeOne(kind, going);
    }
    this.#wait();
  }

  #executeOne(kind: ProbeKind, going: Going): void {
    const { container, id, ip, tell } = this.#options;
    const { course, succeeded, turned } = probed(going.course, { times: going.times, script: this.#scripts[kind] });
    going.course = course;
    const subject = { container: container.name, id };
    if (!succeeded)
      tell({ type: 'container.probeFailed', ...subject, probe: kind, output: failureOutput(going.probe, ip) });
    if (!turned) return;
    if (kind === 'readiness') tell({ type: 'container.readiness', ...subject, ready: succeeded });
    else if (succeeded) {
      // A liveness probe that succeeds says nothing new; a startup probe has done its work.
      if (kind === 'liveness') return;
      this.#going.delete('startup');
      tell({ type: 'container.startedUp', ...subject });
      this.#beginOthers(this.#elapsedMs());
      if (container.readinessProbe === undefined && !this.#options.readinessIsTold)
        tell({ type: 'container.readiness', ...subject, ready: true });
    } else {
      this.#going.delete(kind);
      const seconds = going.probe.terminationGracePeriodSeconds;
      tell({
        type: 'container.unhealthy',
        ...subject,
        probe: kind,
        ...(seconds !== undefined && { graceMs: seconds * 1_000 }),
      });
    }
  }
}
