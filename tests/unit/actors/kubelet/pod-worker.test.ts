// Whatever order a pod's worker hears of things in: its reports are lawful by the lifecycles of the pod and of every
// container, one write at a time, and once nothing more happens the world shows what is true.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runsAgain } from '../../../../actors/kubelet/back-off.ts';
import type { RuntimeContainer, RuntimePod, WorkerEffect } from '../../../../actors/kubelet/runtime.ts';
import { containerTransitions } from '../../../../actors/pod/container-machine.ts';
import type { Container, Pod } from '../../../../streams/resources/pod.ts';
import { DrivenWorker } from '../../../kit/driven-worker.ts';
import { aContainer, aPod, holding } from '../../../kit/pods.ts';

/** What the world may do next. Numbers choose among what is possible just then. */
type Move =
  | { readonly kind: 'runtime'; readonly pick: number; readonly fails: boolean }
  | { readonly kind: 'exit'; readonly pick: number; readonly code: number }
  | { readonly kind: 'ready'; readonly pick: number }
  | { readonly kind: 'grant' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'timer'; readonly pick: number }
  | { readonly kind: 'label' }
  | { readonly kind: 'image' }
  | { readonly kind: 'probe'; readonly pick: number; readonly verdict: 'started' | 'failed' | 'unhealthy' }
  | { readonly kind: 'resize'; readonly cpu: string; readonly restarts: boolean }
  | { readonly kind: 'debug' }
  | { readonly kind: 'evict' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'restart'; readonly reboot: boolean };

const pick = fc.nat({ max: 20 });
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('runtime' as const), pick, fails: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('exit' as const), pick, code: fc.constantFrom(0, 0, 1, 137) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ready' as const), pick }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'grant' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'refuse' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('timer' as const), pick }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'label' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'image' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('probe' as const),
      pick,
      verdict: fc.constantFrom('started' as const, 'failed' as const, 'unhealthy' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('resize' as const),
      cpu: fc.constantFrom('100m', '200m', '300m'),
      restarts: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'debug' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'evict' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'delete' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 1_000, 30_000, 700_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), reboot: fc.boolean() }) },
);

const pods: fc.Arbitrary<Pod> = fc
  .record({
    restartPolicy: fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const),
    main: fc.integer({ min: 1, max: 2 }),
    init: fc.integer({ min: 0, max: 2 }),
    sidecar: fc.boolean(),
    deadline: fc.constantFrom(undefined, undefined, 60),
  })
  .map(({ restartPolicy, main, init, sidecar, deadline }) => {
    const initContainers: Container[] = Array.from({ length: init }, (_, i) => aContainer(`init-${i}`));
    // Probed: whoever comes after it waits until it has started up.
    if (sidecar) initContainers.splice(1, 0, aContainer('sidecar', { restartPolicy: 'Always', startupProbe: {} }));
    const containers = Array.from({ length: main }, (_, i) => aContainer(`main-${i}`));
    const spec = { restartPolicy, containers, initContainers, ...(deadline && { activeDeadlineSeconds: deadline }) };
    return aPod({ node: 'n1', spec, status: { phase: 'Pending', conditions: [holding('PodScheduled')] } });
  });

/** A worker and a runtime that answers when the test lets it. */
class Play {
  worker: DrivenWorker;
  readonly unlawful: string[] = [];
  #sandbox: string | undefined;
  readonly #runs = new Map<string, RuntimeContainer>();
  readonly #stopping = new Set<string>();
  #open: (() => void)[] = [];
  #ids = 0;
  #seen = 0;

  constructor(pod: Pod) {
    this.worker = new DrivenWorker(pod);
    this.#listen();
  }

