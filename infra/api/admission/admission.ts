// Admission: what the cluster as a whole has to say about a write, after the client's object is decoded and before it
// is validated. Each plugin is one file; they run in upstream's order.

import type { Random } from '../../../streams/base/random.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { Kind } from '../kinds/kind.ts';
import type { RequestContext } from '../registry/context.ts';
import type { Holds } from './holds.ts';

export type AdmissionRequest = {
  readonly operation: 'create' | 'update' | 'delete';
  readonly kind: Kind;
  readonly subresource?: string | undefined;
  readonly namespace: string;
  readonly name: string;
  /** The object as it would be stored; as it is, for a deletion. */
  readonly object: AnyObject;
  readonly before?: AnyObject | undefined;
  readonly context: RequestContext;
  readonly world: ObjectReader;
  readonly random: Random;
  readonly holds: Holds;
};

export type AdmissionPlugin = {
  readonly name: string;
  /** Returns the object, changed or not; throws ApiError to refuse. */
  admit(request: AdmissionRequest): AnyObject;
};

export function admit(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): AnyObject {
  let object = request.object;
  for (const plugin of plugins) object = plugin.admit({ ...request, object });
  return object;
}
