// The horizontal pod autoscaler: every fifteen seconds it asks what the pods of a target use and sets the target's
// replicas through its scale. The target is scaled first and the status told after it, so that no status ever says what
// has not been done.

import type {
  AutoscalerStatus,
  HorizontalPodAutoscaler,
  MetricStatus,
  Scale,
} from '../../../streams/resources/autoscaling.ts';
import { timestamp } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import { type Conditions, withCondition, withoutCondition } from '../../kit/conditions.ts';
import type { Controller, FailedWrite, Plan, PlannedNote, ReconcileInput } from '../../kit/controller.ts';
import { keyOfObject, parseKey } from '../../kit/object-key.ts';
import { sameJson } from '../../kit/same-json.ts';
import type { UpdateWrite, Write } from '../../kit/write.ts';
import { type DesiredInput, desiredReplicas, type Told } from './desired-replicas.ts';
import { type AutoscalerMemory, begun, nothingRemembered, scaled } from './memory.ts';
import type { MetricsReader } from './metrics.ts';
import { type FoundScale, type ScaleReader, scaleOf } from './scale-target.ts';
import { minReplicasOf, normalized } from './scaling-rules.ts';

export type AutoscalerPorts = { readonly scales: ScaleReader; readonly metrics: MetricsReader };

export type AutoscalerOptions = {
  readonly syncPeriodMs: number;
  /** Window of recommendations that hold a scale-down back where the autoscaler does not say. */
  readonly downscaleStabilizationMs: number;
  readonly tolerance: number;
  readonly cpuInitializationPeriodMs: number;
  readonly initialReadinessDelayMs: number;
};

/** kube-controller-manager's. */
export const autoscalerDefaults: AutoscalerOptions = {
  syncPeriodMs: 15_000,
  downscaleStabilizationMs: 300_000,
  tolerance: 0.1,
  cpuInitializationPeriodMs: 300_000,
  initialReadinessDelayMs: 30_000,
};

const component = 'horizontal-pod-autoscaler';

type AutoscalerPlan = Plan<AutoscalerMemory>;
type Input = ReconcileInput<AutoscalerMemory>;

export function horizontalPodAutoscalerController(
  options: AutoscalerPorts & AutoscalerOptions,
): Controller<AutoscalerMemory> {
  return {
    name: 'horizontal-pod-autoscaler-controller',
    user: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
    workers: 5,
    watches: [{ resource: resources.horizontalPodAutoscalers, keys: ({ current }) => [keyOfObject(current.object)] }],
    reconcile: (input) => reconcile(input, options),
  };
}

function reconcile(input: Input, options: AutoscalerPorts & AutoscalerOptions): AutoscalerPlan {
  const { world, key, memory, nowMs, failures } = input;
  const { syncPeriodMs } = options;
  const autoscaler = world.get<HorizontalPodAutoscaler>(resources.horizontalPodAutoscalers, parseKey(key));
  if (autoscaler === undefined) return { writes: [], remember: { memory: undefined } };
  if (memory?.unreported !== undefined) {
    // A report that is refused is given up: the next look makes another.
    if (!failures.some(isRefusedReport)) return report(autoscaler, memory, syncPeriodMs);
    const { unreported: _, ...rest } = memory;
    return new Sync(autoscaler, { ...input, memory: rest }, options).plan();
  }
  // Its own reports name the key too: metrics are looked at once in a period whatever happens.
  const restMs = memory === undefined ? 0 : memory.syncedAtMs + syncPeriodMs - nowMs;
  if (restMs > 0 && failures.length === 0) return { writes: [], againAfterMs: restMs };
  return new Sync(autoscaler, input, options).plan();
}

/** Tells what was done. */
function report(autoscaler: HorizontalPodAutoscaler, memory: AutoscalerMemory, againAfterMs: number): AutoscalerPlan {
  const { unreported: status, ...rest } = memory;
  if (status === undefined) return { writes: [], againAfterMs };
  const after = statusWrite(autoscaler, status);
  return { writes: [after], remember: { memory: rest, after }, againAfterMs };
}

