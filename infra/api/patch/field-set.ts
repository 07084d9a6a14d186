// Sets of field paths, in the very form FieldsV1 stores them: nested objects keyed by path elements, where `{}` is a
// member without children and `.` marks a member that has children. The stored form is the working form, so taking a
// few leaves out of an entry costs the way to those leaves and shares the rest.
// Invariants: sets are never changed in place; elements are canonical and ordered; no node is empty of members.

import { isEmptyObject, isObject, type Json } from './json-value.ts';
import { canonicalElement, compareElements, type PathElement } from './path-element.ts';

export type FieldSet = { readonly [element: PathElement]: FieldSet };

export const EMPTY: FieldSet = Object.freeze({});

/** A member without children. Only meaningful below the root: an empty root is the empty set. */
export const LEAF: FieldSet = EMPTY;

export const isEmptySet = (set: FieldSet): boolean => isEmptyObject(set);

/** Whether the node itself is a member, beside whatever lies below it. */
export const isMember = (node: FieldSet): boolean => '.' in node || isEmptyObject(node);

/** The node as a member. */
export const asMember = (node: FieldSet): FieldSet => (isMember(node) ? node : { '.': LEAF, ...node });

export const hasPath = (set: FieldSet, path: readonly PathElement[]): boolean => {
  let node: FieldSet | undefined = set;
  for (const element of path) {
    node = node[element];
    if (node === undefined) return false;
  }
  return path.length > 0 && isMember(node);
};

/** A set of the given paths, e.g. `setOf(['f:spec', 'f:replicas'])`. */
export const setOf = (...paths: readonly (readonly PathElement[])[]): FieldSet =>
  paths.reduce<FieldSet>((set, path) => {
    let node: FieldSet = LEAF;
    for (const element of path.toReversed()) node = { [element]: node };
    return union(set, node);
  }, EMPTY);

export const union = (left: FieldSet, right: FieldSet): FieldSet => {
  if (left === right || isEmptyObject(right)) return left;
  return isEmptyObject(left) ? right : unionNode(left, right);
};

const unionNode = (left: FieldSet, right: FieldSet): FieldSet => {
  if (left === right) return left;
  if (isEmptyObject(right)) return asMember(left);
  if (isEmptyObject(left)) return asMember(right);
  let merged: { [element: PathElement]: FieldSet } | undefined;
  let grown = false;
  for (const element in right) {
    const theirs = right[element] as FieldSet;
    const ours = left[element];
    if (ours === undefined) {
      merged ??= { ...left };
      merged[element] = theirs;
      grown = true;
    } else if (element !== '.') {
      const both = unionNode(ours, theirs);
      if (both !== ours) {
        merged ??= { ...left };
        merged[element] = both;
      }
    }
  }
  if (merged === undefined) return left;
  return grown ? ordered(merged) : merged;
};

/** The members of `left` that are not members of `right`. Children of a removed member stay. */
export const difference = (left: FieldSet, right: FieldSet): FieldSet =>
  isEmptyObject(right) || isEmptyObject(left) ? left : childrenWithout(left, right, false);

/** Like `difference`, but a removed member takes everything below it along. */
export const recursiveDifference = (left: FieldSet, right: FieldSet): FieldSet =>
  isEmptyObject(right) || isEmptyObject(left) ? left : childrenWithout(left, right, true);

/** A node without what `ignored` names below it; undefined when nothing remains. */
export const excluding = (node: FieldSet, ignored: FieldSet): FieldSet | undefined => nodeWithout(node, ignored, true);

const nodeWithout = (left: FieldSet, right: FieldSet, recursive: boolean): FieldSet | undefined => {
  const removed = isMember(right);
  if (removed && recursive) return undefined;
  const wasMember = isMember(left);
  const children = childrenWithout(left, right, recursive);
  if (onlySelf(children)) return wasMember && !removed ? LEAF : undefined;
  if (!removed || !wasMember) return children;
  const { '.': _, ...rest } = children;
  return rest;
};

/** `left` with members below it taken out; a `.` of its own stays. The same node when nothing was taken. */
const childrenWithout = (left: FieldSet, right: FieldSet, recursive: boolean): FieldSet => {
  let rest: { [element: PathElement]: FieldSet } | undefined;
  for (const element in left) {
    const ours = left[element] as FieldSet;
    const theirs = element === '.' ? undefined : right[element];
    const node = theirs === undefined ? ours : nodeWithout(ours, theirs, recursive);
    if (rest === undefined) {
      if (node === ours) continue;
      rest = elementsBefore(left, element);
    }
    if (node !== undefined) rest[element] = node;
  }
  return rest ?? left;
};

/** Building up what remains is several times faster than deleting from a copy. */
const elementsBefore = (node: FieldSet, end: PathElement): { [element: PathElement]: FieldSet } => {
  const start: { [element: PathElement]: FieldSet } = {};
  for (const element in node) {
    if (element === end) break;
    start[element] = node[element] as FieldSet;
  }
  return start;
};

