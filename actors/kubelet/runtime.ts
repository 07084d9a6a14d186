// What a kubelet asks of its node's container runtime, and what it hears back. A pod's worker is told about its own pod
// only, so its events name a container at most. All results are facts: they are true in whatever state the worker is.

import type { Pod, Quantities } from '../../streams/resources/pod.ts';
import type { TimerFired } from '../kit/effect.ts';
import type { ProbeKind } from './probe-course.ts';
import type { CommonEffect } from './turn.ts';

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

export type RuntimeEffect =
  /** Give the pod its network: answered by `sandbox.ready` or `sandbox.failed`. */
  | { readonly kind: 'makeSandbox'; readonly pod: Pod }
  /** Have the image on the node: perhaps `image.pulling`, then `image.pulled` or `image.pullFailed`. */
  | {
      readonly kind: 'pullImage';
      readonly pod: Pod;
      readonly container: string;
      readonly image: string;
      readonly policy: PullPolicy;
    }
  /** Create and start: answered by `container.started` or `container.startFailed`. */
  | {
      readonly kind: 'startContainer';
      readonly pod: Pod;
      readonly container: string;
      readonly image: string;
      readonly restartCount: number;
    }
  /** SIGTERM, and SIGKILL after `graceMs`; asked again it shortens the wait. `container.exited` tells the end. */
  | {
      readonly kind: 'stopContainer';
      readonly pod: Pod;
      readonly container: string;
      readonly id: string;
      readonly graceMs: number;
    }
  /** Give a running container other resources: answered by `container.resized`. */
  | {
      readonly kind: 'resizeContainer';
      readonly pod: Pod;
      readonly container: string;
      readonly id: string;
      readonly resources: ResourceAmounts;
    }
  /** Ask the kubelet whether the node has room for the pod's new requests: `resize.granted` or `resize.refused`. */
  | { readonly kind: 'askResize'; readonly pod: Pod }
  /** Kill what still runs and forget the pod. Nothing returns. */
  | { readonly kind: 'removePod'; readonly pod: Pod };

export type WorkerEffect = CommonEffect | RuntimeEffect;

/** Facts from the runtime about one pod. */
export type RuntimeEvent =
  | { readonly type: 'sandbox.ready'; readonly ip: string }
  | { readonly type: 'sandbox.failed'; readonly message: string }
  /** What the pod mounts is not there yet. */
  | { readonly type: 'volumes.failed'; readonly message: string }
  /** The image is not there and is being fetched. */
  | { readonly type: 'image.pulling'; readonly container: string }
  | {
      readonly type: 'image.pulled';
      readonly container: string;
      /** Absent where the image was on the node already. */
      readonly fetched?: { readonly ms: number; readonly bytes: number };
    }
  | {
      readonly type: 'image.pullFailed';
      readonly container: string;
      readonly reason: PullFailure;
      readonly message: string;
    }
  | ({ readonly type: 'container.started'; readonly container: string } & Omit<RunningContainer, 'name'>)
  | {
      readonly type: 'container.startFailed';
      readonly container: string;
      readonly reason: string;
      readonly message: string;
    }
  | { readonly type: 'container.readiness'; readonly container: string; readonly id: string; readonly ready: boolean }
  /** It passed its startup probe. */
  | { readonly type: 'container.startedUp'; readonly container: string; readonly id: string }
  /** One execution of a probe failed. */
  | {
      readonly type: 'container.probeFailed';
      readonly container: string;
      readonly id: string;
      readonly probe: ProbeKind;
      readonly output: string;
    }
  /** A probe failed so often that the container is to be stopped, within `graceMs` where the probe says so. */
  | {
      readonly type: 'container.unhealthy';
      readonly container: string;
      readonly id: string;
      readonly probe: Exclude<ProbeKind, 'readiness'>;
      readonly graceMs?: number;
    }
  | { readonly type: 'container.hookFailed'; readonly container: string; readonly id: string }
  | {
      readonly type: 'container.resized';
      readonly container: string;
      readonly id: string;
      readonly resources: ResourceAmounts;
    }
  | { readonly type: 'resize.granted'; readonly generation: number | undefined }
  | {
      readonly type: 'resize.refused';
      readonly generation: number | undefined;
      readonly reason: 'Deferred' | 'Infeasible';
      readonly message: string;
    }
  /** The node is short of something and gives the pod up. */
  | { readonly type: 'pod.evicted'; readonly message: string }
  | ({ readonly type: 'container.exited'; readonly container: string; readonly id: string } & ContainerExit);

export type PullFailure = 'ErrImagePull' | 'ErrImageNeverPull' | 'InvalidImageName';

/** A container that runs. */
export type RunningContainer = {
  readonly name: string;
  /** As statuses carry it: `<runtime>://<id>`. */
  readonly id: string;
  /** The image's full name, e.g. `docker.io/library/nginx:1.27`, and its digest. */
  readonly image: string;
  readonly imageID: string;
  /** The image as the pod's spec named it when the container was started. */
  readonly requestedImage: string;
  readonly startedAtMs: number;
  /** Passed its readiness probe, or needs none. */
  readonly ready: boolean;
  /** Passed its startup probe; absent where it needs none. */
  readonly started?: boolean;
  /** Its postStart hook failed: it is not to go on. */
  readonly postStartFailed?: true;
};

export type ResourceAmounts = { readonly requests?: Quantities; readonly limits?: Quantities };

export type ContainerExit = {
  readonly exitCode: number;
  /** As the runtime sees it: `Completed`, `Error`, `OOMKilled` … */
  readonly reason: string;
  readonly message?: string;
  readonly finishedAtMs: number;
};

/** What the runtime has of a pod when its worker begins: its address, and the latest run of each container. */
export type RuntimePod = { readonly ip: string; readonly containers: readonly RuntimeContainer[] };
export type RuntimeContainer = RunningContainer & { readonly exit?: ContainerExit };

/** Every event of a node's actors comes with the clock's reading: machines have no clock. */
export type Timed<E> = E & { readonly nowMs: number };
export type NodeTimerFired = Timed<TimerFired>;
