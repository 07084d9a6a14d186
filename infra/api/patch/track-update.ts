// Ownership after a create, update or (non-apply) patch: the fields a write changed pass to its manager, all others keep
// their owners. Invariants: a write that changes nothing changes no entry, not even its time; the cost follows the
// changed fields and the owners of those, not the object.

import type { ObjectSchema } from '../kinds/schema.ts';
import { difference, type FieldSet, intersection, isEmptySet, setOf, union } from './field-set.ts';
import { isList, isObject, type Json, type JsonObject, jsonEqual, own } from './json-value.ts';
import { currentVersionOnly, type KindVersions } from './kind-versions.ts';
import {
  capUpdateManagers,
  encodeOwner,
  encodeOwners,
  managedFieldsOf,
  neverOwned,
  type Owners,
  type Ownership,
  ownerIdentity,
  ownersForWrite,
  withFields,
  withManagedFields,
} from './managed-fields.ts';
import { type Changes, changesBetween, hasChanges } from './object-changes.ts';
import { fitToSchema } from './owned-fields.ts';

export type TrackedWrite = {
  readonly schema: ObjectSchema;
  /** The recorded object; undefined for a create. */
  readonly before: JsonObject | undefined;
  /** The object to record. Its managedFields may carry what the client sent. */
  readonly after: JsonObject;
  readonly manager: string;
  /** The version the request was made in, e.g. `apps/v1`. */
  readonly apiVersion: string;
  readonly subresource?: string;
  /** RFC 3339 with seconds. */
  readonly time: string;
  /** Fields the endpoint ignores (the strategy's reset fields): `status` on the main resource, `spec` on `/status`. */
  readonly resetFields?: FieldSet;
  readonly versions?: KindVersions;
};

/** The object to record, with its managedFields brought up to date. `after` itself when nothing is to be written. */
export const trackUpdate = (write: TrackedWrite): JsonObject => {
  const { before, after, subresource = '' } = write;
  const owners = ownersForWrite({ before, after, subresource });
  // An object nobody tracks stays untracked: that is how `[{}]` clears ownership for good.
  if (owners.size === 0 && before !== undefined) return withManagedFields(after, undefined);
  const changes = changesOf(write);
  const taken = difference(union(changes.modified, changes.added), neverOwned);
  if (isEmptySet(taken)) return recorded(write, releaseFields({ ...write, owners, changes }));
  const owner: Ownership = {
    manager: write.manager === '' ? 'unknown' : write.manager,
    operation: 'Update',
    apiVersion: write.apiVersion,
    subresource,
    time: write.time,
    fields: taken,
  };
  // Nobody else to think of: nearly every new object is its creator's alone.
  if (owners.size === 0) return withManagedFields(after, [encodeOwner(owner)]);
  const identity = ownerIdentity(owner);
  const next = new Map(releaseFields({ ...write, owners, changes, except: identity }));
  const previous = next.get(identity);
  next.set(
    identity,
    previous === undefined ? owner : { ...owner, fields: retaken(write.schema, previous, changes, taken) },
  );
  return recorded(write, capUpdateManagers(next));
};

const recorded = ({ before, after }: TrackedWrite, owners: Owners): JsonObject =>
  withManagedFields(after, encodeOwners(owners, managedFieldsOf(before)));

/** `before` itself where `after` differs from it by nothing but the times of its managedFields. */
export const withoutTimeOnlyChange = (before: JsonObject, after: JsonObject): JsonObject => {
  if (before === after) return before;
  const left = managedFieldsOf(before);
  const right = managedFieldsOf(after);
  if (left !== right && !sameButTimes(left, right)) return after;
  return jsonEqual(withManagedFields(before, undefined), withManagedFields(after, undefined)) ? before : after;
};

