// The scale of an object of any kind for those in this process who scale: what a GET of the subresource would answer,
// refusals included.

import type { FoundScale, ScaleReader } from '../../../actors/controllers/hpa/scale-target.ts';
import type { ObjectTarget, Scale } from '../../../streams/resources/autoscaling.ts';
import { ApiError, notFound, unknownPath } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import type { KindTable } from '../kinds/kind-table.ts';
import { scaleOf } from '../verbs/scale.ts';

export function scaleReader(kinds: KindTable): ScaleReader {
  // Versions do not change, and the same ones are asked for again and again.
  const known = new WeakMap<object, Scale>();
  return (world, { namespace, target }) => {
    const { apiVersion = '', kind: kindName, name } = target;
    const parts = apiVersion.split('/');
    if (parts.length > 2) return failed(`unexpected GroupVersion string: ${apiVersion}`);
    const group = parts.length === 2 ? (parts[0] ?? '') : '';
    const kind = kindOf(kinds, { group, target });
    if (kind === undefined) return failed(`no matches for kind ${JSON.stringify(kindName)} in group "${group}"`);
    if (!kind.subresources.some((sub) => sub.name === 'scale')) return failed(unknownPath().message);
    const stored = world.stored(kind, { namespace: kind.namespaced ? namespace : '', name });
    if (stored === undefined) return failed(notFound(kind, name).message);
    const before = known.get(stored.object);
    if (before !== undefined) return { kind: 'found', resource: kind, scale: before };
    try {
      const scale = scaleOf(stored, kind) as Scale;
      known.set(stored.object, scale);
      return { kind: 'found', resource: kind, scale };
    } catch (error) {
      if (error instanceof ApiError) return failed(error.message);
      throw error;
    }
  };
}

/** Any version of the kind will do: the scale is the same in all of them. */
function kindOf(kinds: KindTable, { group, target }: { group: string; target: ObjectTarget }): Kind | undefined {
  const { apiVersion = '', kind: name } = target;
  return kinds.byApiVersion(apiVersion, name) ?? kinds.all().find((kind) => kind.group === group && kind.kind === name);
}

function failed(message: string): FoundScale {
  return { kind: 'failed', message };
}
