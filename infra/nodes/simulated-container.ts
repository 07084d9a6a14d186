// One run of one simulated container: a few timers and what it will have said. It ends by itself as its behaviour says,
// when its memory outgrows its limit, or when it is stopped, and tells its end once.

import type { ContainerExit, RunningContainer, RuntimeContainer } from '../../actors/kubelet/runtime.ts';
import { exceedsAt } from '../../actors/kubelet/usage-script.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Container } from '../../streams/resources/pod.ts';
import { quantityOf, wholeValue } from '../../streams/resources/quantity.ts';
import type { PodName, RuntimeNews } from './container-runtime.ts';
import type { Behaviour } from './simulated-behaviour.ts';
import type { ContainerRun, LogLine } from './simulated-log.ts';
import { SimulatedProbes } from './simulated-probes.ts';

const sigkilled = 137;
/** Least time between SIGTERM and SIGKILL, however long the hook before them took. */
const graceMinMs = 2_000;

export type ContainerStart = {
  readonly pod: PodName;
  readonly container: string;
  /** Where something in it matters while the container runs: probes, hooks. */
  readonly spec: Container | undefined;
  /** Memory it may use, bytes. */
  readonly memoryLimit: string | undefined;
  readonly ip: string;
  readonly running: RunningContainer;
  readonly behaviour: Behaviour;
  readonly restartCount: number;
  readonly clock: Clock;
  /** The run before this one. */
  readonly before: ContainerRun | undefined;
  tell(event: RuntimeNews['event']): void;
};

export class SimulatedContainer {
  /** The run before the last restart: `kubectl logs --previous`. */
  readonly before: ContainerRun | undefined;
  readonly #start: ContainerStart;
  readonly #remarks: LogLine[] = [];
  readonly #waiting = new Set<() => void>();
  #running: RunningContainer;
  #endTimer: Timer | undefined;
  #readyTimer: Timer | undefined;
  #memoryTimer: Timer | undefined;
  #memoryLimit: string | undefined;
  #behaviour: Behaviour;
  readonly #probes: SimulatedProbes | undefined;
  /** When SIGTERM comes, or came. */
  #terminatesAtMs = Number.POSITIVE_INFINITY;
  #stopAtMs = Number.POSITIVE_INFINITY;
  #endedAtMs: number | undefined;
  #exitStatus: ContainerExit | undefined;

