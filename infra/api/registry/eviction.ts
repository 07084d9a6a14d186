// Evicting a pod: deleting it, where its disruption budget allows. What is allowed is counted down on the budget's
// status before the pod is deleted, so that two evictions never take the same allowance; the disruption controller
// counts anew once the pod is seen to go.

import { disruptionAllowedCondition, type PodDisruptionBudget } from '../../../streams/resources/disruption.ts';
import { matchesSelector } from '../../../streams/resources/labels.ts';
import { type AnyObject, type Condition, timestamp } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { ApiError, forbidden, tooManyRequests } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import type { DeleteOptions, RequestContext } from './context.ts';
import type { Deleter } from './deletion.ts';
import type { Registry, Target } from './registry.ts';

export type EvictionPorts = { readonly registry: Registry; readonly deleter: Deleter; readonly budgets: Kind };

const refusal = "Cannot evict pod as it would violate the pod's disruption budget.";
const disruptedMax = 2_000;
const racesMax = 20;

export async function evict(
  { registry, deleter, budgets }: EvictionPorts,
  { target, options }: { readonly target: Target; readonly options: DeleteOptions },
  context: RequestContext,
): Promise<void> {
  const version = options.preconditions?.resourceVersion;
  for (let attempt = 1; ; attempt++) {
    const stored = registry.get(target);
    const pod = stored.object as unknown as Pod;
    const allowed = await allowance({ registry, budgets }, pod, context);
    const pinned = version ?? (allowed.pinned ? stored.object.metadata.resourceVersion : undefined);
    try {
      return await remove({ registry, deleter }, { target, options: at(options, pinned) }, context);
    } catch (error) {
      const lost = error instanceof ApiError && error.reason === 'Conflict' && version === undefined && allowed.pinned;
      if (!lost) throw error;
      // The pod has changed since it was found to need no allowance.
      if (allowed.budget !== undefined) throw stillProcessing(allowed.budget);
      if (attempt >= racesMax) throw error;
    }
  }
}

type Allowance = {
  /** The pod must still be as it was found. */
  readonly pinned: boolean;
  /** The budget that let it go without being charged. */
  readonly budget?: string;
};

/** Takes the allowance where one is needed; throws where there is none. */
async function allowance(
  { registry, budgets }: Pick<EvictionPorts, 'registry' | 'budgets'>,
  pod: Pod,
  context: RequestContext,
): Promise<Allowance> {
  const { phase } = pod.status ?? {};
  const over = phase === 'Succeeded' || phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;
  if (over || phase === 'Pending') return { pinned: !over };
  const { namespace = '', labels } = pod.metadata;
  const selecting = registry.view
    .list<PodDisruptionBudget>(resources.podDisruptionBudgets, { namespace })
    .filter(({ spec }) => spec?.selector && matchesSelector(spec.selector, labels));
  const [budget] = selecting;
  if (budget === undefined) return { pinned: false };
  if (selecting.length > 1) {
    const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
    throw new ApiError({ code: 500, reason: 'InternalError', message });
  }
  if (!isReady(pod) && unhealthyMayGo(budget)) return { pinned: true, budget: budget.metadata.name };
  await takeAllowance(registry, { kind: budgets, namespace, name: budget.metadata.name }, { pod, context });
  return { pinned: false };
}

