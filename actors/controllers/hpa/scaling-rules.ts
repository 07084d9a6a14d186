// From what the metrics ask for to what is done: held back by recent recommendations, by how fast replicas may come and
// go, and by the autoscaler's own bounds, in that order. Without `behavior` the older rules hold: replicas double at most
// with every look, and go down to the highest recommendation of the last five minutes.

import type { AutoscalerSpec, ScalingPolicy, ScalingRules } from '../../../streams/resources/autoscaling.ts';
import { type AutoscalerMemory, changedWithin, type Recommendation, recommended } from './memory.ts';

export type Normalization = {
  readonly spec: AutoscalerSpec;
  readonly memory: AutoscalerMemory;
  readonly currentReplicas: number;
  /** What the metrics ask for. */
  readonly wanted: number;
  readonly downscaleStabilizationMs: number;
  readonly nowMs: number;
};

/** Why, as the conditions AbleToScale and ScalingLimited say it. */
type Why = { readonly reason: string; readonly message: string };

export type Normalized = {
  readonly replicas: number;
  readonly able: Why;
  readonly limited: Why & { readonly status: 'True' | 'False' };
  readonly recommendations: readonly Recommendation[];
};

const texts = {
  ready: { reason: 'ReadyForNewScale', message: 'recommended size matches current size' },
  upStabilized: {
    reason: 'ScaleUpStabilized',
    message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
  },
  downStabilized: {
    reason: 'ScaleDownStabilized',
    message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
  },
  inRange: { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' },
  tooFew: { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' },
  tooMany: { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' },
  upLimit: {
    reason: 'ScaleUpLimit',
    message: 'the desired replica count is increasing faster than the maximum scale rate',
  },
  downLimit: {
    reason: 'ScaleDownLimit',
    message: 'the desired replica count is decreasing faster than the maximum scale rate',
  },
} as const satisfies Record<string, Why>;

export function minReplicasOf({ minReplicas = 1 }: AutoscalerSpec): number {
  return minReplicas;
}

export function normalized(input: Normalization): Normalized {
  const { spec, wanted } = input;
  const stabilized = spec.behavior === undefined ? withDefaultWindow(input) : withWindows(input);
  const bounded = spec.behavior === undefined ? doubled(input, stabilized.replicas) : paced(input, stabilized.replicas);
  return {
    replicas: bounded.replicas,
    able: stabilized.replicas === wanted ? texts.ready : stabilized.why,
    limited: { status: bounded.replicas === stabilized.replicas ? 'False' : 'True', ...bounded.why },
    recommendations: stabilized.recommendations,
  };
}

type Step = { readonly replicas: number; readonly why: Why };
type Stabilized = Step & Pick<Normalized, 'recommendations'>;

function withDefaultWindow({ memory, wanted, downscaleStabilizationMs: windowMs, nowMs }: Normalization): Stabilized {
  const recent = memory.recommendations.filter(({ atMs }) => atMs >= nowMs - windowMs);
  return {
    replicas: Math.max(wanted, ...recent.map(({ replicas }) => replicas)),
    why: texts.downStabilized,
    recommendations: recommended(memory, { replicas: wanted, windowMs, nowMs }),
  };
}

function withWindows({ spec, memory, wanted, currentReplicas, ...input }: Normalization): Stabilized {
  const { nowMs, downscaleStabilizationMs } = input;
  const windowMs = (rules: ScalingRules | undefined, otherwiseMs: number) =>
    rules?.stabilizationWindowSeconds === undefined ? otherwiseMs : rules.stabilizationWindowSeconds * 1_000;
  const upMs = windowMs(spec.behavior?.scaleUp, 0);
  const downMs = windowMs(spec.behavior?.scaleDown, downscaleStabilizationMs);
  let [lowest, highest] = [wanted, wanted];
  for (const { replicas, atMs } of memory.recommendations) {
    if (atMs > nowMs - upMs) lowest = Math.min(lowest, replicas);
    if (atMs > nowMs - downMs) highest = Math.max(highest, replicas);
  }
  return {
    replicas: Math.min(Math.max(currentReplicas, lowest), highest),
    why: wanted >= currentReplicas ? texts.upStabilized : texts.downStabilized,
    recommendations: recommended(memory, { replicas: wanted, windowMs: Math.max(upMs, downMs), nowMs }),
  };
}

function doubled({ spec, currentReplicas }: Normalization, replicas: number): Step {
  const limit = Math.max(2 * currentReplicas, 4);
  const most = Math.min(spec.maxReplicas, limit);
  const fewest = minReplicasOf(spec);
  if (replicas < fewest) return { replicas: fewest, why: texts.tooFew };
  if (replicas > most) return { replicas: most, why: spec.maxReplicas > limit ? texts.upLimit : texts.tooMany };
  return { replicas, why: texts.inRange };
}

function paced(input: Normalization, replicas: number): Step {
  const { spec, currentReplicas } = input;
  if (replicas > currentReplicas) {
    const limit = Math.max(currentReplicas, limitOf(spec.behavior?.scaleUp, { ...input, up: true }));
    const most = Math.min(spec.maxReplicas, limit);
    if (replicas > most) return { replicas: most, why: spec.maxReplicas > limit ? texts.upLimit : texts.tooMany };
  } else if (replicas < currentReplicas) {
    const limit = Math.min(currentReplicas, limitOf(spec.behavior?.scaleDown, { ...input, up: false }));
    const fewest = Math.max(minReplicasOf(spec), limit);
    if (replicas < fewest) {
      return { replicas: fewest, why: minReplicasOf(spec) < limit ? texts.downLimit : texts.tooFew };
    }
  }
  return { replicas, why: texts.inRange };
}

/** How far the policies let the replicas go now. */
function limitOf(
  { selectPolicy = 'Max', policies = [] }: ScalingRules = {},
  { memory, currentReplicas, nowMs, up }: Normalization & { readonly up: boolean },
): number {
  if (selectPolicy === 'Disabled') return currentReplicas;
  const limits = policies.map((policy) => {
    const { periodSeconds } = policy;
    const came = changedWithin(memory.ups, periodSeconds, nowMs);
    const went = changedWithin(memory.downs, periodSeconds, nowMs);
    return allowedBy(policy, { atStart: currentReplicas - came + went, up });
  });
  // The policy that allows the largest change, unless the smallest is asked for.
  const highest = up === (selectPolicy !== 'Min');
  return highest ? Math.max(...limits) : Math.min(...limits);
}

function allowedBy(
  { type, value }: ScalingPolicy,
  { atStart, up }: { readonly atStart: number; readonly up: boolean },
): number {
  if (type === 'Pods') return up ? atStart + value : atStart - value;
  // Rounded so that there is always something to do: a small percentage of a few pods is still one.
  return up ? Math.ceil(atStart * (1 + value / 100)) : Math.trunc(atStart * (1 - value / 100));
}
