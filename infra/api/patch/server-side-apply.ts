// Server-side apply (KEP-555): merge a manager's configuration into an object, take ownership of what it names, and drop
// what it named before and nobody else owns. Invariants: applying the same configuration again returns the very object,
// so nothing is recorded; a conflict changes nothing; nothing a manager does not own is ever removed.

import type { ObjectSchema } from '../kinds/schema.ts';
import { type ApplyConflict, applyConflict } from './apply-conflict.ts';
import { difference, type FieldSet, isEmptySet, recursiveDifference, sameSet } from './field-set.ts';

import { isObject, type JsonObject, jsonEqual, NOTHING, own, withKey } from './json-value.ts';
import type { KindVersions } from './kind-versions.ts';
import { fieldsOfLastApplied, kubectlManager, withLastApplied } from './last-applied.ts';
import {
  encodeOwners,
  managedFieldsOf,
  neverOwned,
  type Owners,
  type Ownership,
  ownerIdentity,
  parseOwners,
  withManagedFields,
} from './managed-fields.ts';
import { badRequest, type InvalidPatch, unclassified } from './outcome.ts';
import { namedFields } from './owned-fields.ts';
import { pruneUnowned } from './prune-unowned.ts';
import { changesOf, contestedFields, releaseFields, trackUpdate } from './track-update.ts';
import { hasNull, mergeApplied, withoutNullFields } from './typed-merge.ts';
import { validateApplied } from './validate-applied.ts';

export type ApplyRequest = {
  readonly schema: ObjectSchema;
  /** The recorded object; undefined where apply creates it. */
  readonly before: JsonObject | undefined;
  readonly configuration: JsonObject;
  readonly manager: string;
  /** Take contested fields instead of answering with a conflict. */
  readonly force: boolean;
  /** Group and version of the request, e.g. `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly subresource?: string;
  /** RFC 3339 with seconds. */
  readonly time: string;
  readonly resetFields?: FieldSet;
  readonly versions?: KindVersions;
};

export type ApplyOutcome =
  /** `object` is the recorded one itself when the apply changes nothing at all. */
  { readonly kind: 'applied'; readonly object: JsonObject } | ApplyConflict | InvalidPatch;

/** Applies a configuration. Defaults, identity and validation of the result are the caller's. */
export const applyConfiguration = (request: ApplyRequest): ApplyOutcome => {
  const invalid = invalidConfiguration(request);
  if (invalid !== undefined) return invalid;
  const configuration = withoutNullTimestamp(request.configuration);
  const outcome = attempt({ ...request, configuration });
  if (request.manager !== kubectlManager) return outcome;
  const settled = outcome.kind === 'conflict' ? settledByLastApplied({ ...request, configuration }, outcome) : outcome;
  if (settled.kind !== 'applied') return settled;
  return { kind: 'applied', object: withLastApplied(settled.object, configuration) };
};

const invalidConfiguration = (request: ApplyRequest): InvalidPatch | undefined => {
  const { configuration, apiVersion, kind, before, schema } = request;
  const given = { apiVersion: textAt(configuration, 'apiVersion'), kind: textAt(configuration, 'kind') };
  if (given.apiVersion !== apiVersion || given.kind !== kind) {
    return badRequest(`invalid object type: ${printGroupVersionKind(given.apiVersion, given.kind)}`);
  }
  if ((managedFieldsOf(configuration) ?? null) !== null) return badRequest('metadata.managedFields must be nil');
  if (parseOwners(managedFieldsOf(before), true) === undefined) {
    return unclassified('failed to decode managed fields: the recorded entries are malformed');
  }
  const complaints = validateApplied(configuration, schema);
  if (complaints === undefined) return undefined;
  const metadata = own(configuration, 'metadata');
  const [namespace, name] = ['namespace', 'name'].map((key) => (isObject(metadata) ? textAt(metadata, key) : ''));
  const which = `${namespace}/${name}; ${printGroupVersionKind(apiVersion, kind)}`;
  return unclassified(`failed to create typed patch object (${which}): ${complaints}`);
};

/** As clients of unstructured objects read it: what is no text is not there. */
const textAt = (object: JsonObject, key: string): string => {
  const value = own(object, key);
  return typeof value === 'string' ? value : '';
};

