// JSON merge patch (RFC 7386) as the API server applies it: objects merge, null deletes, everything else replaces.
// Two deviations come from upstream's library: a null inside a list of the patch is dropped together with its key
// unless the list replaces an object, and a patch that is not an object is refused.

import {
  isList,
  isObject,
  type Json,
  type JsonList,
  type JsonObject,
  type MutableJsonObject,
  own,
  setOwn,
} from './json-value.ts';
import { badRequest, type PatchOutcome, patched } from './outcome.ts';

/** Applies a merge patch. Neither argument is changed; an object the patch does not change is returned itself. */
export const applyMergePatch = (object: JsonObject, patch: Json): PatchOutcome => {
  if (!isObject(patch)) {
    return badRequest(
      patch === null
        ? 'Invalid JSON Patch'
        : `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`,
    );
  }
  return patched(mergeObjects(object, patch));
};

const mergeObjects = (current: JsonObject, patch: JsonObject): JsonObject => {
  let merged: MutableJsonObject | undefined;
  for (const key in patch) {
    const change = patch[key] as Json;
    const before = own(current, key);
    if (change === null) {
      if (before === undefined) continue;
      merged ??= { ...current };
      delete merged[key];
      continue;
    }
    const after = before === undefined || before === null ? withoutNulls(change) : mergeValue(before, change);
    if (after === before) continue;
    merged ??= { ...current };
    setOwn(merged, key, after);
  }
  return merged ?? current;
};

const mergeValue = (current: Json, patch: Json): Json => {
  if (!isObject(current)) {
    const replacement = withoutNulls(patch);
    return sameList(current, replacement) ? current : replacement;
  }
  return isObject(patch) ? mergeObjects(current, patch) : patch;
};

/** Keys with null mean "delete", so a value that is new as a whole must not carry them. */
const withoutNulls = (value: Json): Json => {
  if (isList(value)) {
    let list: Json[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const item = value[i] as Json;
      const clean = withoutNulls(item);
      if (clean === item) continue;
      list ??= [...value];
      list[i] = clean;
    }
    return list ?? value;
  }
  if (!isObject(value)) return value;
  let clean: MutableJsonObject | undefined;
  for (const key in value) {
    const before = value[key] as Json;
    const after = before === null ? null : withoutNulls(before);
    if (after === before && after !== null) continue;
    clean ??= { ...value };
    if (after === null) delete clean[key];
    else setOwn(clean, key, after);
  }
  return clean ?? value;
};

/** kubectl repeats whole lists of scalars; keeping the old list keeps a no-op recognisable by identity. */
const sameList = (current: Json, replacement: Json): boolean => {
  if (!isList(current) || !isList(replacement) || current.length !== replacement.length) return current === replacement;
  return current.every((item, i) => item === (replacement as JsonList)[i]);
};

const jsonKind = (value: Json): string =>
  isList(value) ? 'array' : typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : 'number';
