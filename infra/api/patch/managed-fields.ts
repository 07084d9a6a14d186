// `metadata.managedFields`: who owns which fields of an object. Reads and writes the entries and keeps them within
// bounds. Invariants: an entry's fields are never empty; entries are in Kubernetes' order (Apply before Update, oldest
// first); an entry nothing happened to stays the same object, and so does the whole list.

import { EMPTY, type FieldSet, isEmptySet, parseFieldSet, setOf, union } from './field-set.ts';
import { isList, isObject, type Json, type JsonObject, jsonEqual, own, withKey } from './json-value.ts';

export type Operation = 'Apply' | 'Update';

/** One manager's share of an object. */
export type Ownership = {
  readonly manager: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339 with seconds; absent where the manager came to share fields without changing the object. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
  /** The entry this was read from, as long as it still says the same. */
  readonly entry?: JsonObject;
};

/** Owners by identity. An applier is the same one in every API version, an updater is not. */
export type Owners = ReadonlyMap<string, Ownership>;

/** How many Update entries an object keeps; the oldest beyond that are merged into `ancient-changes`. */
export const updateManagersMax = 10;

export const ancientChangesManager = 'ancient-changes';

/** What no manager ever owns: identity and what the server writes itself. */
export const neverOwned: FieldSet = setOf(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((field) => ['f:metadata', `f:${field}`]),
);

/** The identity of a manager, spelled so that conflicts sort as upstream sorts them. */
export const ownerIdentity = (
  owner: Pick<Ownership, 'manager' | 'operation' | 'apiVersion' | 'subresource'>,
): string => {
  const manager = owner.manager === '' ? '' : `"manager":${JSON.stringify(owner.manager)},`;
  const version = owner.operation === 'Apply' ? '' : `,"apiVersion":${JSON.stringify(owner.apiVersion)}`;
  const subresource = owner.subresource === '' ? '' : `,"subresource":${JSON.stringify(owner.subresource)}`;
  return `{${manager}"operation":"${owner.operation}"${version}${subresource}}`;
};

export const managedFieldsOf = (object: JsonObject | undefined): Json | undefined => {
  const metadata = object === undefined ? undefined : own(object, 'metadata');
  return isObject(metadata) ? own(metadata, 'managedFields') : undefined;
};

/** The object with these entries in place of its own; the same object if they are its own. */
export const withManagedFields = (object: JsonObject, entries: Json | undefined): JsonObject => {
  const metadata = own(object, 'metadata');
  if (!isObject(metadata))
    return entries === undefined ? object : withKey(object, 'metadata', { managedFields: entries });
  return withKey(object, 'metadata', withKey(metadata, 'managedFields', entries));
};

/** `[]` and `[{}]` are a client's way to say "forget who owns what". */
export const isReset = (entries: Json | undefined): boolean => {
  if (!isList(entries)) return false;
  if (entries.length === 0) return true;
  const [first] = entries;
  return (
    entries.length === 1 && isObject(first) && Object.values(first).every((value) => value === null || value === '')
  );
};

/** Undefined when an entry is malformed. `trusted` entries are our own writing and need no respelling. */
export const parseOwners = (entries: Json | undefined, trusted: boolean): Owners | undefined => {
  const owners = new Map<string, Ownership>();
  if (entries === undefined || entries === null) return owners;
  if (!isList(entries)) return undefined;
  for (const entry of entries) {
    const owner = isObject(entry) ? parseEntry(entry, trusted) : undefined;
    if (owner === undefined) return undefined;
    owners.set(ownerIdentity(owner), owner);
  }
  return owners;
};

const parseEntry = (entry: JsonObject, trusted: boolean): Ownership | undefined => {
  const operation = own(entry, 'operation');
  const apiVersion = own(entry, 'apiVersion');
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (typeof apiVersion !== 'string' || apiVersion === '' || own(entry, 'fieldsType') !== 'FieldsV1') return undefined;
  const stored = own(entry, 'fieldsV1');
  const fields = trusted && isObject(stored) ? (stored as FieldSet) : parseFieldSet(stored);
  if (fields === undefined) return undefined;
  const time = own(entry, 'time');
  return {
    manager: text(own(entry, 'manager')),
    operation,
    apiVersion,
    subresource: text(own(entry, 'subresource')),
    time: typeof time === 'string' ? time : undefined,
    fields,
    ...((trusted || jsonEqual(stored, fields)) && { entry }),
  };
};

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/**
 * The owners a write starts from: those the client sent along, unless it sent none or nonsense, then those recorded.
 * A write through a subresource cannot edit ownership.
 */
