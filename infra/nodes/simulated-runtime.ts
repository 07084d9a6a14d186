// The container runtime of one simulated node: nothing runs, but everything takes its time and can fail as the pod's
// annotations say (`simulated-behaviour.ts`). Latencies come from a seeded stream of its own, so a simulation that is
// run again takes the same course.

import { sameJson } from '../../actors/kit/same-json.ts';
import type { ResourceAmounts, RuntimePod } from '../../actors/kubelet/runtime.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Container, Hook, Pod } from '../../streams/resources/pod.ts';
import {
  type ContainerRuntime,
  type LogOutcome,
  type LogRequest,
  nameOf,
  type PullOutcome,
  type PullRequest,
  type ResizeRequest,
  type RuntimeNews,
  type SandboxOutcome,
  type StartOutcome,
  type StartRequest,
  type StopRequest,
} from './container-runtime.ts';
import { type ImageName, imaginedImage, parseImage } from './image-name.ts';
import { type Distribution, drawMs } from './latency.ts';
import type { PodAddresses } from './node-network.ts';
import { defaultProfile, type SimulationProfile } from './node-profile.ts';
import { type Behaviour, behaviourOf } from './simulated-behaviour.ts';
import { lastingSpec, SimulatedContainer } from './simulated-container.ts';
import { simulatedLog } from './simulated-pod-log.ts';

export const simulatedRuntimeVersion = 'simulated://1.0.0';

export type SimulatedRuntimeOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly addresses: PodAddresses;
  /** The node's own address: pods in the host's network have it. */
  readonly hostIP: string;
  /** How fast it is and what goes wrong; a node that nothing is said about is quick and reliable. */
  readonly profile?: Pick<SimulationProfile, 'latency' | 'failures'>;
};

type SimulatedPod = {
  readonly ip: string;
  readonly containers: Map<string, SimulatedContainer>;
  annotations: Pod['metadata']['annotations'];
  /** Cut short the postStart hooks that go on in it. */
  hooks?: Set<() => void>;
};

export class SimulatedRuntime implements ContainerRuntime {
  readonly version = simulatedRuntimeVersion;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #addresses: PodAddresses;
  readonly #hostIP: string;
  readonly #profile: Pick<SimulationProfile, 'latency' | 'failures'>;
  readonly #pods = new Map<string, SimulatedPod>();
  readonly #images = new Set<string>();
  readonly #pending = new Set<Timer>();
  #listener: (news: RuntimeNews) => void = () => {};
  #closed = false;

  constructor({ clock, random, addresses, hostIP, profile = defaultProfile }: SimulatedRuntimeOptions) {
    this.#profile = profile;
    this.#clock = clock;
    this.#random = random;
    this.#addresses = addresses;
    this.#hostIP = hostIP;
  }

  listen(listener: (news: RuntimeNews) => void): void {
    this.#listener = listener;
  }

  async makeSandbox(pod: Pod): Promise<SandboxOutcome> {
    const { uid } = pod.metadata;
    const known = this.#pods.get(uid);
    if (known !== undefined) return { kind: 'ready', ip: known.ip };
    const ip = pod.spec.hostNetwork === true ? this.#hostIP : this.#addresses.take(pod.status?.podIP);
    if (ip === undefined) return { kind: 'failed', message: `no free address in the node's pod network` };
    this.#pods.set(uid, { ip, containers: new Map(), annotations: pod.metadata.annotations });
    return { kind: 'ready', ip };
  }

