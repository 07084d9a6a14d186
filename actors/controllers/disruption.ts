// The disruption controller: keeps on each budget how many of its pods may be disrupted at this moment. Evictions count
// down as they are granted (infra/api/registry/eviction.ts); this counts anew from the pods. A pod that was promised to
// go counts as gone for two minutes; if it is there after that, the promise is void.

import {
  disruptionAllowedCondition,
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
} from '../../streams/resources/disruption.ts';
import { matchesSelector } from '../../streams/resources/labels.ts';
import { type Condition, timestamp } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { IntOrString } from '../../streams/resources/workload.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { withCondition } from '../kit/conditions.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type PlannedNote,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';
import { keyOfObject } from '../kit/object-key.ts';
import { sameJson } from '../kit/same-json.ts';
import type { Write } from '../kit/write.ts';
import { isPodReady, isPodTerminal, podCondition } from '../pod/pod-conditions.ts';
import { expectedScale } from './disruption-scale.ts';
import type { ResourceOf } from './owner-graph.ts';

/** How long a promised eviction counts, and how long a pod may say that it is about to be disrupted. */
const promiseMs = 120_000;
const component = 'controllermanager';

/** Keys: `budget/<namespace>/<name>` and `pod/<namespace>/<name>`. */
export function disruptionController({ resourceOf }: { readonly resourceOf: ResourceOf }): Controller {
  const scalable = [
    resources.deployments,
    resources.replicaSets,
    resources.statefulSets,
    resources.replicationControllers,
  ];
  return {
    name: 'disruption-controller',
    user: 'system:serviceaccount:kube-system:disruption-controller',
    workers: 2,
    watches: [
      {
        resource: resources.podDisruptionBudgets,
        keys: ({ type, current }) => (type === 'DELETED' ? [] : [`budget/${keyOfObject(current.object)}`]),
      },
      { resource: resources.pods, keys: keysOfPod },
      ...scalable.map((resource) => ({ resource, keys: budgetsBeside })),
    ],
    reconcile(input) {
      const [what = '', namespace = '', name = ''] = input.key.split('/');
      return what === 'pod' ? podPlan(input, { namespace, name }) : budgetPlan(input, { namespace, name }, resourceOf);
    },
  };
}

function budgetPlan(
  { world, nowMs }: ReconcileInput,
  key: { readonly namespace: string; readonly name: string },
  resourceOf: ResourceOf,
): Plan {
  const budget = world.get<PodDisruptionBudget>(resources.podDisruptionBudgets, key);
  if (budget === undefined) return nothingToDo;
  const pods = podsOf(world, budget);
  const wanted = desired(budget, { world, pods, resourceOf });
  if (wanted.kind === 'unknown') return failSafe(budget, wanted.message, nowMs);
  const promises = standingPromises(budget, pods, nowMs);
  const healthy = pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined &&
      promises.standing[pod.metadata.name] === undefined &&
      isPodReady(pod),
  ).length;
  const left = healthy - wanted.healthy;
  const disruptionsAllowed = wanted.expected <= 0 || left <= 0 ? 0 : left;
  const { generation } = budget.metadata;
  const counted: PodDisruptionBudgetStatus = {
    ...(generation === undefined ? undefined : { observedGeneration: generation }),
    ...(Object.keys(promises.standing).length === 0 ? undefined : { disruptedPods: promises.standing }),
    disruptionsAllowed,
    currentHealthy: healthy,
    desiredHealthy: wanted.healthy,
    expectedPods: wanted.expected,
  };
  const condition = disruptionAllowedCondition(disruptionsAllowed, generation);
  const status = { ...counted, conditions: withCondition(budget.status?.conditions, condition, nowMs) };
  const again = promises.firstEndsInMs === undefined ? undefined : { againAfterMs: promises.firstEndsInMs };
  if (sameStatus(status, budget.status)) return { writes: [], ...again };
  const write = statusWrite(budget, status);
  return { writes: [write], notes: [...notesOf(budget, pods, wanted.unmanaged, write), ...promises.broken], ...again };
}

