// Names that are fine as names and surprise as host names.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { nameProblem } from '../registry/names.ts';

const none: readonly string[] = [];

/** Warns of a name that is no DNS label; `use` says what it is used in. */
export function nameWarnings({ metadata: { name } }: AnyObject, use = 'Pod names and hostnames'): readonly string[] {
  const problem = nameProblem(name, 'label');
  if (problem === undefined) return none;
  const why = 'which can result in surprising behavior; a DNS label is recommended';
  return [`metadata.name: this is used in ${use}, ${why}: [${problem}]`];
}
