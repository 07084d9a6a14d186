// Who owns the replicas: as the scale subresource tells it, and back as the scaled object records it (KEP-555). Invariant:
// a write of the scale changes the ownership of the replicas alone; whoever loses them keeps what else is theirs.

import { difference, type FieldSet, isEmptySet, isSubset, setOf } from './field-set.ts';
import type { Json } from './json-value.ts';
import { encodeOwners, type Ownership, ownerIdentity, parseOwners, withFields } from './managed-fields.ts';

const scaleVersion = 'autoscaling/v1';
const replicasOfScale = setOf(['f:spec', 'f:replicas']);

/** The entries of a Scale. `replicas` is where the scaled object keeps them. */
export const scaleOwners = (entries: Json | undefined, replicas: FieldSet): Json | undefined => {
  const owners = new Map<string, Ownership>();
  for (const owner of parseOwners(entries, true)?.values() ?? []) {
    if (!isSubset(replicas, owner.fields)) continue;
    const { entry: _, ...seen } = { ...owner, apiVersion: scaleVersion, fields: replicasOfScale };
    owners.set(ownerIdentity(seen), seen);
  }
  return encodeOwners(owners, undefined);
};

/** The scaled object's entries once a Scale with entries of its own was written. */
export const ownersAfterScale = (
  entries: Json | undefined,
  scaled: { readonly entries: Json | undefined; readonly replicas: FieldSet; readonly apiVersion: string },
): Json | undefined => {
  const { replicas, apiVersion } = scaled;
  const come = new Map(parseOwners(scaled.entries, true) ?? []);
  const owners = new Map<string, Ownership>();
  for (const [identity, owner] of parseOwners(entries, true) ?? []) {
    const had = isSubset(replicas, owner.fields);
    const keeps = !had || come.delete(ownerIdentity({ ...owner, apiVersion: scaleVersion }));
    const fields = keeps ? owner.fields : difference(owner.fields, replicas);
    if (!isEmptySet(fields)) owners.set(identity, withFields(owner, fields));
  }
  for (const { entry: _, time: _time, ...owner } of come.values()) {
    if (!isSubset(replicasOfScale, owner.fields)) continue;
    const owned = { ...owner, time: undefined, apiVersion, fields: replicas };
    owners.set(ownerIdentity(owned), owned);
  }
  return encodeOwners(owners, entries);
};