  constructor(start: ContainerStart) {
    this.#start = start;
    this.before = start.before;
    this.#running = start.running;
    this.#behaviour = start.behaviour;
    this.#memoryLimit = start.memoryLimit;
    const { clock, behaviour, spec, container } = start;
    const { end, readyAfterMs } = behaviour;
    if (end !== undefined) this.#endTimer = clock.after(end.afterMs, () => this.#exit(end.exitCode));
    if (readyAfterMs) this.#readyTimer = clock.after(readyAfterMs, () => this.#become({ ready: true }));
    this.#watchMemory();
    if (spec === undefined || !isProbed(spec)) return;
    this.#probes = new SimulatedProbes({
      container: spec,
      id: start.running.id,
      ip: start.ip,
      // A postStart hook is through by now.
      startedAtMs: clock.now(),
      scripts: behaviour.probes,
      readinessIsTold: readyAfterMs !== undefined,
      clock,
      tell: (event) => {
        if (event.type === 'container.readiness') this.#become({ ready: event.ready });
        else if (event.type === 'container.startedUp') this.#become({ started: true });
        else start.tell({ ...event, container });
      },
    });
  }

  get isRunning(): boolean {
    return this.#endedAtMs === undefined;
  }

  get running(): RunningContainer {
    return this.#running;
  }

  get latest(): RuntimeContainer {
    return this.#exitStatus === undefined ? this.#running : { ...this.#running, exit: this.#exitStatus };
  }

  get run(): ContainerRun {
    const { pod, container, restartCount, behaviour } = this.#start;
    return {
      greeting: greetingOf(pod, { container, image: this.#running.image, restartCount }),
      startedAtMs: this.#running.startedAtMs,
      everyMs: behaviour.logEveryMs,
      remarks: this.#remarks,
      endedAtMs: this.#endedAtMs,
    };
  }

  /** What it is told to do from now on: probes and memory follow, its end stays as it was. */
  change({
    behaviour,
    memoryLimit,
  }: {
    readonly behaviour?: Behaviour;
    readonly memoryLimit?: string | undefined;
  }): void {
    if (!this.isRunning) return;
    if (behaviour !== undefined) {
      this.#behaviour = behaviour;
      this.#probes?.change(behaviour.probes);
    } else this.#memoryLimit = memoryLimit;
    this.#watchMemory();
  }

  /** The hook, then SIGTERM, then SIGKILL. `drawnMs` is how long hook and end take where nothing says so. */
  stop(graceMs: number, drawnMs: number): void {
    if (!this.isRunning) return;
    const { clock, spec } = this.#start;
    const nowMs = clock.now();
    const asked = this.#stopAtMs !== Number.POSITIVE_INFINITY;
    const hookMs = Math.min(this.#hookMs(spec, drawnMs), graceMs);
    const termAtMs = Math.min(this.#terminatesAtMs, nowMs + hookMs);
    const stopMs = this.#behaviour.stopMs ?? drawnMs;
    const killAtMs = Math.max(nowMs + graceMs, hookMs === 0 ? 0 : Math.max(nowMs, termAtMs) + graceMinMs);
    const atMs = Math.min(termAtMs + stopMs, killAtMs);
    if (atMs >= this.#stopAtMs) return;
    this.#terminatesAtMs = termAtMs;
    this.#stopAtMs = atMs;
    if (!asked) this.#beginStopping(spec);
    this.#endTimer?.cancel();
    this.#endTimer = clock.after(atMs - nowMs, () => this.#exit(termAtMs + stopMs > killAtMs ? sigkilled : 0));
  }

  #beginStopping(spec: Container | undefined): void {
    const { container, tell } = this.#start;
    this.#say('received SIGTERM, shutting down');
    this.#probes?.stopping();
    if (this.#behaviour.preStop.fails && spec?.lifecycle?.preStop !== undefined)
      tell({ type: 'container.hookFailed', container, id: this.#running.id });
  }

  #hookMs(spec: Container | undefined, drawnMs: number): number {
    const preStop = spec?.lifecycle?.preStop;
    if (preStop === undefined || this.#behaviour.preStop.fails) return 0;
    if (preStop.sleep !== undefined) return preStop.sleep.seconds * 1_000;
    return this.#behaviour.preStop.ms ?? drawnMs;
  }

  /** It is gone without a word: killed with its pod, or with its machine. */
  vanish(): void {
    this.#cancel();
    this.#endedAtMs ??= this.#start.clock.now();
    this.#wake();
  }

  /** Resolves when the run ends, or when the signal aborts. */
  news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isRunning || signal.aborted) return resolve();
      const done = () => {
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** The kernel ends it the moment its memory outgrows its limit. */
  #watchMemory(): void {
    this.#memoryTimer?.cancel();
    const { memory } = this.#behaviour;
    if (memory === undefined || this.#memoryLimit === undefined || memory.shared) return;
    const { clock } = this.#start;
    const elapsedMs = clock.now() - this.#running.startedAtMs;
    const atMs = exceedsAt(memory.shape, wholeValue(quantityOf(this.#memoryLimit)), elapsedMs);
    if (atMs !== undefined) this.#memoryTimer = clock.after(atMs - elapsedMs, () => this.#exit(sigkilled, 'OOMKilled'));
  }

  #exit(exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    this.#cancel();
    const finishedAtMs = this.#start.clock.now();
    this.#say(exitCode === sigkilled ? 'killed' : `exited with code ${exitCode}`);
    this.#endedAtMs = finishedAtMs;
    this.#wake();
    this.#exitStatus = { exitCode, reason, finishedAtMs };
    const { container } = this.#start;
    this.#start.tell({ type: 'container.exited', container, id: this.#running.id, ...this.#exitStatus });
  }

  #become(change: { readonly ready: boolean } | { readonly started: true }): void {
    this.#running = { ...this.#running, ...change };
    const subject = { container: this.#start.container, id: this.#running.id };
    if ('ready' in change) this.#start.tell({ type: 'container.readiness', ...subject, ready: change.ready });
    else this.#start.tell({ type: 'container.startedUp', ...subject });
  }

  #say(text: string): void {
    this.#remarks.push({ atMs: this.#start.clock.now(), text });
  }

  #cancel(): void {
    this.#endTimer?.cancel();
    this.#readyTimer?.cancel();
    this.#memoryTimer?.cancel();
    this.#probes?.stop();
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

/** What a run needs of its spec: nothing of most. */
export function lastingSpec(spec: Container | undefined): Container | undefined {
  return spec !== undefined && (isProbed(spec) || spec.lifecycle !== undefined) ? spec : undefined;
}

/** Whether anything is to be found out before the container counts as started or ready. */
function isProbed({ startupProbe, livenessProbe, readinessProbe }: Container): boolean {
  return startupProbe !== undefined || livenessProbe !== undefined || readinessProbe !== undefined;
}

export function greetingOf(
  { namespace, name }: Pick<PodName, 'namespace' | 'name'>,
  { container, image, restartCount }: { container: string; image: string; restartCount: number },
): string {
  const again = restartCount === 0 ? '' : `, restart ${restartCount}`;
  return `container ${container} of pod ${namespace}/${name} started from ${image}${again}`;
}