/** What of the owners' fields the changes leave with them. Owners of nothing are dropped. */
export const releaseFields = (release: {
  readonly schema: ObjectSchema;
  readonly before: JsonObject | undefined;
  readonly after: JsonObject;
  readonly apiVersion: string;
  readonly versions?: KindVersions;
  readonly resetFields?: FieldSet;
  readonly owners: Owners;
  readonly changes: Changes;
  readonly literal?: boolean;
  /** The manager that makes the change and loses nothing by it. */
  readonly except?: string;
}): Owners => {
  const { owners, changes, except } = release;
  if (!hasChanges(changes) && [...owners.values()].every((owner) => owner.apiVersion === release.apiVersion)) {
    return owners;
  }
  const left = new Map<string, Ownership>();
  const seen = new Map([[release.apiVersion, { schema: release.schema, touched: touchedBy(changes) }]]);
  for (const [identity, owner] of owners) {
    if (identity === except) {
      left.set(identity, owner);
      continue;
    }
    const { apiVersion } = owner;
    const known = seen.get(apiVersion) ?? changesAt(apiVersion, release);
    // A version that is no longer served takes its owners with it.
    if (known === undefined) continue;
    seen.set(apiVersion, known);
    const { schema, touched } = known;
    const fields = difference(fitToSchema(owner.fields, schema, touched), touched);
    if (!isEmptySet(fields)) left.set(identity, withFields(owner, fields));
  }
  return left;
};

/** What of the changes other managers own and would lose against their will, by owner. */
export const contestedFields = (
  contest: Omit<Parameters<typeof releaseFields>[0], 'except'> & { readonly except: string },
): ReadonlyMap<string, FieldSet> => {
  const contested = new Map<string, FieldSet>();
  for (const [identity, owner] of contest.owners) {
    if (identity === contest.except) continue;
    const { apiVersion } = owner;
    const known =
      apiVersion === contest.apiVersion
        ? { schema: contest.schema, overwritten: union(contest.changes.modified, contest.changes.added) }
        : changesAt(apiVersion, contest);
    if (known === undefined) continue;
    const fields = intersection(fitToSchema(owner.fields, known.schema, known.overwritten), known.overwritten);
    if (!isEmptySet(fields)) contested.set(identity, fields);
  }
  return contested;
};

const ALWAYS_IGNORED = setOf(['f:metadata', 'f:managedFields']);

export const changesOf = (
  write: Pick<TrackedWrite, 'schema' | 'before' | 'after' | 'resetFields'> & { readonly literal?: boolean },
): Changes =>
  changesBetween({
    schema: write.schema,
    literal: write.literal ?? false,
    before: write.before,
    after: write.after,
    ignored: write.resetFields === undefined ? ALWAYS_IGNORED : ignoredWith(write.resetFields),
  });

/** Endpoints have theirs once and for all. */
const ignoredWith = (resetFields: FieldSet): FieldSet => {
  let ignored = ignoredSets.get(resetFields);
  if (ignored === undefined) {
    ignored = union(resetFields, ALWAYS_IGNORED);
    ignoredSets.set(resetFields, ignored);
  }
  return ignored;
};

const ignoredSets = new WeakMap<FieldSet, FieldSet>();

const touchedBy = ({ added, modified, removed }: Changes): FieldSet => union(union(modified, added), removed);

const changesAt = (
  apiVersion: string,
  write: Omit<Parameters<typeof releaseFields>[0], 'owners' | 'changes' | 'except'>,
) => {
  const versions = write.versions ?? currentVersionOnly;
  const schema = versions.schemaAt(apiVersion);
  if (schema === undefined) return undefined;
  const changes = changesOf({
    schema,
    before: write.before === undefined ? undefined : versions.convert(write.before, apiVersion),
    after: versions.convert(write.after, apiVersion),
    literal: write.literal ?? false,
    ...(write.resetFields !== undefined && { resetFields: write.resetFields }),
  });
  return { schema, touched: touchedBy(changes), overwritten: union(changes.modified, changes.added) };
};

/** A manager's fields after another write of its own. Fields it changed again are left in place, which costs nothing. */
const retaken = (schema: ObjectSchema, previous: Ownership, changes: Changes, taken: FieldSet): FieldSet => {
  const touched = touchedBy(changes);
  const fitted = fitToSchema(previous.fields, schema, touched);
  return union(difference(fitted, difference(touched, taken)), taken);
};

const sameButTimes = (left: Json | undefined, right: Json | undefined): boolean =>
  isList(left) &&
  isList(right) &&
  left.length === right.length &&
  left.every((entry, i) => jsonEqual(withoutTime(entry), withoutTime(right[i] as Json)));

const withoutTime = (entry: Json): Json => {
  if (!isObject(entry) || own(entry, 'time') === undefined) return entry;
  const { time: _, ...rest } = entry;
  return rest;
};