/** One look at the metrics of one autoscaler: conditions and events gather as upstream sets them, one after another. */
class Sync {
  readonly #autoscaler: HorizontalPodAutoscaler;
  readonly #input: Input;
  readonly #options: AutoscalerPorts & AutoscalerOptions;
  #memory: AutoscalerMemory;
  #conditions: Conditions;
  readonly #warnings: Told[] = [];

  constructor(autoscaler: HorizontalPodAutoscaler, input: Input, options: AutoscalerPorts & AutoscalerOptions) {
    this.#autoscaler = autoscaler;
    this.#input = input;
    this.#options = options;
    this.#memory = { ...(input.memory ?? nothingRemembered), syncedAtMs: input.nowMs };
    this.#conditions = autoscaler.status?.conditions;
  }

  plan(): AutoscalerPlan {
    const found = scaleOf(this.#input.world, this.#options.scales, this.#autoscaler);
    if (found.kind === 'failed') return this.#withoutScale(found.message);
    const able = "the HPA controller was able to get the target's current scale";
    this.#set('AbleToScale', 'True', { reason: 'SucceededGetScale', message: able });
    const current = found.scale.spec?.replicas ?? 0;
    this.#memory = begun(this.#memory, current);
    const { spec } = this.#autoscaler;
    if (current === 0) return this.#disabled();
    if (current > spec.maxReplicas) {
      const reason = 'Current number of replicas above Spec.MaxReplicas';
      return this.#rescaled(found, { current, desired: spec.maxReplicas, reason, statuses: null });
    }
    if (current < minReplicasOf(spec)) {
      const reason = 'Current number of replicas below Spec.MinReplicas';
      return this.#rescaled(found, { current, desired: minReplicasOf(spec), reason, statuses: null });
    }
    return this.#byMetrics(found, current);
  }

  #byMetrics(found: Found, current: number): AutoscalerPlan {
    const { nowMs } = this.#input;
    const {
      replicas: wanted,
      metric,
      statuses,
      scalingActive,
      warnings,
    } = desiredReplicas(this.#question(found.scale));
    this.#warnings.push(...warnings);
    this.#set('ScalingActive', scalingActive.status, scalingActive);
    const desiredBefore = this.#autoscaler.status?.desiredReplicas ?? 0;
    if (wanted === undefined) return this.#told({ current, desired: desiredBefore, statuses });
    const { spec } = this.#autoscaler;
    const { downscaleStabilizationMs } = this.#options;
    const memory = this.#memory;
    const next = normalized({ spec, memory, currentReplicas: current, wanted, downscaleStabilizationMs, nowMs });
    this.#memory = { ...memory, recommendations: next.recommendations };
    this.#set('AbleToScale', 'True', next.able);
    this.#set('ScalingLimited', next.limited.status, next.limited);
    if (next.replicas === current) return this.#told({ current, desired: current, statuses });
    const reason = wanted > current ? `${metric} above target` : wanted < current ? 'All metrics below target' : '';
    return this.#rescaled(found, { current, desired: next.replicas, reason, statuses });
  }

  #question(scale: Scale): DesiredInput {
    const { scales, metrics, tolerance, cpuInitializationPeriodMs, initialReadinessDelayMs } = this.#options;
    const { world, nowMs } = this.#input;
    const startUp = { cpuInitializationPeriodMs, initialReadinessDelayMs, nowMs };
    return { world, scales, metrics, autoscaler: this.#autoscaler, scale, tolerance, startUp };
  }

  #withoutScale(message: string): AutoscalerPlan {
    this.#warnings.push({ reason: 'FailedGetScale', message });
    const text = `the HPA controller was unable to get the target's current scale: ${message}`;
    this.#set('AbleToScale', 'False', { reason: 'FailedGetScale', message: text });
    return this.#ended({ ...this.#autoscaler.status, ...this.#ownConditions() });
  }

