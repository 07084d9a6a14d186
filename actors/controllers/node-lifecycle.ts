// The node lifecycle controller: a node that falls silent is Unknown, its pods are no longer ready, new pods keep off
// it, and, at a measured pace, its old pods are driven away. A node that speaks again is taken back at once.

import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { withCondition } from '../kit/conditions.ts';
import type { Controller, Plan, PlannedNote, ReconcileInput } from '../kit/controller.ts';
import type { UpdateWrite } from '../kit/write.ts';
import { podCondition } from '../pod/pod-conditions.ts';
import { type Grace, readyStatus, silentConditions, silentFromMs } from './node-health.ts';
import { healthTaintKey, isHealthTaint, taintsOf } from './node-taints.ts';
import { type Eviction, type EvictionRates, evictionOf } from './node-zones.ts';

export type NodeLifecycleOptions = {
  readonly grace: Grace;
  readonly evictionRates: EvictionRates;
  /** How often an unhealthy node is looked at again. */
  readonly monitorPeriodMs: number;
};

export const nodeLifecycleDefaults: NodeLifecycleOptions = {
  grace: { monitorMs: 50_000, startupMs: 60_000 },
  evictionRates: { normal: 0.1, disrupted: 0.01, smallZoneMax: 50, disruptedFrom: 0.55 },
  monitorPeriodMs: 5_000,
};

const component = 'node-controller';

export function nodeLifecycleController(options: NodeLifecycleOptions = nodeLifecycleDefaults): Controller<Registered> {
  return {
    name: 'node-lifecycle-controller',
    user: 'system:serviceaccount:kube-system:node-controller',
    // One node after the other, because the pace of evictions is read off the taints that are already there.
    workers: 1,
    watches: [{ resource: resources.nodes, keys: ({ current }) => [current.ref.name] }],
    reconcile: (input) => reconcile(input, options),
  };
}

/** The node that has been told of. */
type Registered = { readonly uid: string };

/** What is to be done about the node, and that it has come or gone. */
function reconcile(input: ReconcileInput<Registered>, options: NodeLifecycleOptions): Plan<Registered> {
  const { world, key, memory } = input;
  const node = world.get<Node>(resources.nodes, { name: key });
  if (node === undefined) {
    const notes =
      memory === undefined ? [] : [nodeNote(goneNode(key, memory), 'RemovingNode', `Removing Node ${key} from`)];
    return { writes: [], notes, remember: { memory: undefined } };
  }
  const plan = looked(node, input, options);
  const { uid } = node.metadata;
  if (memory?.uid === uid) return plan;
  const told = nodeNote(node, 'RegisteredNode', `Registered Node ${key} in`);
  return { ...plan, notes: [told, ...(plan.notes ?? [])], remember: { memory: { uid } } };
}

function looked(
  node: Node,
  { world, nowMs, sinceMs }: ReconcileInput<Registered>,
  options: NodeLifecycleOptions,
): Omit<Plan, 'remember'> {
  const { grace, monitorPeriodMs } = options;
  const deadlineMs = silentFromMs(world, node, { grace, sinceMs });
  if (nowMs > deadlineMs) {
    const conditions = silentConditions(node, nowMs);
    if (conditions !== node.status?.conditions) return fallenSilent(node, conditions);
  }
  const eviction = evictionFor(world, node, { options, nowMs });
  const evicted = node.spec?.taints?.some(isHealthTaint) === true;
  const evict = eviction.kind === 'allowed' || (eviction.kind === 'later' && evicted);
  const pods = readyStatus(node) === 'Unknown' ? unreadyPods(world, node, nowMs) : [];
  const waitMs =
    nowMs > deadlineMs ? monitorPeriodMs : Math.min(deadlineMs - nowMs + 1, healthyMs(node, monitorPeriodMs));
  return {
    writes: [...taintWrites(node, { evict, nowMs }), ...pods],
    notes: pods.map((write) => podNote(write)),
    againAfterMs: eviction.kind === 'later' ? Math.min(eviction.ms, waitMs) : waitMs,
  };
}

/** A healthy node is looked at again when it may have fallen silent; an unhealthy one sooner. */
function healthyMs(node: Node, monitorPeriodMs: number): number {
  return readyStatus(node) === 'True' ? Number.POSITIVE_INFINITY : monitorPeriodMs;
}

/** Whether the node's pods may be driven away; only asked where there is reason to. */
function evictionFor(
  world: ObjectReader,
  node: Node,
  { options, nowMs }: { options: NodeLifecycleOptions; nowMs: number },
): Eviction {
  if (healthTaintKey(node) === undefined) return { kind: 'allowed' };
  const nodes = world.list<Node>(resources.nodes);
  return evictionOf(node, nodes, { rates: options.evictionRates, nowMs, retryMs: options.monitorPeriodMs });
}

function fallenSilent(node: Node, conditions: NonNullable<Node['status']>['conditions']): Plan {
  const object: Node = { ...node, status: { ...node.status, ...(conditions === undefined ? {} : { conditions }) } };
  const write: UpdateWrite = { kind: 'update', resource: resources.nodes, subresource: 'status', object };
  const { name } = node.metadata;
  const note: PlannedNote = {
    regarding: node,
    type: 'Normal',
    reason: 'NodeNotReady',
    message: `Node ${name} status is now: NodeNotReady`,
    component,
    after: write,
  };
  // The next look follows at once, because this write changes the node; the time is for the case that it does not.
  return { writes: [write], notes: readyStatus(node) === 'True' ? [note] : [], againAfterMs: 1_000 };
}

function taintWrites(node: Node, options: { evict: boolean; nowMs: number }): UpdateWrite[] {
  const taints = taintsOf(node, options);
  if (taints === undefined) return [];
  const { taints: _, ...spec } = node.spec ?? {};
  const object: Node = { ...node, spec: taints.length === 0 ? spec : { ...spec, taints } };
  return [{ kind: 'update', resource: resources.nodes, object }];
}

/** Nobody can tell whether the pods of a silent node still serve: they count as not ready. */
function unreadyPods(world: ObjectReader, node: Node, nowMs: number): UpdateWrite[] {
  const writes: UpdateWrite[] = [];
  for (const pod of world.podsOnNode<Pod>(node.metadata.name)) {
    const ready = podCondition(pod, 'Ready');
    if (ready?.status !== 'True') continue;
    const conditions = withCondition(pod.status?.conditions, { ...ready, status: 'False' }, nowMs);
    const object: Pod = { ...pod, status: { ...pod.status, conditions } };
    writes.push({ kind: 'update', resource: resources.pods, subresource: 'status', object });
  }
  return writes;
}

function nodeNote(regarding: Node, reason: string, what: string): PlannedNote {
  const message = `Node ${regarding.metadata.name} event: ${what} Controller`;
  return { regarding, type: 'Normal', reason, message, component };
}

/** What is left of a node to speak of. */
function goneNode(name: string, { uid }: Registered): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, uid } };
}

function podNote(after: UpdateWrite): PlannedNote {
  return {
    regarding: after.object,
    type: 'Warning',
    reason: 'NodeNotReady',
    message: 'Node is not ready',
    component,
    after,
  };
}
