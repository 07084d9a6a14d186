// Conditions as the API conventions have them: one of each type, and `lastTransitionTime` moves only with the status.

import { type Condition, timestamp } from '../../streams/resources/meta.ts';

export type Conditions = readonly Condition[] | undefined;

export function findCondition(conditions: Conditions, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** True where there is a condition of that type and it holds. */
export function holds(conditions: Conditions, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * The list with this condition in the place of the one of its type, or at the end. Times are filled in: the transition
 * time of a condition whose status stays is kept.
 */
export function withCondition(conditions: Conditions, condition: Condition, nowMs: number): readonly Condition[] {
  const before = findCondition(conditions, condition.type);
  const lastTransitionTime =
    before?.status === condition.status && before.lastTransitionTime !== undefined
      ? before.lastTransitionTime
      : (condition.lastTransitionTime ?? timestamp(nowMs));
  const set = { ...condition, lastTransitionTime };
  if (before === undefined) return [...(conditions ?? []), set];
  return (conditions ?? []).map((current) => (current === before ? set : current));
}

export function withoutCondition(conditions: Conditions, type: string): readonly Condition[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}
