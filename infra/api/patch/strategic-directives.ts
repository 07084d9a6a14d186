// The directives of strategic merge patch: how they are spelled, which of them a key is, and how patch content that is
// new to the object sheds them. Invariant: patches are never changed in place; a part without directives is shared.

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
import { badRequest, type InvalidPatch } from './outcome.ts';

export const directiveMarker = '$patch';
export const retainKeysDirective = '$retainKeys';
const deleteFromPrimitiveList = '$deleteFromPrimitiveList';
const setElementOrder = '$setElementOrder';

export type PatchKey =
  | { readonly kind: 'field' }
  | { readonly kind: 'delete-from-list' | 'element-order'; readonly field: string }
  | { readonly kind: 'malformed'; readonly failure: InvalidPatch };

const FIELD: PatchKey = { kind: 'field' };

/** What a key of a patch means. The list directives name their list behind a slash. */
export const patchKey = (key: string): PatchKey => {
  if (key.charCodeAt(0) !== 0x24) return FIELD;
  if (key.startsWith(deleteFromPrimitiveList)) {
    const field = fieldBehind(key, deleteFromPrimitiveList);
    return field === undefined
      ? { kind: 'malformed', failure: badRequest('invalid patch format of primitive list') }
      : { kind: 'delete-from-list', field };
  }
  if (key.startsWith(setElementOrder)) {
    const field = fieldBehind(key, setElementOrder);
    return field === undefined
      ? { kind: 'malformed', failure: malformedElementOrder }
      : { kind: 'element-order', field };
  }
  return FIELD;
};

export const malformedElementOrder = badRequest('invalid patch format of setElementOrder list');

export const malformedRetainKeys = badRequest('invalid patch format of retainKeys');

/** The list's directive keys are not content, so `$retainKeys` need not name them. */
export const isListDirective = (key: string): boolean =>
  key.startsWith(deleteFromPrimitiveList) || key.startsWith(setElementOrder);

const fieldBehind = (key: string, prefix: string): string | undefined =>
  key.startsWith(`${prefix}/`) ? key.slice(prefix.length + 1) : undefined;

/** Patch content for a place the object does not have, without nulls and without what `$patch` marks. */
export const asNewContent = (value: Json): Json | undefined => withoutDirectives(withoutNulls(value));

/** Structures and list items carrying `$patch` are instructions, not content. Undefined for such a value itself. */
export const withoutDirectives = (value: Json): Json | undefined => {
  if (isList(value)) return listWithoutDirectives(value);
  if (!isObject(value)) return value;
  if (own(value, directiveMarker) !== undefined) return undefined;
  let clean: MutableJsonObject | undefined;
  for (const key in value) {
    const before = value[key] as Json;
    const after = withoutDirectives(before);
    if (after === before) continue;
    clean ??= { ...value };
    if (after === undefined) delete clean[key];
    else setOwn(clean, key, after);
  }
  return clean ?? value;
};

const listWithoutDirectives = (list: JsonList): JsonList => {
  const clean: Json[] = [];
  let changed = false;
  for (const item of list) {
    const after = withoutDirectives(item);
    changed ||= after !== item;
    if (after !== undefined) clean.push(after);
  }
  return changed ? clean : list;
};

const withoutNulls = (value: Json): Json => {
  if (isList(value)) {
    let list: Json[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const after = withoutNulls(value[i] as Json);
      if (after === value[i]) continue;
      list ??= [...value];
      list[i] = after;
    }
    return list ?? value;
  }
  return isObject(value) ? objectWithoutNulls(value) : value;
};

const objectWithoutNulls = (value: JsonObject): JsonObject => {
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
