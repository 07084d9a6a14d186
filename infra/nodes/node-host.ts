// Runs one node: its kubelet's actor, its container runtime and the workers of its pods. It decides nothing: the kubelet
// says which pods it takes.

import type { Write, WriteOutcome } from '../../actors/kit/write.ts';
import type { Refusal } from '../../actors/kubelet/admission.ts';
import type { Beat, KubeletEffect } from '../../actors/kubelet/kubelet-context.ts';
import { kubeletMachine } from '../../actors/kubelet/kubelet-machine.ts';
import type { NodeProfile } from '../../actors/kubelet/node-object.ts';
import type { Pressure } from '../../actors/kubelet/pressure.ts';
import { isPodTerminal } from '../../actors/pod/pod-conditions.ts';
import { assert, assertNever } from '../../streams/base/assert.ts';
import type { Clock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Cause } from '../../streams/log/event.ts';
import type { Draft, KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { quantityOf, wholeValue } from '../../streams/resources/quantity.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { keyOf } from '../../streams/views/stored-object.ts';
import type { WriteContext, Writer } from '../host/writer.ts';
import type { ContainerRuntime, LogOptions, LogOutcome } from './container-runtime.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { NodeActor, type TimerEffect } from './node-actor.ts';
import { type PodReferences, podReferences } from './pod-references.ts';
import { PodRunner, type PodRunnerPorts } from './pod-runner.ts';
import { isMemoryScripted, PressureWatch } from './pressure-watch.ts';
import type { UsageReader } from './usage.ts';

export type NodeMachine = {
  readonly runtime: ContainerRuntime;
  /** New each time the machine boots. */
  readonly bootID: string;
};

export type NodeHostOptions = {
  readonly profile: NodeProfile;
  readonly beat: Beat;
  readonly world: ObjectReader;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly usage: UsageReader;
  /** Makes the machine: called at every boot. */
  boot(): NodeMachine;
};

type Effect = Exclude<KubeletEffect, TimerEffect>;

export class NodeHost {
  readonly name: string;
  readonly #options: NodeHostOptions;
  readonly #kubelet: NodeActor<typeof kubeletMachine, Effect>;
  readonly #pods = new Map<string, PodRunner>();
  readonly #references: PodReferences;
  readonly #lease: LeaseKeeper;
  #underWay = 0;
  readonly #idle: (() => void)[] = [];
  #runtime: ContainerRuntime | undefined;
  #runnerPorts: PodRunnerPorts | undefined;
  #bootID = '';
  /** There is one once the node may be short of something. */
  #watch: PressureWatch | undefined;

  constructor(options: NodeHostOptions) {
    this.name = options.profile.name;
    this.#options = options;
    this.#references = podReferences(options.world);
    this.#lease = new LeaseKeeper({ ...options, write: (write) => this.#write(write, null) });
    const { profile, beat, clock } = options;
    this.#kubelet = new NodeActor(
      kubeletMachine,
      { profile, beat },
      {
        clock,
        perform: (effect) => this.#perform(effect),
        turned: () => assert(this.#kubelet.run.value !== 'faulted', `kubelet ${this.name} is faulted`),
      },
    );
    this.#kubelet.start();
  }

  get isUp(): boolean {
    return this.#runtime !== undefined;
  }

  /** The machine comes up: the kubelet registers its node and takes up the pods it finds bound to it. */
  boot(): void {
    assert(this.#runtime === undefined, `node ${this.name} is up already`);
    const { runtime, bootID } = this.#options.boot();
    this.#runtime = runtime;
    this.#runnerPorts = this.#portsFor(runtime);
    runtime.listen(({ pod, event }) => {
      const runner = this.#pods.get(keyOf(pod));
      if (runner?.uid === pod.uid) runner.hear(event);
    });
    this.#bootID = bootID;
    this.#takeUp();
  }

  /** The kubelet's process starts anew; the machine and what runs on it are left alone. */
  restartKubelet(): void {
    assert(this.#runtime !== undefined, `node ${this.name} is up`);
    for (const runner of this.#pods.values()) runner.stop();
    this.#pods.clear();
    this.#takeUp();
  }

  #takeUp(): void {
    const { world, clock } = this.#options;
    const node = world.get<Node>(resources.nodes, { name: this.name });
    this.#kubelet.send({ type: 'kubelet.started', node, bootID: this.#bootID, nowMs: clock.now() });
    // Those it had taken before come first: they keep their place and their addresses.
    const pods = world.podsOnNode<Pod>(this.name);
    for (const pod of pods) if (pod.status?.startTime !== undefined) this.podChanged(pod);
    for (const pod of pods) if (pod.status?.startTime === undefined) this.podChanged(pod);
  }

  /** The machine goes down without a word. */
  crash(): void {
    this.#kubelet.send({ type: 'kubelet.crashed', nowMs: this.#options.clock.now() });
    this.#switchOff();
  }

  /** Ends the node's process. Resolves once no write is under way any more. */
  async stop(): Promise<void> {
    this.#kubelet.send({ type: 'kubelet.stopped', nowMs: this.#options.clock.now() });
    this.#kubelet.stop();
    this.#switchOff();
    if (this.#underWay > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  nodeChanged(node: Node | undefined): void {
    const known = this.#kubelet.run.context.node;
    if (node !== undefined && known !== null && revisionOf(node) <= revisionOf(known)) return;
    this.#kubelet.send({ type: 'node.changed', node, nowMs: this.#options.clock.now() });
  }

  /** Somebody says that the node is short of something, or no longer. */
  press(pressure: Pressure, isShort: boolean): void {
    if (this.#runtime !== undefined) this.#pressureWatch().say(pressure, isShort);
  }

  /** What it was said to be short of. */
  get pressures(): readonly Pressure[] {
    return this.#watch?.said ?? [];
  }

  /** A pod that is bound to this node has a new version. */
  podChanged(pod: Pod): void {
    if (this.#runtime === undefined) return;
    if (isMemoryScripted(pod) && !isPodTerminal(pod)) this.#pressureWatch().scripted(pod.metadata.uid);
    const runner = this.#pods.get(keyOfPod(pod));
    if (runner?.uid === pod.metadata.uid) runner.changed(pod);
    else if (!isPodTerminal(pod) || pod.metadata.deletionTimestamp !== undefined) {
      this.#kubelet.send({ type: 'pod.bound', pod, nowMs: this.#options.clock.now() });
    }
  }

  /** A pod is no more; `last` is how it was. */
  podGone(last: Pod): void {
    const runner = this.#pods.get(keyOfPod(last));
    if (runner?.uid === last.metadata.uid) runner.gone(last);
  }

  logs(pod: Pod, container: string, options: LogOptions): LogOutcome {
    if (this.#runtime !== undefined) return this.#runtime.logs({ pod, container, options });
    return { kind: 'unavailable', message: `node ${this.name} is down` };
  }

  #switchOff(): void {
    this.#watch?.stop();
    this.#watch = undefined;
    for (const runner of this.#pods.values()) runner.stop();
    this.#pods.clear();
    this.#runtime?.close();
    this.#runtime = undefined;
    this.#runnerPorts = undefined;
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'write':
        void this.#write(effect.write, effect.cause).then((outcome) => this.#settled(effect, outcome));
        return;
      case 'note':
        this.#options.writer.note(effect.note, this.#context(null));
        return;
      case 'runPod':
        this.#runPod(effect.pod, effect.refusal);
        return;
      case 'holdLease':
        this.#lease.hold(effect.node);
        return;
      case 'dropLease':
        this.#lease.drop();
        return;
      case 'answerResize':
        this.#runnerOf(effect.uid)?.hear(effect.answer);
        return;
      default:
        assertNever(effect);
    }
  }

  #settled({ ticket, write }: Extract<Effect, { kind: 'write' }>, outcome: WriteOutcome): void {
    const { world, clock } = this.#options;
    const newest =
      outcome.kind === 'failed' && 'object' in write ? world.get(write.resource, keyOfDraft(write)) : undefined;
    this.#kubelet.send({ type: 'write.settled', ticket, outcome, newest, nowMs: clock.now() });
  }

  #runPod(pod: Pod, refusal: Refusal | undefined): void {
    assert(this.#runnerPorts !== undefined, 'a kubelet takes pods while its machine is up');
    const runner = new PodRunner(pod, this.#runnerPorts);
    this.#pods.set(keyOfPod(pod), runner);
    runner.start(pod, refusal);
  }

  /** Shared by the runners of all pods: there are many, and most of them rest. */
  #portsFor(runtime: ContainerRuntime): PodRunnerPorts {
    const { profile, world, clock, writer } = this.#options;
    return {
      node: { name: profile.name, ip: profile.ip },
      runtime,
      clock,
      write: (write, cause) => this.#write(write, cause),
      note: (note) => writer.note(note, this.#context(null)),
      references: this.#references,
      askResize: (wanted) => this.#kubelet.send({ type: 'pod.resizing', pod: wanted, nowMs: clock.now() }),
      newest: ({ namespace, name, uid }) => {
        const newest = world.get<Pod>(resources.pods, { namespace, name });
        return newest?.metadata.uid === uid ? newest : undefined;
      },
      ended: ({ uid }) => this.#podEnded(uid),
      left: (runner) => {
        const key = keyOf(runner);
        if (this.#pods.get(key) === runner) this.#pods.delete(key);
        this.#podEnded(runner.uid);
      },
    };
  }

  #pressureWatch(): PressureWatch {
    const { clock, world, usage, profile } = this.#options;
    this.#watch ??= new PressureWatch({
      clock,
      capacityBytes: wholeValue(quantityOf(profile.capacity.memory ?? '0')),
      usage: () => usage.usageOf(this.name),
      pod: ({ namespace, name }) => world.get<Pod>(resources.pods, { namespace, name }),
      pressed: (pressures, evictsFor) =>
        this.#kubelet.send({
          type: 'node.pressed',
          pressures,
          ...(evictsFor !== undefined && { evictsFor }),
          nowMs: clock.now(),
        }),
      evict: ({ metadata: { uid } }, message) => this.#runnerOf(uid)?.hear({ type: 'pod.evicted', message }),
    });
    return this.#watch;
  }

  #runnerOf(uid: string): PodRunner | undefined {
    for (const runner of this.#pods.values()) if (runner.uid === uid) return runner;
    return undefined;
  }

  #podEnded(uid: string): void {
    this.#watch?.ended(uid);
    this.#kubelet.send({ type: 'pod.ended', uid, nowMs: this.#options.clock.now() });
  }

  async #write(write: Write, cause: Cause | null): Promise<WriteOutcome> {
    const { writer, logger } = this.#options;
    this.#underWay++;
    try {
      return await writer.write(write, this.#context(cause));
    } catch (error) {
      // Only a fault of the writer comes here. One odd object must not stop the others: it is tried again.
      logger.error('write failed', { node: this.name, write: write.kind, error });
      return { kind: 'failed', reason: 'Other', message: error instanceof Error ? error.message : String(error) };
    } finally {
      if (--this.#underWay === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  #context(cause: Cause | null): WriteContext {
    return { user: `system:node:${this.name}`, agent: 'kubelet', cause };
  }
}

function keyOfPod({ metadata: { namespace = '', name } }: Pod): string {
  return keyOf({ namespace, name });
}

function keyOfDraft({ object }: { readonly object: Draft<KubeObject> }): { namespace?: string; name: string } {
  const { namespace, name = '' } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

function revisionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion ?? 0);
}
