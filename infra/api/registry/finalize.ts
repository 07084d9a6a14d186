// PUT /finalize on a namespace: the only way its `kubernetes` finalizer goes, and with it the namespace.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import type { RequestContext } from './context.ts';
import type { Registry, Target } from './registry.ts';

export function finalizeNamespace(
  registry: Registry,
  { target, next }: { target: Target; next: AnyObject },
  context: RequestContext,
): Promise<StoredObject> {
  const change = (current: StoredObject): AnyObject => ({
    ...current.object,
    metadata: { ...current.object.metadata, ...versionOf(next) },
    spec: { ...(current.object.spec as object), finalizers: (next.spec as Finalized | undefined)?.finalizers ?? [] },
  });
  return registry.update(target, { change, subresource: 'finalize' }, context);
}

type Finalized = { readonly finalizers?: readonly string[] };

/** The lock is the caller's: without a version the newest is meant. */
function versionOf({ metadata }: AnyObject): { readonly resourceVersion: string } {
  return { resourceVersion: metadata.resourceVersion ?? '' };
}
