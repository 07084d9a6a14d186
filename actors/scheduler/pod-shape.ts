// What the scheduler sees of a pod, shared by all pods that look alike: replicas of one template have one shape, so it
// is read once and a node's verdict on one of them holds for all (KEP-5598, opportunistic batching). Invariant: two pods
// share a shape only if no default plugin can tell them apart.

import { controllerOf, type Labels } from '../../streams/resources/meta.ts';
import type { Container, Pod, PodSpec } from '../../streams/resources/pod.ts';
import { type Amounts, requestsOf, type WeightedAmounts, weightedRequestsOf } from './amounts.ts';
import { type HostPort, hostPortsOf } from './host-ports.ts';

export type PodShape = {
  readonly namespace: string;
  readonly labels: Labels;
  /** The spec of the first pod of this shape: names of containers and volumes may differ from pod to pod. */
  readonly spec: PodSpec;
  readonly priority: number;
  readonly schedulerName: string;
  /** Kind of the controller that owns the pod; empty for a pod of its own. */
  readonly ownerKind: string;
  readonly ownerName: string;
  /** On its way out: it still takes room but no longer counts where pods are spread. */
  readonly terminating: boolean;
  readonly requests: Amounts;
  readonly weighted: WeightedAmounts;
  readonly hostPorts: readonly HostPort[];
  /** Terms that other pods are matched against, now or later. */
  readonly hasPodAffinity: boolean;
  readonly hasRequiredAntiAffinity: boolean;
};

/** One pod as nodes hold it: without the object itself, as there are 150,000 of them. */
export type PodInfo = {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number | undefined;
  readonly shape: PodShape;
  /** The spec's volumes where any of them may count for the node; most pods only mount their token and configuration. */
  readonly volumes: readonly unknown[] | undefined;
  /** When its node began to run it. */
  readonly startedAtMs: number | undefined;
};

/** A pod that seeks a node, in its newest version. */
export type WaitingPod = PodInfo & { readonly pod: Pod };

export const defaultSchedulerName = 'default-scheduler';

/** Every shape in use, counted, so that shapes leave with their last pod. */
export class PodShapes {
  readonly #known = new Map<string, { readonly shape: PodShape; uses: number }>();
  readonly #signatures = new WeakMap<PodShape, string>();

  get size(): number {
    return this.#known.size;
  }

  acquire(pod: Pod): WaitingPod {
    const { uid, namespace = '', name, generation } = pod.metadata;
    return {
      uid,
      namespace,
      name,
      generation,
      shape: this.#shapeOf(pod),
      volumes: volumesOf(pod.spec),
      startedAtMs: startOf(pod),
      pod,
    };
  }

  /** The same pod in a new version: keeps its shape where nothing the scheduler looks at has changed. */
  renew(info: PodInfo, pod: Pod): WaitingPod {
    const renewed = this.acquire(pod);
    this.release(info);
    return renewed;
  }

  release({ shape }: PodInfo): void {
    const signature = this.#signatures.get(shape);
    const entry = signature === undefined ? undefined : this.#known.get(signature);
    if (signature === undefined || entry === undefined) return;
    entry.uses--;
    if (entry.uses === 0) this.#known.delete(signature);
  }

  #shapeOf(pod: Pod): PodShape {
    const signature = signatureOf(pod);
    const known = this.#known.get(signature);
    if (known !== undefined) {
      known.uses++;
      return known.shape;
    }
    const shape = compile(pod);
    this.#known.set(signature, { shape, uses: 1 });
    this.#signatures.set(shape, signature);
    return shape;
  }
}

/** What is kept of a pod once it has a node. */
export function withoutObject({ uid, namespace, name, generation, shape, volumes, startedAtMs }: PodInfo): PodInfo {
  return { uid, namespace, name, generation, shape, volumes, startedAtMs };
}

export function startOf({ status }: Pod): number | undefined {
  return status?.startTime === undefined ? undefined : Date.parse(status.startTime);
}

/** Sources that live on the node itself or are fetched: no storage is attached for them. */
const weightless: ReadonlySet<string> = new Set([
  'projected',
  'configMap',
  'secret',
  'emptyDir',
  'downwardAPI',
  'hostPath',
]);

function volumesOf({ volumes }: PodSpec): readonly unknown[] | undefined {
  for (const volume of volumes ?? []) {
    for (const field in volume as object) if (field !== 'name' && !weightless.has(field)) return volumes;
  }
  return undefined;
}

function compile(pod: Pod): PodShape {
  const { spec, metadata } = pod;
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  return {
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? {},
    spec,
    priority: spec.priority ?? 0,
    schedulerName: spec.schedulerName ?? defaultSchedulerName,
    ownerKind: controllerOf(pod)?.kind ?? '',
    ownerName: controllerOf(pod)?.name ?? '',
    terminating: metadata.deletionTimestamp !== undefined,
    requests: requestsOf(spec),
    weighted: weightedRequestsOf(spec),
    hostPorts: hostPortsOf(spec),
    hasPodAffinity: podAffinity !== undefined || podAntiAffinity !== undefined,
    hasRequiredAntiAffinity: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length ?? 0) > 0,
  };
}

function signatureOf(pod: Pod): string {
  const { metadata, spec } = pod;
  return JSON.stringify([
    metadata.namespace,
    metadata.labels,
    controllerOf(pod)?.kind,
    controllerOf(pod)?.name,
    metadata.deletionTimestamp === undefined,
    spec.schedulerName,
    spec.priority,
    spec.preemptionPolicy,
    spec.nodeSelector,
    spec.affinity,
    spec.tolerations,
    spec.topologySpreadConstraints,
    spec.overhead,
    spec.resources,
    spec.containers.map(asked),
    spec.initContainers?.map(asked),
  ]);
}

function asked({ image, resources, ports, restartPolicy }: Container) {
  return [image, resources?.requests, ports, restartPolicy];
}
