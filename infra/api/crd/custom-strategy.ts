// How custom resources are written: generation counts every change but that of metadata, a status is a world of its own
// only where the definition says so, and an update names the version it replaces.

import { lifecycleOf } from '../../../actors/lifecycles.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { qualifiedNameProblem } from '../registry/names.ts';
import type { Strategy } from '../registry/strategy.ts';
import { defaulted } from './defaulting.ts';
import { ruleWarnings } from './rule-problems.ts';
import { type CustomSchema, validateCustomResource, validateCustomStatus } from './validate-custom-resource.ts';

export type CustomStrategyOptions = CustomSchema & {
  readonly group: string;
  readonly resource: string;
  readonly hasStatus: boolean;
};

export function customStrategy(options: CustomStrategyOptions): Strategy {
  const { group, resource, hasStatus, structural } = options;
  const validate: NonNullable<Strategy['validate']> = (next, before) => validateCustomResource(options, next, before);
  return {
    // Named by the resource alone: whoever replays the log may not have the definition.
    lifecycle: lifecycleOf({ group, resource }),
    generation: '*',
    unconditionalUpdate: false,
    status: hasStatus,
    statusKeepsMetadata: true,
    defaults: (object) => defaulted(object, structural) as AnyObject,
    validate,
    warnings: (next, before) => [...finalizerWarnings(next, before), ...ruleWarnings(next)],
    subresources: {
      status: { validate: (next, before) => validateCustomStatus(options, next, before), warnings: ruleWarnings },
      scale: { validate, warnings: ruleWarnings },
    },
  };
}

const standardFinalizers: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** Finalizers that may collide with somebody else's. */
function finalizerWarnings(next: AnyObject, before: AnyObject | undefined): readonly string[] {
  const { finalizers = [] } = next.metadata;
  if (finalizers.length === 0) return finalizers;
  const known = new Set(before?.metadata.finalizers);
  const added = [...new Set(finalizers)].filter((finalizer) => !known.has(finalizer)).sort();
  return added.flatMap((finalizer) => {
    const prefix = `metadata.finalizers: ${JSON.stringify(finalizer)}:`;
    const problem = qualifiedNameProblem(finalizer);
    const warnings = problem === undefined ? [] : [`${prefix} ${problem}`];
    if (finalizer.includes('/') || standardFinalizers.has(finalizer)) return warnings;
    const how = finalizer.includes('.') ? ' including a path (/)' : '';
    const why = 'to avoid accidental conflicts with other finalizer writers';
    return [...warnings, `${prefix} prefer a domain-qualified finalizer name${how} ${why}`];
  });
}
