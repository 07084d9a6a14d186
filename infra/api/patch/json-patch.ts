// JSON Patch (RFC 6902) with the reading upstream's library gives it: negative array indexes, `replace` of an absent
// key, `test` of an absent key against null. Invariant: the object handed in stays untouched; a container is copied on
// its first write and only such copies are written to, so untouched subtrees stay shared.

import { goType } from './go-format.ts';
import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  jsonEqual,
  type MutableJsonObject,
  own,
  setOwn,
} from './json-value.ts';
import { badRequest, notApplicable, type PatchOutcome, patched, tooManyOperations } from './outcome.ts';

/** kube-apiserver's bound on the operations of one patch. */
export const jsonPatchOperationsMax = 10_000;

/** kube-apiserver's default for `--json-patch-max-copy-bytes`: what all `copy` operations of a patch may add together. */
export const jsonPatchCopyBytesMax = 3 * 1024 * 1024;

/** Applies a JSON patch. The object itself is returned when no operation changed anything. */
export const applyJsonPatch = (
  object: JsonObject,
  patch: Json,
  copyBytesMax: number = jsonPatchCopyBytesMax,
): PatchOutcome => {
  const malformed = malformedPatch(patch);
  if (malformed !== undefined) return badRequest(malformed);
  const operations = (patch ?? []) as readonly JsonObject[];
  if (operations.length > jsonPatchOperationsMax) {
    return tooManyOperations(
      `The allowed maximum operations in a JSON patch is ${jsonPatchOperationsMax}, got ${operations.length}`,
    );
  }
  const document = new PatchedDocument(object, copyBytesMax);
  for (const operation of operations) {
    const failure = document.perform(operation);
    if (failure !== undefined) return notApplicable(failure);
  }
  const { root } = document;
  return isObject(root) ? patched(root) : notApplicable('the patch replaces the object with something else');
};

/** The members strict field validation complains about, as `unknown field "[0].foo"`. */
export const unknownJsonPatchFields = (patch: Json): readonly string[] => {
  if (!isList(patch)) return [];
  return patch.flatMap((operation, i) =>
    isObject(operation)
      ? Object.keys(operation)
          .filter((key) => !OPERATION_FIELDS.has(key))
          .map((key) => `json patch unknown field "[${i}].${key}"`)
      : [],
  );
};

const OPERATION_FIELDS: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

const malformedPatch = (patch: Json): string | undefined => {
  if (patch === null) return undefined;
  if (!isList(patch)) return `error decoding patch: ${cannotUnmarshal(patch, '[]handlers.jsonPatchOp')}`;
  for (const operation of patch) {
    if (!isObject(operation)) {
      if (operation === null) continue;
      return `error decoding patch: ${cannotUnmarshal(operation, 'handlers.jsonPatchOp')}`;
    }
    for (const field of ['op', 'path', 'from'] as const) {
      const value = own(operation, field);
      if (value !== undefined && value !== null && typeof value !== 'string') {
        return `error decoding patch: ${cannotUnmarshal(value, 'string', `jsonPatchOp.${field}`)}`;
      }
    }
  }
  return undefined;
};

const cannotUnmarshal = (value: Json, into: string, field?: string): string => {
  const kinds: Record<string, string> = { bool: 'bool', string: 'string', int64: 'number', float64: 'number' };
  const kind = isList(value) ? 'array' : isObject(value) ? 'object' : kinds[goType(value)];
  return `json: cannot unmarshal ${kind} into Go ${field === undefined ? 'value' : `struct field ${field}`} of type ${into}`;
};

type Container = JsonObject | readonly Json[];

/** The document while the operations of one patch run over it. */
class PatchedDocument {
  root: Json;
  /** Containers made by this patch and reachable in one place only: these are written in place. */
  #fresh = new Set<Container>();
  #copiedBytes = 0;
  readonly #copyBytesMax: number;

  constructor(object: JsonObject, copyBytesMax: number) {
    this.root = object;
    this.#copyBytesMax = copyBytesMax;
  }