/** A pod that is not ready adds nothing to what the budget guards. */
function unhealthyMayGo({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

async function takeAllowance(
  registry: Registry,
  target: Target,
  { pod, context }: { readonly pod: Pod; readonly context: RequestContext },
): Promise<void> {
  const change = ({ object }: StoredObject): AnyObject => {
    const budget = object as PodDisruptionBudget & AnyObject;
    checkAllowance(target.kind, budget);
    const { status } = budget;
    const disruptionsAllowed = (status?.disruptionsAllowed ?? 0) - 1;
    const nowMs = registry.now();
    const disruptedPods = { ...status?.disruptedPods, [pod.metadata.name]: timestamp(nowMs) };
    const conditions =
      disruptionsAllowed > 0 ? status?.conditions : exhausted(status?.conditions, status?.observedGeneration, nowMs);
    const counted = { ...status, disruptionsAllowed, disruptedPods, ...(conditions && { conditions }) };
    return { ...object, status: counted } as AnyObject;
  };
  await registry.update(
    target,
    { change, subresource: 'status', repeatable: true },
    { ...own, dryRun: context.dryRun },
  );
}

/** The server counts down in its own name: whoever may evict need not have the right to write budgets. */
const own: RequestContext = {
  user: { username: 'system:apiserver', groups: ['system:masters'] },
  agent: 'kube-apiserver',
  cause: null,
  dryRun: false,
  inProcess: true,
  tracksOwnership: false,
  warn: () => {},
};

function checkAllowance(kind: Kind, { metadata, status }: PodDisruptionBudget): void {
  const { name, generation = 0 } = metadata;
  if ((status?.observedGeneration ?? 0) < generation) throw stillProcessing(name);
  const { disruptionsAllowed = 0, disruptedPods = {} } = status ?? {};
  if (disruptionsAllowed < 0) throw forbidden(kind, name, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > disruptedMax) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden(kind, name, why);
  }
  if (disruptionsAllowed > 0) return;
  // Without a time to wait for: when a budget allows again is up to its pods.
  const causes = [{ reason: 'DisruptionBudget', message: whyNot(name, status) }];
  throw new ApiError({ code: 429, reason: 'TooManyRequests', message: refusal, details: { causes } });
}

function whyNot(name: string, status: PodDisruptionBudget['status']): string {
  const { desiredHealthy = 0, currentHealthy = 0, conditions = [] } = status ?? {};
  const condition = conditions.find(({ type, status: is }) => type === 'DisruptionAllowed' && is === 'False');
  const text = condition?.message ?? '';
  const budget = `The disruption budget ${name}`;
  if (text !== '' && condition?.reason === 'SyncFailed') {
    return `${budget} does not allow evicting pods currently because it failed sync: ${text}`;
  }
  if (currentHealthy <= desiredHealthy) {
    return `${budget} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  return text === ''
    ? `${budget} does not allow evicting pods currently`
    : `${budget} does not allow evicting pods currently (${condition?.reason}): ${text}`;
}

function stillProcessing(name: string): ApiError {
  const message = `The disruption budget ${name} is still being processed by the server.`;
  return tooManyRequests(refusal, 10, [{ reason: 'DisruptionBudget', message }]);
}

function exhausted(
  conditions: readonly Condition[] | undefined,
  generation: number | undefined,
  nowMs: number,
): readonly Condition[] {
  const condition = { ...disruptionAllowedCondition(0, generation), lastTransitionTime: timestamp(nowMs) };
  return [...(conditions ?? []).filter(({ type }) => type !== condition.type), condition];
}

/** Says on the pod why it goes, then deletes it. */
async function remove(
  { registry, deleter }: Pick<EvictionPorts, 'registry' | 'deleter'>,
  { target, options }: { readonly target: Target; readonly options: DeleteOptions },
  context: RequestContext,
): Promise<void> {
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (context.dryRun) {
    await deleter.delete(target, options, context);
    return;
  }
  const change = ({ object }: StoredObject): AnyObject => {
    const { resourceVersion: current, ...metadata } = object.metadata;
    const pod = object as unknown as Pod;
    const condition: Condition = {
      type: 'DisruptionTarget',
      status: 'True',
      ...(metadata.generation === undefined ? undefined : { observedGeneration: metadata.generation }),
      lastTransitionTime: timestamp(registry.now()),
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
    };
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
    const status = { ...pod.status, conditions: [...others, condition] };
    const version = resourceVersion ?? undefined;
    return { ...object, metadata: { ...metadata, ...(version && { resourceVersion: version }) }, status } as AnyObject;
  };
  const marked = await registry.update(target, { change, subresource: 'status', uid }, { ...own, user: context.user });
  const now = resourceVersion === undefined ? undefined : marked.object.metadata.resourceVersion;
  await deleter.delete(target, at(options, now), context);
}

function at(options: DeleteOptions, resourceVersion: string | undefined): DeleteOptions {
  return { ...options, preconditions: { ...options.preconditions, resourceVersion } };
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
}