type Desired =
  | {
      readonly kind: 'desired';
      readonly healthy: number;
      readonly expected: number;
      readonly unmanaged: readonly string[];
    }
  | { readonly kind: 'unknown'; readonly message: string };

/** How many of the pods have to be healthy. Percentages are of what the pods' controllers are asked for, rounded up. */
function desired(
  { spec }: PodDisruptionBudget,
  {
    world,
    pods,
    resourceOf,
  }: { readonly world: ObjectReader; readonly pods: readonly Pod[]; readonly resourceOf: ResourceOf },
): Desired {
  const { minAvailable, maxUnavailable } = spec ?? {};
  if (maxUnavailable === undefined && typeof minAvailable === 'number') {
    return { kind: 'desired', healthy: minAvailable, expected: pods.length, unmanaged: [] };
  }
  const given = maxUnavailable ?? minAvailable;
  if (given === undefined) return { kind: 'desired', healthy: 0, expected: 0, unmanaged: [] };
  const scale = expectedScale(world, pods, resourceOf);
  if (scale.kind === 'unknown') return scale;
  const { expected, unmanaged } = scale;
  const part = partOf(given, expected);
  const healthy = maxUnavailable === undefined ? part : Math.max(0, expected - part);
  return { kind: 'desired', healthy, expected, unmanaged };
}

function partOf(value: IntOrString, of: number): number {
  if (typeof value === 'number') return value;
  return Math.ceil((Number.parseInt(value, 10) * of) / 100);
}

function podsOf(world: ObjectReader, { metadata: { namespace = '' }, spec }: PodDisruptionBudget): readonly Pod[] {
  const selector = spec?.selector;
  if (selector === undefined || selector === null) return [];
  const labels = selector.matchLabels === undefined ? undefined : { labels: selector.matchLabels };
  return world
    .list<Pod>(resources.pods, { namespace, ...labels })
    .filter(({ metadata }) => matchesSelector(selector, metadata.labels));
}

/** Pods that were promised to go and are still there, as long as the promise counts. */
function standingPromises(budget: PodDisruptionBudget, pods: readonly Pod[], nowMs: number) {
  const standing: Record<string, string> = {};
  const broken: PlannedNote[] = [];
  let firstEndsInMs: number | undefined;
  for (const pod of pods) {
    const promised = budget.status?.disruptedPods?.[pod.metadata.name];
    if (promised === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
    const leftMs = Date.parse(promised) + promiseMs - nowMs;
    if (leftMs < 0) {
      const { namespace } = budget.metadata;
      const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
      broken.push({ regarding: pod, type: 'Warning', reason: 'NotDeleted', message, component });
      continue;
    }
    standing[pod.metadata.name] = promised;
    firstEndsInMs = Math.min(firstEndsInMs ?? Number.POSITIVE_INFINITY, leftMs + 1_000);
  }
  return { standing, broken, firstEndsInMs };
}

/** What cannot be counted allows nothing. */
function failSafe(budget: PodDisruptionBudget, message: string, nowMs: number): Plan {
  const { observedGeneration } = budget.status ?? {};
  const condition: Condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    ...(observedGeneration === undefined ? undefined : { observedGeneration }),
    reason: 'SyncFailed',
    message,
  };
  const none = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  const conditions = withCondition(budget.status?.conditions, condition, nowMs);
  const status = { ...none, ...budget.status, disruptionsAllowed: 0, conditions };
  if (sameStatus(status, budget.status)) return nothingToDo;
  const after = statusWrite(budget, status);
  const note: PlannedNote = {
    regarding: budget,
    type: 'Warning',
    reason: 'CalculateExpectedPodCountFailed',
    message: `Failed to calculate the number of expected pods: ${message}`,
    component,
    after,
  };
  return { writes: [after], notes: [note] };
}

