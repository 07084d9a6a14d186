// Whether the indexes that have succeeded suffice for a job's `successPolicy`: the first rule that is met decides.

import type { Job } from '../../../streams/resources/batch.ts';
import { countOf, type Indexes, overlapOf, parseIndexes } from './indexes.ts';

/** What is told of the rule that is met; undefined where none is. */
export function metRule({ spec: { successPolicy, completions = 0 } }: Job, succeeded: Indexes): string | undefined {
  if (successPolicy === undefined || succeeded.length === 0) return undefined;
  const met = successPolicy.rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && countOf(succeeded) >= succeededCount;
    const required = parseIndexes(succeededIndexes, completions);
    if (required.length === 0) return false;
    const done = overlapOf(required, succeeded);
    return done === countOf(required) || (succeededCount !== undefined && done >= succeededCount);
  });
  return met < 0 ? undefined : `Matched rules at index ${met}`;
}