  async pullImage({ pod, container, image, policy, onPulling }: PullRequest): Promise<PullOutcome> {
    const name = parseImage(image);
    if (name === undefined) {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
      return { kind: 'failed', reason: 'InvalidImageName', message };
    }
    const read = behaviourOf(pod, container, 0);
    const { pulls, pullMs } = read.kind === 'behaviour' ? read.behaviour : { pulls: true, pullMs: undefined };
    const cached = this.#images.has(name.full);
    if (policy === 'Never' && !cached) {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      return { kind: 'failed', reason: 'ErrImageNeverPull', message };
    }
    if (cached && pulls && policy !== 'Always') return { kind: 'present' };
    onPulling();
    const ms = pullMs ?? (cached ? this.#draw(cachedPull) : this.#draw(this.#profile.latency.pull));
    await this.#pass(ms);
    if (!pulls) return { kind: 'failed', reason: 'ErrImagePull', message: notFound(name) };
    const { pull: share } = this.#profile.failures;
    if (share > 0 && this.#random.float() < share)
      return { kind: 'failed', reason: 'ErrImagePull', message: unreachable(name) };
    this.#images.add(name.full);
    return { kind: 'fetched', ms, bytes: imaginedImage(name).bytes };
  }

  async startContainer({ pod, container, image, restartCount }: StartRequest): Promise<StartOutcome> {
    const read = behaviourOf(pod, container, restartCount);
    if (read.kind === 'malformed')
      return { kind: 'failed', reason: 'CreateContainerConfigError', message: read.message };
    const behaviour = this.#crashing(read.behaviour, specNamed(pod, container));
    await this.#pass(behaviour.startMs ?? this.#draw(this.#profile.latency.start));
    const startedAtMs = this.#clock.now();
    const hook = specNamed(pod, container)?.lifecycle?.postStart;
    const hookFailed = hook !== undefined && !(await this.#runHook(pod, hook, behaviour));
    const simulated = this.#pods.get(pod.metadata.uid);
    const name = parseImage(image);
    if (simulated === undefined || name === undefined) {
      return { kind: 'failed', reason: 'CreateContainerError', message: `the sandbox of the pod is gone` };
    }
    const started = this.#begin(
      { pod, container, image, name, behaviour, restartCount, ip: simulated.ip, startedAtMs, hookFailed },
      simulated.containers.get(container),
    );
    simulated.containers.set(container, started);
    return { kind: 'started', container: started.running };
  }

  stopContainer({ pod, container, id, graceMs }: StopRequest): void {
    const target = this.#pods.get(pod.metadata.uid)?.containers.get(container);
    if (target?.running.id === id) target.stop(graceMs, this.#draw(this.#profile.latency.stop));
  }

  async resizeContainer({ pod, container, id, resources }: ResizeRequest): Promise<ResourceAmounts> {
    await this.#pass(this.#draw(resizing));
    const target = this.#pods.get(pod.metadata.uid)?.containers.get(container);
    if (target?.running.id === id) target.change({ memoryLimit: resources.limits?.memory });
    return resources;
  }

  podChanged(pod: Pod): void {
    const simulated = this.#pods.get(pod.metadata.uid);
    if (simulated === undefined) return;
    if (pod.metadata.deletionTimestamp !== undefined) for (const cut of simulated.hooks ?? none) cut();
    if (simulated.annotations === pod.metadata.annotations) return;
    if (sameJson(simulated.annotations, pod.metadata.annotations)) return;
    simulated.annotations = pod.metadata.annotations;
    for (const [name, container] of simulated.containers) {
      const read = behaviourOf(pod, name, 0);
      if (read.kind === 'behaviour') container.change({ behaviour: read.behaviour });
    }
  }

  removePod(pod: Pod): void {
    const { uid } = pod.metadata;
    const simulated = this.#pods.get(uid);
    if (simulated === undefined) return;
    this.#pods.delete(uid);
    for (const cut of simulated.hooks ?? none) cut();
    for (const container of simulated.containers.values()) container.vanish();
    if (simulated.ip !== this.#hostIP) this.#addresses.release(simulated.ip);
  }

  podOf(pod: Pod): RuntimePod | undefined {
    const simulated = this.#pods.get(pod.metadata.uid);
    if (simulated === undefined) return undefined;
    return { ip: simulated.ip, containers: Array.from(simulated.containers.values(), (container) => container.latest) };
  }

  logs(request: LogRequest): LogOutcome {
    const container = this.#pods.get(request.pod.metadata.uid)?.containers.get(request.container);
    return simulatedLog(request, { container, clock: this.#clock });
  }

  close(): void {
    this.#closed = true;
    this.#listener = () => {};
    for (const timer of this.#pending) timer.cancel();
    for (const { containers } of this.#pods.values()) for (const container of containers.values()) container.vanish();
    this.#pods.clear();
  }

  #begin(
    start: {
      readonly pod: Pod;
      readonly container: string;
      readonly image: string;
      readonly name: ImageName;
      readonly behaviour: Behaviour;
      readonly restartCount: number;
      readonly ip: string;
      readonly startedAtMs: number;
      readonly hookFailed: boolean;
    },
    before: SimulatedContainer | undefined,
  ): SimulatedContainer {
    const { pod, container, image, name, ip } = start;
    const spec = specNamed(pod, container);
    const named = nameOf(pod);
    return new SimulatedContainer({
      pod: named,
      container,
      behaviour: start.behaviour,
      restartCount: start.restartCount,
      running: {
        name: container,
        id: `simulated://${Buffer.from(this.#random.bytes(32)).toString('hex')}`,
        image: name.full,
        imageID: imaginedImage(name).imageID,
        requestedImage: image,
        startedAtMs: start.startedAtMs,
        ready: !start.hookFailed && isReadyAtOnce(start.behaviour, spec),
        ...(start.hookFailed && { postStartFailed: true as const }),
        ...(spec?.startupProbe !== undefined && { started: false }),
      },
      spec: lastingSpec(spec),
      ip,
      memoryLimit: spec?.resources?.limits?.memory,
      clock: this.#clock,
      before: before?.run,
      tell: (event) => this.#listener({ pod: named, event }),
    });
  }

  /** False where the hook failed. The container counts as started only once it is through, or its pod is to go. */
  async #runHook({ metadata: { uid } }: Pod, { sleep }: Hook, { postStart }: Behaviour): Promise<boolean> {
    const simulated = this.#pods.get(uid);
    if (simulated === undefined) return true;
    const ms = postStart.ms ?? (sleep === undefined || postStart.fails ? this.#draw(hookRun) : sleep.seconds * 1_000);
    let isCut = false;
    await new Promise<void>((resolve) => {
      const done = () => {
        simulated.hooks?.delete(cut);
        resolve();
      };
      const cut = () => {
        isCut = true;
        done();
      };
      simulated.hooks ??= new Set();
      simulated.hooks.add(cut);
      void this.#pass(ms).then(done);
    });
    return isCut || !postStart.fails;
  }

  /** On a machine where containers crash, one that would run on ends by itself some day. */
  #crashing(behaviour: Behaviour, spec: Container | undefined): Behaviour {
    const { crash } = this.#profile.failures;
    if (crash === undefined || behaviour.end !== undefined || spec === undefined) return behaviour;
    return { ...behaviour, end: { afterMs: this.#draw(crash), exitCode: 1 } };
  }

  #draw(distribution: Distribution): number {
    return drawMs(distribution, this.#random);
  }

  /** Time passes; on a machine that is down it never does. */
  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed) return;
      const timer = this.#clock.after(ms, () => {
        this.#pending.delete(timer);
        resolve();
      });
      this.#pending.add(timer);
    });
  }
}

const cachedPull: Distribution = { kind: 'uniform', fromMs: 5, toMs: 15 };
const hookRun: Distribution = { kind: 'uniform', fromMs: 5, toMs: 30 };
const none: readonly never[] = [];
const resizing: Distribution = { kind: 'uniform', fromMs: 5, toMs: 30 };

function unreachable({ full }: ImageName): string {
  const host = full.slice(0, full.indexOf('/'));
  return `rpc error: code = Unknown desc = failed to pull and unpack image "${full}": failed to resolve reference "${full}": failed to do request: Head "https://${host}/v2/": net/http: TLS handshake timeout`;
}

function specNamed({ spec }: Pod, container: string): Container | undefined {
  const named = ({ name }: Container) => name === container;
  return spec.containers.find(named) ?? spec.initContainers?.find(named) ?? spec.ephemeralContainers?.find(named);
}

function isReadyAtOnce({ readyAfterMs }: Behaviour, spec: Container | undefined): boolean {
  if (readyAfterMs !== undefined) return readyAfterMs === 0;
  return spec?.readinessProbe === undefined && spec?.startupProbe === undefined;
}

function notFound({ full }: ImageName): string {
  return `rpc error: code = NotFound desc = failed to pull and unpack image "${full}": failed to resolve reference "${full}": ${full}: not found`;
}