  #disabled(): AutoscalerPlan {
    const message = 'scaling is disabled since the replica count of the target is zero';
    this.#set('ScalingActive', 'False', { reason: 'ScalingDisabled', message });
    this.#conditions = withoutCondition(this.#conditions, 'ScaledToZero');
    return this.#told({ current: 0, desired: 0, statuses: null });
  }

  /** Sets the target's replicas, unless that has just been refused. */
  #rescaled(found: Found, change: Rescale): AutoscalerPlan {
    const { current, desired, reason, statuses } = change;
    const { nowMs, failures } = this.#input;
    const size = `New size: ${desired}; reason: ${reason}`;
    const refused = failures.find(isRefusedScale);
    if (refused !== undefined) {
      this.#warnings.push({ reason: 'FailedRescale', message: `${size}; error: ${refused.message}` });
      const message = `the HPA controller was unable to update the target scale: ${refused.message}`;
      this.#set('AbleToScale', 'False', { reason: 'FailedUpdateScale', message });
      return this.#told({ current, desired: this.#autoscaler.status?.desiredReplicas ?? 0, statuses });
    }
    const message = `the HPA controller was able to update the target scale to ${desired}`;
    this.#set('AbleToScale', 'True', { reason: 'SucceededRescale', message });
    this.#conditions = withoutCondition(this.#conditions, 'ScaledToZero');
    const status = { ...this.#status({ current, desired, statuses }), lastScaleTime: timestamp(nowMs) };
    const after = scaleWrite(found, desired);
    const { scaleUp, scaleDown } = this.#autoscaler.spec.behavior ?? {};
    const rules = desired > current ? scaleUp : scaleDown;
    const memory = this.#memory;
    const events = scaled(memory, { from: current, to: desired, rules, nowMs });
    return {
      writes: [after],
      notes: [...this.#notes(), { ...this.#note('Normal', { reason: 'SuccessfulRescale', message: size }), after }],
      remember: { memory: { ...memory, ...events, unreported: status }, after },
      againAfterMs: 0,
    };
  }

  #told(seen: Seen): AutoscalerPlan {
    return this.#ended(this.#status(seen));
  }

  #ended(status: AutoscalerStatus): AutoscalerPlan {
    const writes: Write[] = sameJson(status, this.#autoscaler.status) ? [] : [statusWrite(this.#autoscaler, status)];
    return {
      writes,
      notes: this.#notes(),
      remember: { memory: this.#memory },
      againAfterMs: this.#options.syncPeriodMs,
    };
  }

  #status({ current, desired, statuses }: Seen): AutoscalerStatus {
    const lastScaleTime = this.#autoscaler.status?.lastScaleTime;
    return {
      // The API server keeps no zero here: one that is written would be written again at every look.
      ...(current === 0 ? undefined : { currentReplicas: current }),
      desiredReplicas: desired,
      ...(lastScaleTime === undefined ? undefined : { lastScaleTime }),
      currentMetrics: statuses,
      ...this.#ownConditions(),
    };
  }

  #ownConditions() {
    return this.#conditions === undefined ? undefined : { conditions: this.#conditions };
  }

  #set(type: string, status: 'True' | 'False', { reason, message }: Told): void {
    this.#conditions = withCondition(this.#conditions, { type, status, reason, message }, this.#input.nowMs);
  }

  #notes(): PlannedNote[] {
    return this.#warnings.map((warning) => this.#note('Warning', warning));
  }

  #note(type: 'Normal' | 'Warning', { reason, message }: Told): PlannedNote {
    return { regarding: this.#autoscaler, type, reason, message, component };
  }
}

type Found = FoundScale & { readonly kind: 'found' };
type Seen = {
  readonly current: number;
  readonly desired: number;
  readonly statuses: readonly MetricStatus[] | null;
};
type Rescale = Seen & { readonly reason: string };

function scaleWrite({ resource, scale }: Found, replicas: number): UpdateWrite {
  const object: Scale = { ...scale, spec: { replicas } };
  return { kind: 'update', resource, subresource: 'scale', object };
}

/** A lost race is no refusal: the next look begins with the newest scale. */
function isRefusedScale({ write, reason }: FailedWrite): boolean {
  return write.kind === 'update' && write.subresource === 'scale' && reason !== 'Conflict';
}

function isRefusedReport({ write, reason }: FailedWrite): boolean {
  return write.kind === 'update' && write.subresource === 'status' && reason !== 'Conflict';
}

function statusWrite(autoscaler: HorizontalPodAutoscaler, status: AutoscalerStatus): UpdateWrite {
  const object: HorizontalPodAutoscaler = { ...autoscaler, status };
  return { kind: 'update', resource: resources.horizontalPodAutoscalers, subresource: 'status', object };
}
