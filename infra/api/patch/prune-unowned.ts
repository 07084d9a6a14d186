// What an apply drops: fields its manager applied last time, does not apply now, and nobody else owns.
// Upstream defines this as three removals, and the details matter where ownership is partial: take everything the
// manager owned; give back what any owner still has; and remove, of the rest, only what the manager had owned itself.

import type { ObjectSchema } from '../kinds/schema.ts';
import { difference, EMPTY, type FieldSet, intersection, isEmptySet, isSubset, union } from './field-set.ts';
import type { JsonObject } from './json-value.ts';
import { currentVersionOnly, type KindVersions } from './kind-versions.ts';
import type { Owners, Ownership } from './managed-fields.ts';
import { namedFields, withStructures } from './owned-fields.ts';
import { removeFields } from './remove-fields.ts';

export type Pruning = {
  readonly schema: ObjectSchema;
  readonly apiVersion: string;
  /** The object with the configuration already merged in. */
  readonly object: JsonObject;
  /** The manager's ownership before this apply. */
  readonly last: Ownership | undefined;
  /** All owners, the manager with its new fields among them. */
  readonly owners: Owners;
  readonly versions?: KindVersions;
};

export const pruneUnowned = (pruning: Pruning): JsonObject => {
  const { object, last, owners, apiVersion } = pruning;
  if (last === undefined || isEmptySet(last.fields)) return object;
  const versions = pruning.versions ?? currentVersionOnly;
  const schema = last.apiVersion === apiVersion ? pruning.schema : versions.schemaAt(last.apiVersion);
  // Whoever applied in a version that is gone cannot be asked what it meant.
  if (schema === undefined) return object;
  if (last.apiVersion === apiVersion && nothingDropped(last, owners)) return object;
  const merged = last.apiVersion === apiVersion ? object : versions.convert(object, last.apiVersion);
  const lastFields = withStructures(last.fields, schema);
  const kept = withOwnedBack(pruning, merged, removeFields(merged, lastFields, schema), last.apiVersion);
  const lost = difference(structured(merged, schema), structured(kept, schema));
  const pruned = removeFields(merged, intersection(lost, lastFields), schema);
  if (pruned === merged) return object;
  return last.apiVersion === apiVersion ? pruned : versions.convert(pruned, apiVersion);
};

/** The usual case: the manager applies at least the fields it applied last time. */
const nothingDropped = (last: Ownership, owners: Owners): boolean => {
  for (const owner of owners.values()) {
    if (owner.apiVersion === last.apiVersion && isSubset(last.fields, owner.fields)) return true;
  }
  return false;
};

/** `pruned` with everything back that somebody owns, version by version, the pruned one first. */
const withOwnedBack = (pruning: Pruning, merged: JsonObject, pruned: JsonObject, prunedVersion: string): JsonObject => {
  const versions = pruning.versions ?? currentVersionOnly;
  const ownedByVersion = new Map<string, FieldSet>([[prunedVersion, EMPTY]]);
  for (const { apiVersion, fields } of pruning.owners.values()) {
    ownedByVersion.set(apiVersion, union(ownedByVersion.get(apiVersion) ?? EMPTY, fields));
  }
  let result = pruned;
  let whole = merged;
  let at = prunedVersion;
  for (const [apiVersion, owned] of ownedByVersion) {
    const schema = apiVersion === pruning.apiVersion ? pruning.schema : versions.schemaAt(apiVersion);
    if (schema === undefined) continue;
    if (apiVersion !== at) {
      whole = versions.convert(whole, apiVersion);
      result = versions.convert(result, apiVersion);
      at = apiVersion;
    }
    const staying = union(structured(result, schema), withStructures(owned, schema));
    result = removeFields(whole, difference(structured(whole, schema), staying), schema);
  }
  return at === prunedVersion ? result : versions.convert(result, prunedVersion);
};

const structured = (object: JsonObject, schema: ObjectSchema): FieldSet =>
  withStructures(namedFields(object, schema), schema);
