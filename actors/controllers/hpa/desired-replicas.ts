// What all metrics of an autoscaler together ask for: the most that one of them does. A metric that cannot be had does not
// keep the others from asking for more, but nothing goes down while one is unknown.

import type { HorizontalPodAutoscaler, MetricStatus, Scale } from '../../../streams/resources/autoscaling.ts';
import { quantityOf } from '../../../streams/resources/quantity.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { type MetricProposal, proposalOf } from './metric-proposals.ts';
import type { MetricsReader } from './metrics.ts';
import type { StartUp } from './pod-groups.ts';
import type { Tolerances } from './replica-calculator.ts';
import { type ScaleReader, selection } from './scale-target.ts';

export type Told = { readonly reason: string; readonly message: string };

export type Desired = {
  /** Undefined where nothing may be concluded. */
  readonly replicas: number | undefined;
  /** The metric that asks for the most. */
  readonly metric: string;
  readonly statuses: readonly MetricStatus[] | null;
  readonly scalingActive: Told & { readonly status: 'True' | 'False' };
  /** Warnings to be told as events. */
  readonly warnings: readonly Told[];
};

export type DesiredInput = {
  readonly world: ObjectReader;
  readonly scales: ScaleReader;
  readonly metrics: MetricsReader;
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly scale: Scale;
  readonly tolerance: number;
  readonly startUp: StartUp;
};

export function desiredReplicas(input: DesiredInput): Desired {
  const { world, scales, metrics, autoscaler, scale, startUp } = input;
  const selected = selection(world, scales, { autoscaler, scale });
  if (selected.kind === 'failed') {
    const { event, condition } = selected;
    return nothing({ status: 'False', ...condition }, [event, couldNotCompute(event.message)], null);
  }
  const { selector, pods } = selected;
  const currentReplicas = scale.spec?.replicas ?? 0;
  const calculation = { currentReplicas, pods, startUp, tolerances: tolerancesOf(input) };
  const statusReplicas = scale.status?.replicas ?? 0;
  const proposals = (autoscaler.spec.metrics ?? []).map((spec) =>
    proposalOf(spec, { autoscaler, selector, statusReplicas, calculation, metrics }),
  );
  return together(proposals, currentReplicas);
}

function together(proposals: readonly MetricProposal[], currentReplicas: number): Desired {
  const failures = proposals.filter((proposal) => proposal.kind === 'failed');
  const warnings = failures.map(({ reason, cause }) => ({ reason, message: cause }));
  const statuses = proposals.map((proposal) => (proposal.kind === 'proposed' ? proposal.status : { type: '' }));
  let [replicas, metric] = [0, ''];
  for (const proposal of proposals) {
    if (proposal.kind === 'failed' || (replicas > 0 && proposal.replicas <= replicas)) continue;
    replicas = proposal.replicas;
    metric = proposal.name;
  }
  const [first] = failures;
  if (first !== undefined && (failures.length === proposals.length || replicas < currentReplicas)) {
    const count = `${failures.length} invalid out of ${proposals.length}`;
    const error = `invalid metrics (${count}), first error is: ${first.error}`;
    const message = `the HPA was unable to compute the replica count: ${first.cause}`;
    const inactive = { status: 'False', reason: first.reason, message } as const;
    return nothing(inactive, [...warnings, couldNotCompute(error)], statuses);
  }
  const message = `the HPA was able to successfully calculate a replica count from ${metric}`;
  return {
    replicas,
    metric,
    statuses,
    scalingActive: { status: 'True', reason: 'ValidMetricFound', message },
    warnings,
  };
}

function nothing(
  scalingActive: Desired['scalingActive'],
  warnings: readonly Told[],
  statuses: Desired['statuses'],
): Desired {
  return { replicas: undefined, metric: '', statuses, scalingActive, warnings };
}

function couldNotCompute(message: string): Told {
  return { reason: 'FailedComputeMetricsReplicas', message };
}

/** Each direction may have its own. */
function tolerancesOf({ autoscaler, tolerance }: DesiredInput): Tolerances {
  const { scaleUp, scaleDown } = autoscaler.spec.behavior ?? {};
  const own = (text: string | undefined) => (text === undefined ? tolerance : Number(quantityOf(text).nano) / 1e9);
  return { up: own(scaleUp?.tolerance), down: own(scaleDown?.tolerance) };
}