  /** Undefined when the operation was done, otherwise why it does not apply. */
  perform(operation: JsonObject | null): string | undefined {
    const op = operation === null ? undefined : own(operation, 'op');
    const path = operation === null ? undefined : own(operation, 'path');
    const value = operation === null ? null : (own(operation, 'value') ?? null);
    if (typeof op !== 'string' || !OPERATIONS.has(op)) return `Unexpected kind: ${op ?? 'unknown'}`;
    if (typeof path !== 'string') return `${op} operation failed to decode path: missing value`;
    switch (op) {
      case 'add':
        return this.#add(path, value);
      case 'remove':
        return this.#remove(path);
      case 'replace':
        return this.#replace(path, value);
      case 'test':
        return this.#test(path, value);
      default: {
        const from = own(operation as JsonObject, 'from');
        if (typeof from !== 'string') return `${op} operation failed to decode from: missing value`;
        return op === 'move' ? this.#move(from, path) : this.#copy(from, path);
      }
    }
  }

  #add(path: string, value: Json): string | undefined {
    const target = this.#open(path);
    if (target === undefined) return `add operation does not apply: doc is missing path: "${path}": missing value`;
    const { container, key } = target;
    if (!isList(container)) {
      if (own(container, key) !== value) setOwn(this.#writable(target) as MutableJsonObject, key, value);
      return undefined;
    }
    const index = key === '-' ? container.length : parseIndex(key);
    if (index === undefined) return `value was not a proper array index: '${key}'`;
    // A negative index counts from behind the list as it will be.
    const at = index < 0 ? index + container.length + 1 : index;
    if (at < 0 || at > container.length) return invalidIndex(index);
    (this.#writable(target) as Json[]).splice(at, 0, value);
    return undefined;
  }

  #remove(path: string): string | undefined {
    const target = this.#open(path);
    if (target === undefined) return `remove operation does not apply: doc is missing path: "${path}": missing value`;
    const { container, key } = target;
    if (isList(container)) {
      const at = existingIndex(container, key);
      if (typeof at === 'string') return at;
      (this.#writable(target) as Json[]).splice(at, 1);
      return undefined;
    }
    if (own(container, key) === undefined) return `Unable to remove nonexistent key: ${key}: missing value`;
    delete (this.#writable(target) as MutableJsonObject)[key];
    return undefined;
  }

  #replace(path: string, value: Json): string | undefined {
    if (path === '') {
      if (typeof value !== 'object' || value === null) return 'replace operation value must be object or array';
      this.root = value;
      return undefined;
    }
    const target = this.#open(path);
    if (target === undefined) return `replace operation does not apply: doc is missing path: ${path}: missing value`;
    const { container, key } = target;
    if (isList(container)) {
      const at = existingIndex(container, key);
      if (typeof at === 'string') return `replace operation does not apply: doc is missing key: ${path}: ${at}`;
      if (container[at] !== value) (this.#writable(target) as Json[])[at] = value;
      return undefined;
    }
    if (own(container, key) !== value) setOwn(this.#writable(target) as MutableJsonObject, key, value);
    return undefined;
  }

  #test(path: string, value: Json): string | undefined {
    if (path === '') return jsonEqual(this.root, value) ? undefined : 'testing value  failed: test failed';
    const target = this.#open(path);
    if (target === undefined) return `test operation does not apply: is missing path: ${path}: missing value`;
    const found = valueAt(target);
    if (typeof found === 'string') return `error in test for path: '${path}': ${found}`;
    return jsonEqual(found.value ?? null, value) ? undefined : `testing value ${path} failed: test failed`;
  }

  #move(from: string, path: string): string | undefined {
    const source = this.#open(from);
    if (source === undefined) return `move operation does not apply: doc is missing from path: ${from}: missing value`;
    const found = valueAt(source);
    if (typeof found === 'string') return `error in move for path: '${source.key}': ${found}`;
    const failure = this.#remove(from) ?? this.#add(path, found.value ?? null);
    return failure === undefined ? undefined : `error in move for path: '${path}': ${failure}`;
  }

  #copy(from: string, path: string): string | undefined {
    const source = this.#open(from);
    if (source === undefined) return `copy operation does not apply: doc is missing from path: ${from}: missing value`;
    const found = valueAt(source);
    if (typeof found === 'string') return `error in copy for from: '${from}': ${found}`;
    this.#copiedBytes += encodedBytes(found.value ?? null);
    if (this.#copiedBytes > this.#copyBytesMax) {
      return `Unable to complete the copy, the accumulated size increase of copy is ${this.#copiedBytes}, exceeding the limit ${this.#copyBytesMax}`;
    }
    // The value is now reachable twice: writing to one place must not show in the other.
    this.#fresh = new Set();
    return this.#add(path, found.value ?? null);
  }

