// One run of one simulated container: a few timers and what it will have said. It ends by itself as its behaviour says,
// or when it is stopped, and tells its end once.

import type { ContainerExit, RunningContainer, RuntimeContainer } from '../../actors/kubelet/runtime.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { RuntimeNews } from './container-runtime.ts';
import type { Behaviour } from './simulated-behaviour.ts';
import type { ContainerRun, LogLine } from './simulated-log.ts';

const sigkilled = 137;

export type ContainerStart = {
  readonly pod: Pod;
  readonly container: string;
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
  #stopAtMs = Number.POSITIVE_INFINITY;
  #endedAtMs: number | undefined;
  #exitStatus: ContainerExit | undefined;

  constructor(start: ContainerStart) {
    this.#start = start;
    this.before = start.before;
    this.#running = start.running;
    const { clock, behaviour } = start;
    const { end, readyAfterMs } = behaviour;
    if (end !== undefined) this.#endTimer = clock.after(end.afterMs, () => this.#exit(end.exitCode));
    if (readyAfterMs !== null && readyAfterMs > 0) {
      this.#readyTimer = clock.after(readyAfterMs, () => this.#becomeReady());
    }
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

  /** SIGTERM; `drawnMs` is how long it takes to end where its behaviour does not say. */
  stop(graceMs: number, drawnMs: number): void {
    if (!this.isRunning) return;
    const { clock, behaviour } = this.#start;
    const stopMs = behaviour.stopMs ?? drawnMs;
    const atMs = clock.now() + Math.min(stopMs, graceMs);
    if (atMs >= this.#stopAtMs) return;
    if (this.#stopAtMs === Number.POSITIVE_INFINITY) this.#say('received SIGTERM, shutting down');
    this.#stopAtMs = atMs;
    this.#endTimer?.cancel();
    this.#endTimer = clock.after(atMs - clock.now(), () => this.#exit(stopMs > graceMs ? sigkilled : 0));
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

  #exit(exitCode: number): void {
    this.#cancel();
    const finishedAtMs = this.#start.clock.now();
    this.#say(exitCode === sigkilled ? 'killed' : `exited with code ${exitCode}`);
    this.#endedAtMs = finishedAtMs;
    this.#wake();
    this.#exitStatus = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', finishedAtMs };
    const { container } = this.#start;
    this.#start.tell({ type: 'container.exited', container, id: this.#running.id, ...this.#exitStatus });
  }

  #becomeReady(): void {
    this.#running = { ...this.#running, ready: true };
    const { id } = this.#running;
    this.#start.tell({ type: 'container.readiness', container: this.#start.container, id, ready: true });
  }

  #say(text: string): void {
    this.#remarks.push({ atMs: this.#start.clock.now(), text });
  }

  #cancel(): void {
    this.#endTimer?.cancel();
    this.#readyTimer?.cancel();
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

export function greetingOf(
  pod: Pod,
  { container, image, restartCount }: { container: string; image: string; restartCount: number },
): string {
  const { namespace, name } = pod.metadata;
  const again = restartCount === 0 ? '' : `, restart ${restartCount}`;
  return `container ${container} of pod ${namespace}/${name} started from ${image}${again}`;
}
