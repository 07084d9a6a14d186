// Admission: what the cluster as a whole has to say about a write, after the client's object is decoded. Each plugin is
// one file; they run in upstream's order, in three rounds: all that change the object, then (once the object is valid)
// all that only refuse, and last those that record something before the object itself is recorded.

import type { Random } from '../../../streams/base/random.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { Kind } from '../kinds/kind.ts';
import type { RequestContext } from '../registry/context.ts';
import type { Holds } from './holds.ts';

export type AdmissionRequest = {
  /** `connect` is a stream or a question to a subresource, which changes nothing. */
  readonly operation: 'create' | 'update' | 'delete' | 'connect';
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
  admit?(request: AdmissionRequest): AnyObject;
  /** Throws ApiError to refuse the object as it has become. Not called for objects that are invalid in themselves. */
  validate?(request: AdmissionRequest): void;
  /**
   * Records what has to be on the log before the object is, and gives it back through the holds where the write fails.
   * Rejects with ApiError to refuse. Undefined where the write needs nothing, so that most writes wait for nothing.
   */
  reserve?(request: AdmissionRequest): Promise<void> | undefined;
};

export type AdmissionChain = readonly AdmissionPlugin[];

export function admit(plugins: AdmissionChain, request: AdmissionRequest): AnyObject {
  let { object } = request;
  for (const plugin of plugins) {
    if (plugin.admit !== undefined) object = plugin.admit(object === request.object ? request : { ...request, object });
  }
  return object;
}

export function validateAdmission(plugins: AdmissionChain, request: AdmissionRequest): void {
  for (const plugin of plugins) plugin.validate?.(request);
}

/** Undefined where no plugin has anything to wait for. */
export function reserve(plugins: AdmissionChain, request: AdmissionRequest, from = 0): Promise<void> | undefined {
  for (let i = from; i < plugins.length; i++) {
    const reserved = plugins[i]?.reserve?.(request);
    if (reserved !== undefined) return reserveOn(reserved, { plugins, request, from: i + 1 });
  }
  return undefined;
}

async function reserveOn(
  reserved: Promise<void>,
  { plugins, request, from }: { plugins: AdmissionChain; request: AdmissionRequest; from: number },
): Promise<void> {
  await reserved;
  await reserve(plugins, request, from);
}

/** True for this resource's own endpoint, or for the subresource where one is named. */
export function concerns(
  { kind, subresource }: AdmissionRequest,
  { group, resource, sub }: { readonly group: string; readonly resource: string; readonly sub?: string },
): boolean {
  return kind.resource === resource && kind.group === group && subresource === sub;
}
