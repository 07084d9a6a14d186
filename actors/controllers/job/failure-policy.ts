// What a job's `podFailurePolicy` says of a pod that failed: the first rule that matches decides. Exit codes are asked of
// the main containers first, then of the init containers; a container that ended with 0 matches nothing.

import type { ExitCodesRequirement, FailureAction, Job } from '../../../streams/resources/batch.ts';
import type { ContainerStatus, Pod } from '../../../streams/resources/pod.ts';

export type FailureMatch = {
  /** undefined where no rule matches: the failure counts as usual. */
  readonly action: FailureAction | undefined;
  /** Counts towards the back-off limits. */
  readonly counts: boolean;
  /** Why the whole job fails; told for `FailJob` alone. */
  readonly message?: string;
};

const usual: FailureMatch = { action: undefined, counts: true };

export function matchFailure({ spec: { podFailurePolicy } }: Job, pod: Pod): FailureMatch {
  if (podFailurePolicy === undefined) return usual;
  const { namespace, name } = pod.metadata;
  for (const [index, { action, onExitCodes, onPodConditions }] of podFailurePolicy.rules.entries()) {
    const counts = action !== 'Ignore';
    if (onExitCodes !== undefined) {
      const ended = endedWith(pod, onExitCodes);
      if (ended === undefined) continue;
      const code = ended.state?.terminated?.exitCode;
      const told = `Container ${ended.name} for pod ${namespace}/${name} failed with exit code ${code}`;
      return matched(action, counts, `${told} matching ${action} rule at index ${index}`);
    }
    const found = pod.status?.conditions?.find((condition) =>
      onPodConditions?.some(({ type, status }) => condition.type === type && condition.status === status),
    );
    if (found === undefined) continue;
    const told = `Pod ${namespace}/${name} has condition ${found.type}`;
    return matched(action, counts, `${told} matching ${action} rule at index ${index}`);
  }
  return usual;
}

function matched(action: FailureAction, counts: boolean, message: string): FailureMatch {
  return action === 'FailJob' ? { action, counts, message } : { action, counts };
}

function endedWith({ status }: Pod, requirement: ExitCodesRequirement): ContainerStatus | undefined {
  for (const list of [status?.containerStatuses, status?.initContainerStatuses])
    for (const container of list ?? []) if (isMeant(container, requirement)) return container;
  return undefined;
}

function isMeant({ name, state }: ContainerStatus, { containerName, operator, values }: ExitCodesRequirement): boolean {
  const exitCode = state?.terminated?.exitCode;
  if (exitCode === undefined || exitCode === 0) return false;
  if (containerName !== undefined && containerName !== name) return false;
  return values.includes(exitCode) === (operator === 'In');
}
