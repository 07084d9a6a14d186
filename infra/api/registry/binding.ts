// Binding a pod to a node: the scheduler's one write. Refused where the pod is already bound, gated or going away.

import type { AnyObject, Condition } from '../../../streams/resources/meta.ts';
import { timestamp } from '../../../streams/resources/meta.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { badRequest, conflict } from '../errors.ts';
import type { RequestContext } from './context.ts';
import type { Registry, Target } from './registry.ts';

export type Binding = {
  readonly target: Target;
  readonly uid?: string | undefined;
  readonly node: string;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
};

export function bind(registry: Registry, binding: Binding, context: RequestContext): Promise<StoredObject> {
  const { target, uid, node } = binding;
  if (node === '') throw badRequest('binding target name is required');
  const change = (current: StoredObject): AnyObject => {
    const pod = current.object as unknown as Pod;
    refuse(target, pod, node);
    // The binding means this version of the pod or a newer one: a lost race is decided again.
    const { resourceVersion: _, ...metadata } = pod.metadata;
    // A nomination has done its work once the pod has a node.
    const { nominatedNodeName: _n, ...status } = pod.status ?? {};
    const annotations = binding.annotations && { annotations: { ...metadata.annotations, ...binding.annotations } };
    return {
      ...current.object,
      metadata: { ...metadata, ...annotations },
      spec: { ...pod.spec, nodeName: node },
      status: { ...status, conditions: scheduled(pod, timestamp(registry.now())) },
    } as AnyObject;
  };
  return registry.update(target, { change, subresource: 'binding', uid }, context);
}

function refuse({ kind: pods, name }: Target, pod: Pod, node: string): void {
  const kind = { ...pods, resource: 'pods/binding' };
  if (pod.metadata.deletionTimestamp !== undefined) {
    throw conflict(kind, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  if (pod.spec.nodeName) throw conflict(kind, name, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  if ((pod.spec.schedulingGates?.length ?? 0) > 0) {
    throw conflict(kind, name, `pod ${name} has non-empty .spec.schedulingGates, cannot be bound to ${node}`);
  }
}

function scheduled(pod: Pod, now: string): readonly Condition[] {
  const others = (pod.status?.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled');
  const condition: Condition = {
    type: 'PodScheduled',
    ...(pod.metadata.generation === undefined ? undefined : { observedGeneration: pod.metadata.generation }),
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
  };
  return [...others, condition];
}
