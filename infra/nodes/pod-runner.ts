// Runs the worker of one pod: carries its runtime calls and writes out and tells it what came of them. A pod at rest
// needs no actor, because what its worker knows is in the pod and in the runtime: the actor is let go, and made again as
// after a restart when something happens to the pod (150,000 idle actors would hold some 600 MB).

import type { Note, Write, WriteOutcome } from '../../actors/kit/write.ts';
import type { Refusal } from '../../actors/kubelet/admission.ts';
import { podWorkerMachine } from '../../actors/kubelet/pod-worker.ts';
import type { RunningContainer, RuntimeEffect, RuntimeEvent, WorkerEffect } from '../../actors/kubelet/runtime.ts';
import { atRest, type WorkerEvent, type WorkerInput } from '../../actors/kubelet/worker-context.ts';
import { assert, assertNever } from '../../streams/base/assert.ts';
import type { Clock } from '../../streams/base/clock.ts';
import type { Cause } from '../../streams/log/event.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ContainerRuntime, PodName, PullOutcome, SandboxOutcome, StartOutcome } from './container-runtime.ts';
import { NodeActor, type TimerEffect } from './node-actor.ts';
import type { PodReferences } from './pod-references.ts';

/** Shared by the pods of a node. */
export type PodRunnerPorts = {
  readonly node: { readonly name: string; readonly ip: string };
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  write(write: Write, cause: Cause | null): Promise<WriteOutcome>;
  note(note: Note): void;
  /** What the pod refers to and needs before it can start. */
  readonly references: PodReferences;
  /** The kubelet is to say whether the node has room for what the pod wants now; its answer is heard. */
  askResize(pod: Pod): void;
  /** The newest version of the pod, where it is still there. */
  newest(pod: PodName): Pod | undefined;
  /** Its containers have ended for good. */
  ended(runner: PodRunner): void;
  /** The pod is gone and nothing of it is left on the node. */
  left(runner: PodRunner): void;
};

type Effect = Exclude<WorkerEffect, TimerEffect>;

export class PodRunner implements PodName {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly #ports: PodRunnerPorts;
  #actor: WorkerActor | undefined;
  /** Revision of the newest version the worker knows. */
  #seen: number;
  #waking = false;
  #ended = false;
  #stopped = false;

  constructor(pod: Pod, ports: PodRunnerPorts) {
    const { namespace = '', name, uid } = pod.metadata;
    this.namespace = namespace;
    this.name = name;
    this.uid = uid;
    this.#seen = revisionOf(pod);
    this.#ports = ports;
  }

  start(pod: Pod, refusal: Refusal | undefined): void {
    this.#wake(pod, refusal).start();
  }