/** Whether every member of `part` is one of `whole`. */
export const isSubset = (part: FieldSet, whole: FieldSet): boolean => {
  if (part === whole) return true;
  for (const element in part) {
    if (element === '.') continue;
    const ours = part[element] as FieldSet;
    const theirs = whole[element];
    if (theirs === undefined || (isMember(ours) && !isMember(theirs)) || !isSubset(ours, theirs)) return false;
  }
  return true;
};

export const intersection = (left: FieldSet, right: FieldSet): FieldSet => {
  if (isEmptyObject(left) || isEmptyObject(right)) return EMPTY;
  return commonChildren(left, right) ?? EMPTY;
};

const commonNode = (left: FieldSet, right: FieldSet): FieldSet | undefined => {
  if (left === right) return left;
  const both = isMember(left) && isMember(right);
  const children = commonChildren(left, right);
  if (children === undefined) return both ? LEAF : undefined;
  return both ? { '.': LEAF, ...children } : children;
};

const commonChildren = (left: FieldSet, right: FieldSet): FieldSet | undefined => {
  let common: { [element: PathElement]: FieldSet } | undefined;
  for (const element in left) {
    const theirs = element === '.' ? undefined : right[element];
    if (theirs === undefined) continue;
    const node = commonNode(left[element] as FieldSet, theirs);
    if (node === undefined) continue;
    common ??= {};
    common[element] = node;
  }
  return common;
};

export const sameSet = (left: FieldSet, right: FieldSet): boolean => {
  if (left === right) return true;
  let elements = 0;
  for (const element in left) {
    const theirs = right[element];
    if (theirs === undefined || !sameSet(left[element] as FieldSet, theirs)) return false;
    elements++;
  }
  for (const _ in right) elements--;
  return elements === 0;
};

/** Every member's path: those of a level first, then level by level below. */
export const pathsOf = (set: FieldSet, prefix: readonly PathElement[] = []): readonly (readonly PathElement[])[] => {
  const elements = Object.keys(set).filter((element) => element !== '.');
  return [
    ...elements.filter((element) => isMember(set[element] as FieldSet)).map((element) => [...prefix, element]),
    ...elements.flatMap((element) => pathsOf(set[element] as FieldSet, [...prefix, element])),
  ];
};

/** The node with its elements in order; the same object when they already are. */
export const ordered = (node: FieldSet): FieldSet => {
  let previous: PathElement | undefined;
  for (const element in node) {
    if (previous !== undefined && (element === '.' || (previous !== '.' && compareElements(previous, element) > 0))) {
      return reordered(node);
    }
    previous = element;
  }
  return node;
};

const reordered = (node: FieldSet): FieldSet => {
  const sorted: { [element: PathElement]: FieldSet } = {};
  if ('.' in node) sorted['.'] = LEAF;
  for (const element of sortedElements(node)) sorted[element] = node[element] as FieldSet;
  return sorted;
};

/** Few as a rule: the engine's own sort would cost more than it sorts. */
const sortedElements = (node: FieldSet): readonly PathElement[] => {
  const elements: PathElement[] = [];
  for (const element in node) if (element !== '.') elements.push(element);
  if (elements.length > insertedMax) return elements.sort(compareElements);
  for (let i = 1; i < elements.length; i++) {
    const element = elements[i] as PathElement;
    let at = i;
    for (; at > 0 && compareElements(elements[at - 1] as PathElement, element) > 0; at--)
      elements[at] = elements[at - 1] as PathElement;
    elements[at] = element;
  }
  return elements;
};

const insertedMax = 16;

/** FieldsV1 as a client sent it, respelled; undefined when it is not a set of fields at all. */
export const parseFieldSet = (fields: Json | undefined): FieldSet | undefined => {
  const set = fields === undefined || fields === null ? EMPTY : parseNode(fields);
  if (set === undefined || !('.' in set)) return set;
  // Nobody owns an object as a whole.
  const { '.': _, ...rest } = set;
  return rest;
};

const parseNode = (fields: Json | undefined): FieldSet | undefined => {
  if (!isObject(fields)) return undefined;
  const set: { [element: PathElement]: FieldSet } = {};
  for (const key in fields) {
    if (key === '.') {
      set['.'] = LEAF;
      continue;
    }
    const element = canonicalElement(key);
    if (element === null) return undefined;
    if (element === undefined) continue;
    const node = parseNode(fields[key]);
    if (node === undefined) return undefined;
    const known = set[element];
    set[element] = known === undefined ? node : unionNode(known, node);
  }
  return onlySelf(set) ? LEAF : ordered(set);
};

/** `{".": {}}` says no more than `{}`. */
const onlySelf = (node: FieldSet): boolean => {
  for (const element in node) if (element !== '.') return false;
  return true;
};
