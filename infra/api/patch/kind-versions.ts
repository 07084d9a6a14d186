// A kind's other API versions, as ownership needs them: each owner's fields are named in the version it wrote, so they
// can only be compared with the object as that version shows it.

import type { ObjectSchema } from '../kinds/schema.ts';
import type { JsonObject } from './json-value.ts';

export type KindVersions = {
  /** The kind's schema in another version; undefined where that version is not served (any more). */
  schemaAt(apiVersion: string): ObjectSchema | undefined;
  /** The object in a version `schemaAt` knows. */
  convert(object: JsonObject, apiVersion: string): JsonObject;
};

/** For kinds that are served in the request's version alone. */
export const currentVersionOnly: KindVersions = {
  schemaAt: () => undefined,
  convert: (object) => object,
};
