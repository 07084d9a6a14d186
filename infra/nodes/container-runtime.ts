// The container runtime port: what a kubelet host needs of whatever runs the containers of one node. Outcomes are data;
// a runtime never rejects. What happens later (a container exits, a readiness probe turns) is told to the listener.

import type {
  PullFailure,
  PullPolicy,
  ResourceAmounts,
  RunningContainer,
  RuntimeEvent,
  RuntimePod,
} from '../../actors/kubelet/runtime.ts';
import type { Pod } from '../../streams/resources/pod.ts';

export type SandboxOutcome =
  | { readonly kind: 'ready'; readonly ip: string }
  | { readonly kind: 'failed'; readonly message: string };

export type PullRequest = {
  readonly pod: Pod;
  readonly container: string;
  readonly image: string;
  readonly policy: PullPolicy;
  /** Called when the image is not on the node and is about to be fetched. */
  onPulling(): void;
};

export type PullOutcome =
  | { readonly kind: 'present' }
  | { readonly kind: 'fetched'; readonly ms: number; readonly bytes: number }
  | { readonly kind: 'failed'; readonly reason: PullFailure; readonly message: string };

export type StartRequest = {
  readonly pod: Pod;
  readonly container: string;
  readonly image: string;
  readonly restartCount: number;
};

export type StartOutcome =
  | { readonly kind: 'started'; readonly container: RunningContainer }
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string };

export type StopRequest = {
  readonly pod: Pod;
  readonly container: string;
  readonly id: string;
  /** SIGKILL comes after this long. Asked again, the shorter wait counts. */
  readonly graceMs: number;
};

export type ResizeRequest = {
  readonly pod: Pod;
  readonly container: string;
  readonly id: string;
  readonly resources: ResourceAmounts;
};

/** Which pod: a runtime keeps no more of it than this. */
export type PodName = { readonly namespace: string; readonly name: string; readonly uid: string };

/** Something that happened to a pod's container by itself: it ended, or a probe says otherwise than before. */
export type RuntimeNews = {
  readonly pod: PodName;
  readonly event: Extract<
    RuntimeEvent,
    {
      type:
        | 'container.exited'
        | 'container.readiness'
        | 'container.startedUp'
        | 'container.probeFailed'
        | 'container.unhealthy'
        | 'container.hookFailed';
    }
  >;
};

export type LogOptions = {
  readonly follow?: boolean | undefined;
  /** The run before the last restart. */
  readonly previous?: boolean | undefined;
  readonly tailLines?: number | undefined;
  /** Only lines from then on; milliseconds since the Unix epoch. */
  readonly sinceMs?: number | undefined;
  readonly timestamps?: boolean | undefined;
  readonly limitBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type LogRequest = { readonly pod: Pod; readonly container: string; readonly options: LogOptions };

export type LogOutcome =
  /** Text in pieces; it ends with the container, with the limit, or when the signal aborts. */
  | { readonly kind: 'lines'; readonly chunks: AsyncIterable<string> }
  /** Nothing to read; the message is for the client. */
  | { readonly kind: 'unavailable'; readonly message: string };

export type ContainerRuntime = {
  /** As `status.nodeInfo.containerRuntimeVersion` says it, e.g. `containerd://2.1.4`. */
  readonly version: string;
  /** Network and address of a pod; a pod that has them keeps them. */
  makeSandbox(pod: Pod): Promise<SandboxOutcome>;
  pullImage(request: PullRequest): Promise<PullOutcome>;
  startContainer(request: StartRequest): Promise<StartOutcome>;
  /** Returns at once; the exit is told. */
  stopContainer(request: StopRequest): void;
  /** Resolves with what the container runs with now. */
  resizeContainer(request: ResizeRequest): Promise<ResourceAmounts>;
  /** The pod has a new version: what a runtime reads of it may have changed. */
  podChanged(pod: Pod): void;
  /** Kills what still runs of the pod, silently, and forgets it. */
  removePod(pod: Pod): void;
  /** What there is of the pod right now; undefined where there is nothing. */
  podOf(pod: Pod): RuntimePod | undefined;
  logs(request: LogRequest): LogOutcome;
  /** The one listener of this node. */
  listen(listener: (news: RuntimeNews) => void): void;
  /** The machine goes down: everything is gone, and nothing is told any more. */
  close(): void;
};

export function nameOf({ metadata: { namespace = '', name, uid } }: Pod): PodName {
  return { namespace, name, uid };
}