const printGroupVersionKind = (apiVersion: string, kind: string): string =>
  `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;

/** `creationTimestamp: null`, which older encoders write into every manifest, says nothing about the live object. */
const withoutNullTimestamp = (configuration: JsonObject): JsonObject => {
  const metadata = own(configuration, 'metadata');
  if (!isObject(metadata) || own(metadata, 'creationTimestamp') !== null) return configuration;
  return withKey(configuration, 'metadata', withKey(metadata, 'creationTimestamp', undefined));
};

type Applied = { readonly kind: 'applied'; readonly object: JsonObject };
type Contested = ApplyConflict & { readonly contested: ReadonlyMap<string, FieldSet>; readonly owners: Owners };

const attempt = (request: ApplyRequest): Applied | Contested => {
  const { schema, configuration, apiVersion, manager, resetFields } = request;
  const before = request.before === undefined ? undefined : withFirstOwner(request, request.before);
  const owners = parseOwners(managedFieldsOf(before), true) ?? new Map<string, Ownership>();
  const named = namedFields(configuration, schema);
  const applier: Ownership = {
    manager: manager === '' ? 'unknown' : manager,
    operation: 'Apply',
    apiVersion,
    subresource: request.subresource ?? '',
    time: request.time,
    fields: resetFields === undefined ? named : recursiveDifference(named, resetFields),
  };
  const identity = ownerIdentity(applier);
  const last = owners.get(identity);
  const others = new Map(owners).set(identity, applier);
  const merged = mergeApplied(before ?? NOTHING, configuration, schema);
  const object = pruneUnowned({ ...request, object: merged, last, owners: others });
  const changes = changesOf({ ...request, before, after: object, literal: true });
  const contest = { ...request, before, after: object, literal: true, owners: others, changes, except: identity };
  if (!request.force) {
    const contested = contestedFields(contest);
    if (contested.size > 0) return { ...applyConflict(contested, owners), contested, owners };
  }
  const next = new Map(releaseFields(contest));
  next.delete(identity);
  const fields = difference(applier.fields, neverOwned);
  const result = object !== merged || hasNull(configuration) ? withNullsUnset(object, before, schema) : object;
  if (!isEmptySet(fields)) next.set(identity, ownerAfter({ applier, fields, last, merged: object, result, before }));
  return { kind: 'applied', object: withManagedFields(result, encodeOwners(next, managedFieldsOf(before))) };
};

/** The merged object without the nulls a configuration unset fields with; the old object if that is all they said. */
const withNullsUnset = (object: JsonObject, before: JsonObject | undefined, schema: ObjectSchema): JsonObject => {
  const clean = withoutNullFields(object, schema) as JsonObject;
  return before !== undefined && jsonEqual(clean, before) ? before : clean;
};

/** An apply that does not change the object leaves the time of its entry alone, and writes none into a new one. */
const ownerAfter = (apply: {
  readonly applier: Ownership;
  readonly fields: FieldSet;
  readonly last: Ownership | undefined;
  readonly merged: JsonObject;
  readonly result: JsonObject;
  readonly before: JsonObject | undefined;
}): Ownership => {
  const { applier, fields, last, merged, result, before } = apply;
  const same = last !== undefined && last.apiVersion === applier.apiVersion && sameSet(last.fields, fields);
  if (same && result === before) return last;
  return { ...applier, fields, time: merged === before ? last?.time : applier.time };
};

/** Before its first apply an untracked object gets an owner for all it has, or everything would be up for grabs. */
const withFirstOwner = (request: ApplyRequest, before: JsonObject): JsonObject => {
  const owners = parseOwners(managedFieldsOf(before), true);
  if (owners === undefined || owners.size > 0) return before;
  return trackUpdate({ ...request, before: undefined, after: before, manager: 'before-first-apply' });
};

/** kubectl moving from client-side to server-side apply: what its annotation proves to be its own is taken silently. */
const settledByLastApplied = (request: ApplyRequest, conflict: Contested): Applied | Contested => {
  const before = request.before as JsonObject;
  const allowed = fieldsOfLastApplied(before, request.schema, request.apiVersion);
  if (isEmptySet(allowed)) return conflict;
  const contested = new Map<string, FieldSet>();
  for (const [identity, fields] of conflict.contested) {
    const rest = difference(fields, allowed);
    if (!isEmptySet(rest)) contested.set(identity, rest);
  }
  if (contested.size === 0) return attempt({ ...request, force: true });
  return { ...applyConflict(contested, conflict.owners), contested, owners: conflict.owners };
};