  /** There is a new version of the pod. Its own writes come back here too and are passed over. */
  changed(pod: Pod): void {
    if (revisionOf(pod) <= this.#seen) return;
    this.#seen = revisionOf(pod);
    this.#ports.runtime.podChanged(pod);
    this.#tell({ type: 'pod.changed', pod, nowMs: this.#ports.clock.now() }, () => pod);
  }

  /** The object is no more; `last` is how it was. */
  gone(last: Pod): void {
    this.#tell({ type: 'pod.gone', nowMs: this.#ports.clock.now() }, () => last);
  }

  hear(event: RuntimeEvent): void {
    this.#tell({ ...event, nowMs: this.#ports.clock.now() }, () => this.#ports.newest(this));
  }

  stop(): void {
    this.#stopped = true;
    this.#rest();
  }

  /** Tells the worker, which is made again from the pod where it was at rest. A pod that is gone is told so soon. */
  #tell(event: WorkerEvent, podNow: () => Pod | undefined): void {
    if (this.#stopped) return;
    let actor = this.#actor;
    if (actor === undefined) {
      const pod = podNow();
      if (pod === undefined) return;
      actor = this.#wake(pod, undefined);
      this.#waking = true;
      actor.start();
      this.#waking = false;
    }
    actor.send(event);
  }

  #wake(pod: Pod, refusal: Refusal | undefined): WorkerActor {
    const { node, runtime, clock } = this.#ports;
    const input: WorkerInput = { pod, node, runtime: runtime.podOf(pod), refusal, nowMs: clock.now() };
    this.#actor = new NodeActor(podWorkerMachine, input, {
      clock,
      perform: (effect) => this.#perform(effect),
      turned: () => this.#turned(),
    });
    return this.#actor;
  }

  #rest(): void {
    this.#actor?.stop();
    this.#actor = undefined;
  }

  #turned(): void {
    if (this.#waking || this.#actor === undefined) return;
    const { value, context } = this.#actor.run;
    assert(value !== 'faulted', `the worker of pod ${context.pod.metadata.name} was told something it does not know`);
    if (value === 'gone') {
      this.stop();
      this.#ports.left(this);
      return;
    }
    if (value === 'finished' && !this.#ended) {
      this.#ended = true;
      this.#ports.ended(this);
    }
    if (atRest(context)) this.#rest();
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'write':
        void this.#ports.write(effect.write, effect.cause).then((outcome) => this.#settled(effect.ticket, outcome));
        return;
      case 'note':
        this.#ports.note(effect.note);
        return;
      default:
        this.#call(effect);
    }
  }

  #settled(ticket: string, outcome: WriteOutcome): void {
    if (outcome.kind === 'done') this.#seen = Math.max(this.#seen, revisionOf(outcome.object));
    // A worker at rest awaits no outcome.
    if (this.#stopped) return;
    this.#actor?.send({ type: 'write.settled', ticket, outcome, nowMs: this.#ports.clock.now() });
  }

  /** A runtime never rejects: its outcomes are data. */
  #call(effect: RuntimeEffect): void {
    const { runtime } = this.#ports;
    const hear = (outcome: Promise<RuntimeEvent>) => void outcome.then((event) => this.hear(event));
    switch (effect.kind) {
      case 'makeSandbox':
        hear(this.#makeSandbox(effect.pod));
        return;
      case 'pullImage': {
        const { container } = effect;
        const onPulling = () => this.hear({ type: 'image.pulling', container });
        hear(runtime.pullImage({ ...effect, onPulling }).then((outcome) => pullEvent(container, outcome)));
        return;
      }
      case 'startContainer':
        hear(this.#startContainer(effect));
        return;
      case 'resizeContainer': {
        const { container, id } = effect;
        const resized = runtime.resizeContainer(effect);
        hear(resized.then((resources) => ({ type: 'container.resized', container, id, resources })));
        return;
      }
      case 'askResize':
        this.#ports.askResize(effect.pod);
        return;
      case 'stopContainer':
        runtime.stopContainer(effect);
        return;
      case 'removePod':
        runtime.removePod(effect.pod);
        return;
      default:
        assertNever(effect);
    }
  }

  async #makeSandbox(pod: Pod): Promise<RuntimeEvent> {
    const { runtime, references } = this.#ports;
    const message = references.volumeProblem(pod);
    if (message !== undefined) return { type: 'volumes.failed', message };
    return sandboxEvent(await runtime.makeSandbox(pod));
  }

  async #startContainer(effect: Extract<RuntimeEffect, { kind: 'startContainer' }>): Promise<RuntimeEvent> {
    const { runtime, references } = this.#ports;
    const { pod, container } = effect;
    const message = references.configProblem(pod, container);
    if (message === undefined) return startEvent(container, await runtime.startContainer(effect));
    return { type: 'container.startFailed', container, reason: 'CreateContainerConfigError', message };
  }
}

type WorkerActor = NodeActor<typeof podWorkerMachine, Effect>;

function sandboxEvent(outcome: SandboxOutcome): RuntimeEvent {
  if (outcome.kind === 'ready') return { type: 'sandbox.ready', ip: outcome.ip };
  return { type: 'sandbox.failed', message: outcome.message };
}

function pullEvent(container: string, outcome: PullOutcome): RuntimeEvent {
  switch (outcome.kind) {
    case 'present':
      return { type: 'image.pulled', container };
    case 'fetched':
      return { type: 'image.pulled', container, fetched: { ms: outcome.ms, bytes: outcome.bytes } };
    case 'failed':
      return { type: 'image.pullFailed', container, reason: outcome.reason, message: outcome.message };
    default:
      return assertNever(outcome);
  }
}

function startEvent(container: string, outcome: StartOutcome): RuntimeEvent {
  if (outcome.kind === 'started') return { type: 'container.started', container, ...runOf(outcome.container) };
  return { type: 'container.startFailed', container, reason: outcome.reason, message: outcome.message };
}

function runOf({ name: _, ...run }: RunningContainer): Omit<RunningContainer, 'name'> {
  return run;
}

function revisionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion ?? 0);
}