  make(move: Move): void {
    const { worker } = this;
    switch (move.kind) {
      case 'runtime':
        this.#answer(move.pick, move.fails);
        break;
      case 'exit':
        this.#exit(choose(this.#alive(), move.pick), move.code);
        break;
      case 'ready': {
        const run = choose(this.#alive(), move.pick);
        if (run !== undefined) {
          const ready = !run.ready;
          this.#runs.set(run.name, { ...run, ready });
          worker.send({ type: 'container.readiness', container: run.name, id: run.id, ready });
        }
        break;
      }
      case 'grant':
        this.#grant();
        break;
      case 'refuse':
        worker.refuse('Unavailable');
        break;
      case 'timer': {
        const timer = choose(Object.keys(worker.context.timers), move.pick);
        if (timer !== undefined) worker.fire(timer);
        break;
      }
      case 'label':
        this.#change((pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { n: `${this.#ids++}` } } }));
        break;
      case 'image':
        this.#change((pod) => {
          const containers = pod.spec.containers.map((c) => ({ ...c, image: `nginx:${this.#ids++}` }));
          return nextGeneration({ ...pod, spec: { ...pod.spec, containers } });
        });
        break;
      case 'probe':
        this.#probe(choose(this.#alive(), move.pick), move.verdict);
        break;
      case 'resize':
        this.#change((pod) => {
          const restartPolicy = move.restarts ? 'RestartContainer' : 'NotRequired';
          const containers = pod.spec.containers.map((c) => ({
            ...c,
            resources: { requests: { cpu: move.cpu } },
            resizePolicy: [{ resourceName: 'cpu', restartPolicy }],
          }));
          return nextGeneration({ ...pod, spec: { ...pod.spec, containers } });
        });
        break;
      case 'debug':
        this.#change((pod) => {
          const ephemeralContainers = [...(pod.spec.ephemeralContainers ?? []), aContainer(`debug-${this.#ids++}`)];
          return nextGeneration({ ...pod, spec: { ...pod.spec, ephemeralContainers } });
        });
        break;
      case 'evict':
        worker.send({ type: 'pod.evicted', message: 'The node was low on resource: memory. ' });
        break;
      case 'delete':
        this.delete();
        break;
      case 'pass':
        worker.nowMs += move.ms;
        break;
      case 'restart':
        this.#restart(move.reboot);
        break;
    }
    this.#listen();
  }

  delete(): void {
    if (this.worker.world.metadata.deletionTimestamp !== undefined) return;
    const deletionTimestamp = new Date(this.worker.nowMs + 30_000).toISOString();
    const meta = { deletionTimestamp, deletionGracePeriodSeconds: 30 };
    this.#change((pod) => ({ ...pod, metadata: { ...pod.metadata, ...meta } }));
    this.#listen();
  }

  /** Everything that is open comes to its end; what is told to stop stops. Returns false where it never does. */
  settle(): boolean {
    for (let i = 0; i < 300; i++) {
      const { worker } = this;
      for (const name of this.#stopping) this.#exit(this.#runs.get(name), 0);
      for (const run of this.#alive()) {
        if (run.name.startsWith('init')) this.#exit(run, 0);
        else this.#probe(run, 'started');
      }
      if (worker.pending !== undefined) this.#grant();
      else if (this.#open.length > 0) this.#answer(0, false);
      else {
        const timer = Object.keys(worker.context.timers).find((name) => name !== 'deadline');
        if (timer === undefined) return true;
        worker.nowMs += 300_000;
        worker.fire(timer);
      }
      this.#listen();
    }
    return false;
  }

  get runningNames(): string[] {
    return this.#alive()
      .map(({ name }) => name)
      .sort();
  }

  #change(change: (pod: Pod) => Pod): void {
    this.worker.change(change);
  }

  #grant(): void {
    const before = this.worker.world;
    const transition = this.worker.grant();
    if (transition === undefined) return;
    if (transition.anomaly !== undefined) this.unlawful.push(transition.anomaly);
    this.#compare(before, this.worker.world);
    for (const { anomaly } of containerTransitions(before, this.worker.world)) {
      if (anomaly !== undefined) this.unlawful.push(anomaly);
    }
  }

  /** What is told never takes back: restarts that were counted, and a final phase. */
  #compare(before: Pod, after: Pod): void {
    for (const list of ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'] as const) {
      for (const { name, restartCount } of before.status?.[list] ?? []) {
        const now = after.status?.[list]?.find((status) => status.name === name);
        if (now === undefined || now.restartCount < restartCount)
          this.unlawful.push(`${name} restarted less than before`);
      }
    }
    const { phase } = before.status ?? {};
    if ((phase === 'Succeeded' || phase === 'Failed') && after.status?.phase !== phase)
      this.unlawful.push(`the phase ${phase} became ${after.status?.phase}`);
  }

  #probe(run: RuntimeContainer | undefined, verdict: 'started' | 'failed' | 'unhealthy'): void {
    if (run === undefined) return;
    const subject = { container: run.name, id: run.id };
    if (verdict === 'failed') {
      this.worker.send({ type: 'container.probeFailed', ...subject, probe: 'readiness', output: 'no' });
    } else if (verdict === 'unhealthy') {
      this.worker.send({ type: 'container.unhealthy', ...subject, probe: 'liveness', graceMs: 5_000 });
    } else if (run.started === false) {
      this.#runs.set(run.name, { ...run, started: true });
      this.worker.send({ type: 'container.startedUp', ...subject });
    }
  }

  /** Nobody starts before those in front of it let it. */
  #checkOrder(container: string): void {
    const { initContainers = [], containers } = this.worker.world.spec;
    const at = initContainers.findIndex(({ name }) => name === container);
    const isMain = containers.some(({ name }) => name === container);
    for (const { name, restartPolicy } of isMain ? initContainers : initContainers.slice(0, Math.max(0, at))) {
      const run = this.#runs.get(name);
      const sidecar = restartPolicy === 'Always';
      // Once the pod has begun, sidecars and main containers are restarted independently of each other.
      if (sidecar ? !isMain && !(run?.exit === undefined && run?.started === true) : run?.exit?.exitCode !== 0)
        this.unlawful.push(`${container} is started before ${name} let it`);
    }
  }

  /** A new kubelet: with `reboot` the machine has lost everything. */
  #restart(reboot: boolean): void {
    this.#open = [];
    this.#stopping.clear();
    if (reboot) {
      this.#sandbox = undefined;
      this.#runs.clear();
    }
    const runtime: RuntimePod | undefined =
      this.#sandbox === undefined ? undefined : { ip: this.#sandbox, containers: [...this.#runs.values()] };
    const { world, nowMs } = this.worker;
    this.worker = new DrivenWorker(world, { ...(runtime && { runtime }), nowMs });
    this.#seen = 0;
  }

  #alive(): RuntimeContainer[] {
    return [...this.#runs.values()].filter(({ exit }) => exit === undefined);
  }

  #exit(run: RuntimeContainer | undefined, exitCode: number): void {
    if (run === undefined || run.exit !== undefined) return;
    this.#stopping.delete(run.name);
    const exit = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', finishedAtMs: this.worker.nowMs };
    this.#runs.set(run.name, { ...run, exit });
    this.worker.send({ type: 'container.exited', container: run.name, id: run.id, ...exit });
  }

  #answer(pick: number, fails: boolean): void {
    if (this.#open.length === 0) return;
    const [answer] = this.#open.splice(pick % this.#open.length, 1);
    this.#failing = fails;
    answer?.();
  }

  #failing = false;

  /** Takes in what the worker has asked of the runtime since. */
  #listen(): void {
    const { worker } = this;
    for (const effect of worker.effects.slice(this.#seen)) {
      if (effect.kind === 'makeSandbox') this.#open.push(() => this.#makeSandbox());
      if (effect.kind === 'pullImage') this.#open.push(() => this.#pull(effect.container));
      if (effect.kind === 'startContainer') {
        this.#checkOrder(effect.container);
        this.#open.push(() => this.#start(effect.container, effect.image));
      }
      if (effect.kind === 'resizeContainer') this.#open.push(() => this.#resize(effect));
      if (effect.kind === 'askResize') this.#open.push(() => this.#grantResize(effect.pod.metadata.generation));
      if (effect.kind === 'stopContainer') this.#stopping.add(effect.container);
    }
    this.#seen = worker.effects.length;
  }

  #resize({ container, id, resources }: Extract<WorkerEffect, { kind: 'resizeContainer' }>): void {
    this.worker.send({ type: 'container.resized', container, id, resources });
  }

  #grantResize(generation: number | undefined): void {
    const refused = { reason: 'Deferred', message: "Node didn't have enough resource: cpu" } as const;
    if (!this.#failing) this.worker.send({ type: 'resize.granted', generation });
    else {
      this.worker.send({ type: 'resize.refused', generation, ...refused });
      // Room comes free some day.
      this.#open.push(() => this.#grantResize(generation));
    }
  }

  #makeSandbox(): void {
    if (!this.#failing) this.#sandbox = '10.244.0.1';
    if (this.#sandbox === undefined) this.worker.send({ type: 'sandbox.failed', message: 'no room' });
    else this.worker.send({ type: 'sandbox.ready', ip: this.#sandbox });
  }

  #pull(container: string): void {
    const failure = { reason: 'ErrImagePull', message: 'not found' } as const;
    if (this.#failing) this.worker.send({ type: 'image.pullFailed', container, ...failure });
    else this.worker.send({ type: 'image.pulled', container });
  }

  #start(container: string, image: string): void {
    if (this.#failing) {
      const failure = { reason: 'CreateContainerError', message: 'no' };
      this.worker.send({ type: 'container.startFailed', container, ...failure });
      return;
    }
    const id = `sim://${++this.#ids}`;
    const run = {
      name: container,
      id,
      image,
      imageID: id,
      requestedImage: image,
      startedAtMs: this.worker.nowMs,
      ready: true,
      ...(container === 'sidecar' && { started: false }),
    };
    this.#runs.set(container, run);
    const { name: _, ...rest } = run;
    this.worker.send({ type: 'container.started', container, ...rest });
  }
}

function nextGeneration(pod: Pod): Pod {
  return { ...pod, metadata: { ...pod.metadata, generation: (pod.metadata.generation ?? 0) + 1 } };
}

function choose<T>(among: readonly T[], pick: number): T | undefined {
  return among[pick % Math.max(1, among.length)];
}

test('every report is lawful, and in the end the world shows what is true', () => {
  fc.assert(
    fc.property(pods, fc.array(move, { maxLength: 60, size: 'max' }), (pod, moves) => {
      const play = new Play(pod);
      for (const next of moves) {
        play.make(next);
        expect(play.unlawful).toEqual([]);
        expect(play.worker.state).not.toBe('faulted');
      }
      expect(play.settle()).toBe(true);
      expect(play.unlawful).toEqual([]);
      const { world } = play.worker;
      const {
        containerStatuses = [],
        initContainerStatuses = [],
        ephemeralContainerStatuses = [],
      } = world.status ?? {};
      const shown = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
      const running = shown.filter(({ state }) => state?.running).map(({ name }) => name);
      expect(running.sort()).toEqual(play.runningNames);
      const over = world.status?.phase === 'Succeeded' || world.status?.phase === 'Failed';
      expect(over).toBe(play.worker.state === 'finished');
      if (!over) {
        const behind = containerStatuses.filter(({ name, state, resources }) => {
          const wanted = world.spec.containers.find((container) => container.name === name)?.resources;
          return state?.running !== undefined && wanted?.requests?.cpu !== resources?.requests?.cpu;
        });
        expect(behind).toEqual([]);
        const told = world.status?.conditions?.filter(({ type }) => type.startsWith('PodResize'));
        expect(told).toEqual([]);
      }
      if (!over) expect(world.spec.containers.every(({ name }) => keepsRunning(world, name, running))).toBe(true);
    }),
    { numRuns: 600 },
  );
});

test('a deleted pod always comes to its end', () => {
  fc.assert(
    fc.property(pods, fc.array(move, { maxLength: 40, size: 'max' }), (pod, moves) => {
      const play = new Play(pod);
      for (const next of moves) play.make(next);
      play.delete();
      expect(play.settle()).toBe(true);
      expect(play.unlawful).toEqual([]);
      expect(play.runningNames).toEqual([]);
      expect(play.worker.effects.filter((effect) => effect.kind === 'write').at(-1)).toMatchObject({
        write: { kind: 'delete', uid: 'uid-1', gracePeriodSeconds: 0 },
      });
    }),
    { numRuns: 300 },
  );
});

/** A main container of a living pod runs, or ended and is not to run again. */
function keepsRunning(pod: Pod, name: string, running: readonly string[]): boolean {
  if (running.includes(name)) return true;
  const status = pod.status?.containerStatuses?.find((shown) => shown.name === name);
  const code = status?.state?.terminated?.exitCode;
  return code !== undefined && !runsAgain(pod, { name, role: 'main' }, code);
}