  /** The container a pointer ends in, or undefined where the document has no such place. */
  #open(path: string): Target | undefined {
    const parts = path.split('/');
    if (parts.length < 2) return undefined;
    let container: Json | undefined = this.root;
    const parents = parts.slice(1, -1).map(unescapeToken);
    for (const part of parents) {
      container = isList(container) ? elementOf(container, part) : own(container as JsonObject, part);
      if (typeof container !== 'object' || container === null) return undefined;
    }
    return { container: container as Container, parents, key: unescapeToken(parts.at(-1) as string) };
  }

  /** The target's container as a copy of this patch's own, linked into the document. */
  #writable(target: Target): Container {
    if (this.#fresh.has(target.container)) return target.container;
    let container = this.#owned(this.root as Container);
    this.root = container;
    for (const part of target.parents) {
      const key = isList(container) ? (existingIndex(container, part) as number) : part;
      const child = this.#owned((container as JsonObject)[key as string] as Container);
      if (isList(container)) (container as Json[])[key as number] = child as Json;
      else setOwn(container as MutableJsonObject, key as string, child as Json);
      container = child;
    }
    return container;
  }

  #owned(container: Container): Container {
    if (this.#fresh.has(container)) return container;
    const copy: Container = isList(container) ? [...container] : { ...container };
    this.#fresh.add(copy);
    return copy;
  }
}

type Target = { readonly container: Container; readonly parents: readonly string[]; readonly key: string };

const OPERATIONS: ReadonlySet<string> = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

/** What the target's key holds; an absent key of an object is not an error, an absent index is. */
const valueAt = ({ container, key }: Target): { readonly value: Json | undefined } | string => {
  if (!isList(container)) return { value: own(container, key) };
  const at = existingIndex(container, key);
  return typeof at === 'string' ? at : { value: container[at] };
};

const elementOf = (list: readonly Json[], part: string): Json | undefined => {
  const at = existingIndex(list, part);
  return typeof at === 'string' ? undefined : list[at];
};

const existingIndex = (list: readonly Json[], key: string): number | string => {
  const index = parseIndex(key);
  if (index === undefined) return `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;
  const at = index < 0 ? index + list.length : index;
  return at < 0 || at >= list.length ? invalidIndex(index) : at;
};

const parseIndex = (key: string): number | undefined => (/^[+-]?\d{1,15}$/.test(key) ? Number(key) : undefined);

const invalidIndex = (index: number): string => `Unable to access invalid index: ${index}: invalid index referenced`;

const unescapeToken = (token: string): string =>
  token.includes('~') ? token.replace(/~[01]/g, (escaped) => (escaped === '~1' ? '/' : '~')) : token;

/** Bytes of the value's JSON, without building it. */
const encodedBytes = (value: Json): number => {
  if (value === null) return 4;
  if (typeof value === 'string') return Buffer.byteLength(JSON.stringify(value));
  if (typeof value !== 'object') return String(value).length;
  let bytes = 2;
  if (isList(value)) {
    for (const item of value) bytes += encodedBytes(item) + 1;
    return value.length === 0 ? bytes : bytes - 1;
  }
  let keys = 0;
  for (const key in value) {
    bytes += Buffer.byteLength(JSON.stringify(key)) + encodedBytes(value[key] as Json) + 2;
    keys++;
  }
  return keys === 0 ? bytes : bytes - 1;
};