export const ownersForWrite = (write: {
  readonly before: JsonObject | undefined;
  readonly after: JsonObject;
  readonly subresource: string;
}): Owners => {
  const recorded = managedFieldsOf(write.before);
  const sent = managedFieldsOf(write.after);
  if (write.subresource === '') {
    if (isReset(sent)) return new Map();
    if (sent !== recorded && !jsonEqual(sent, recorded)) {
      const owners = parseOwners(sent, false);
      if (owners !== undefined && owners.size > 0) return owners;
    }
  }
  return parseOwners(recorded, true) ?? new Map();
};

/** The entries to record; `previous` itself when they say the same. Undefined when nobody owns anything. */
export const encodeOwners = (owners: Owners, previous: Json | undefined): Json | undefined => {
  const sorted = [...owners.values()].filter((owner) => !isEmptySet(owner.fields)).sort(compareOwners);
  if (sorted.length === 0) return undefined;
  const entries = sorted.map((owner) => owner.entry ?? encodeOwner(owner));
  if (!isList(previous) || previous.length !== entries.length) return entries;
  return entries.every((entry, i) => entry === previous[i] || jsonEqual(entry, previous[i])) ? previous : entries;
};

export const encodeOwner = (owner: Ownership): JsonObject => ({
  ...(owner.manager !== '' && { manager: owner.manager }),
  operation: owner.operation,
  apiVersion: owner.apiVersion,
  ...(owner.time !== undefined && { time: owner.time }),
  fieldsType: 'FieldsV1',
  fieldsV1: owner.fields as JsonObject,
  ...(owner.subresource !== '' && { subresource: owner.subresource }),
});

/** The owner with other fields; it stops standing for its recorded entry unless nothing changed. */
export const withFields = (owner: Ownership, fields: FieldSet): Ownership => {
  if (fields === owner.fields) return owner;
  const { entry: _, ...rest } = owner;
  return { ...rest, fields };
};

/** Merges the oldest Update entries of each API version into one until no more than the maximum are left. */
export const capUpdateManagers = (owners: Owners): Owners => {
  const updaters = [...owners].filter(([, owner]) => owner.operation === 'Update');
  if (updaters.length <= updateManagersMax) return owners;
  updaters.sort(([leftId, left], [rightId, right]) => compareTimes(left, right) || compareText(leftId, rightId));
  const capped = new Map(owners);
  const firstOfVersion = new Map<string, string>();
  let count = updaters.length;
  for (const [identity, owner] of updaters) {
    if (count <= updateManagersMax) break;
    const { apiVersion } = owner;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, identity);
      continue;
    }
    const bucketOwner = { manager: ancientChangesManager, operation: 'Update', apiVersion, subresource: '' } as const;
    const bucket = ownerIdentity(bucketOwner);
    if (identity === bucket) continue;
    const collected = capped.get(bucket)?.fields ?? capped.get(first)?.fields ?? EMPTY;
    if (!capped.has(bucket)) capped.delete(first);
    capped.delete(identity);
    // The merged entry is as recent as the last change in it.
    capped.set(bucket, { ...bucketOwner, time: owner.time, fields: union(owner.fields, collected) });
    count--;
  }
  return capped;
};

const compareOwners = (left: Ownership, right: Ownership): number =>
  compareText(left.operation, right.operation) ||
  compareTimes(left, right) ||
  compareText(left.manager, right.manager) ||
  compareText(left.apiVersion, right.apiVersion) ||
  compareText(left.subresource, right.subresource);

const compareText = (left: string, right: string): number => (left === right ? 0 : left < right ? -1 : 1);

/** To the second, as upstream counts. In the one format written here, that is the order of the texts. */
const compareTimes = (left: Ownership, right: Ownership): number => {
  if (left.time === right.time) return 0;
  if (UTC_SECONDS.test(left.time ?? '') && UTC_SECONDS.test(right.time ?? '')) {
    return compareText(left.time as string, right.time as string);
  }
  return seconds(left) - seconds(right);
};

const UTC_SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

const seconds = (owner: Ownership): number =>
  owner.time === undefined ? 0 : Math.floor(Date.parse(owner.time) / 1000) || 0;