function notesOf(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  unmanaged: readonly string[],
  after: Write,
): PlannedNote[] {
  const about = { regarding: budget, component, after } as const;
  if (pods.length === 0) {
    return [{ ...about, type: 'Normal', reason: 'NoPods', message: 'No matching pods found' }];
  }
  if (unmanaged.length === 0) return [];
  const selector = JSON.stringify(budget.spec?.selector);
  const message = `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
  return [{ ...about, type: 'Warning', reason: 'UnmanagedPods', message }];
}

function statusWrite(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Write {
  const object: PodDisruptionBudget = { ...budget, status };
  return { kind: 'update', resource: resources.podDisruptionBudgets, subresource: 'status', object };
}

function sameStatus(a: PodDisruptionBudgetStatus, b: PodDisruptionBudgetStatus | undefined): boolean {
  return b !== undefined && sameJson(a, { ...b, disruptedPods: emptied(b.disruptedPods) });
}

function emptied(pods: Readonly<Record<string, string>> | undefined) {
  return pods === undefined || Object.keys(pods).length === 0 ? undefined : pods;
}

/** A pod that said it was about to be disrupted and then was not says so no longer. */
function podPlan({ world, nowMs }: ReconcileInput, key: { readonly namespace: string; readonly name: string }): Plan {
  const pod = world.get<Pod>(resources.pods, key);
  const target = pod === undefined ? undefined : staleTarget(pod);
  if (pod === undefined || target === undefined) return nothingToDo;
  const leftMs = Date.parse(target.lastTransitionTime ?? '') + promiseMs - nowMs;
  if (leftMs > 0) return { writes: [], againAfterMs: leftMs };
  const condition: Condition = {
    type: 'DisruptionTarget',
    status: 'False',
    ...(target.observedGeneration === undefined ? undefined : { observedGeneration: target.observedGeneration }),
    lastTransitionTime: timestamp(nowMs),
  };
  const conditions = withCondition(pod.status?.conditions, condition, nowMs);
  const object: Pod = { ...pod, status: { ...pod.status, conditions } };
  return { writes: [{ kind: 'update', resource: resources.pods, subresource: 'status', object }] };
}

function staleTarget(pod: Pod): Condition | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) return undefined;
  const target = podCondition(pod, 'DisruptionTarget');
  return target?.status === 'True' && target.reason !== 'TerminationByKubelet' ? target : undefined;
}

function keysOfPod({ type, current, previous }: WatchedChange, world: ObjectReader): readonly Key[] {
  const pod = current.object as unknown as Pod;
  const keys: Key[] = [];
  if (type !== 'DELETED' && staleTarget(pod) !== undefined) keys.push(`pod/${keyOfObject(pod)}`);
  const { namespace = '' } = pod.metadata;
  for (const budget of world.list<PodDisruptionBudget>(resources.podDisruptionBudgets, { namespace })) {
    const selector = budget.spec?.selector;
    if (selector === undefined || selector === null) continue;
    const selects =
      matchesSelector(selector, pod.metadata.labels) ||
      (previous !== undefined && matchesSelector(selector, previous.object.metadata.labels));
    if (selects) keys.push(`budget/${keyOfObject(budget)}`);
  }
  return keys;
}

/** A controller that is scaled changes what its budget expects. */
function budgetsBeside({ type, current, previous }: WatchedChange, world: ObjectReader): readonly Key[] {
  const replicas = (object: { readonly [field: string]: unknown }) =>
    (object.spec as { readonly replicas?: number } | undefined)?.replicas;
  if (type === 'MODIFIED' && previous !== undefined && replicas(current.object) === replicas(previous.object))
    return [];
  const { namespace } = current.ref;
  return world
    .list<PodDisruptionBudget>(resources.podDisruptionBudgets, { namespace })
    .map((budget) => `budget/${keyOfObject(budget)}`);
}
