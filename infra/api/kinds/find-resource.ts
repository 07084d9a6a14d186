// Which resource a person means: kubectl's ways to name one, so that what works there works here. A name with a group
// that is not among the built-in kinds is taken as it stands, because custom resources are on the log as well.

import type { ResourceName } from '../../../streams/resources/meta.ts';
import type { Kind } from './kind.ts';
import { allKinds } from './kinds.ts';

/**
 * `pods`, `Pod`, `po`, `deployment.apps`, `deployments.v1.apps`, `widgets.example.com`, in any case. Kinds that are
 * another kind's second face mean the stored one. Undefined where nothing is called that.
 */
export function findResource(text: string): ResourceName | undefined {
  const wanted = text.toLowerCase();
  const kind = allKinds().find((candidate) => answersTo(candidate, wanted));
  if (kind !== undefined) return { group: kind.storedAs?.group ?? kind.group, resource: kind.resource };
  const [resource = '', ...group] = wanted.split('.');
  if (resource === '' || group.length < 2 || group.includes('')) return undefined;
  return { group: group.join('.'), resource };
}

/** The resources that objects are kept of, for messages about a name that none has. */
export function resourceNames(): readonly string[] {
  const kept = allKinds().filter(({ verbs }) => verbs.includes('watch'));
  return [...new Set(kept.map(({ resource }) => resource))].sort();
}

function answersTo({ group, version, kind, resource, singular, shortNames }: Kind, wanted: string): boolean {
  for (const name of [resource, singular, kind.toLowerCase(), ...shortNames]) {
    if (!wanted.startsWith(name)) continue;
    const rest = wanted.slice(name.length);
    if (rest === '' || rest === `.${group}` || rest === `.${version}.${group}`) return true;
  }
  return false;
}
