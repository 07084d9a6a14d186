// Which objects carry a label, belong to an owner, sit on a node, refer to another: kept beside the objects, because scanning 50,000
// objects costs milliseconds and an index microseconds.

import { labelOf } from '../resources/labels.ts';
import type { AnyObject, Labels } from '../resources/meta.ts';
import { nobodyIn } from './object-reader.ts';
import type { References } from './references.ts';

export class Indexes {
  readonly #byLabel = new Map<string, Set<string>>();
  readonly #byOwner = new Map<string, Set<string>>();
  readonly #byNode = new Map<string, Set<string>>();
  readonly #byReference = new Map<string, Set<string>>();
  readonly #references: References | undefined;

  /** `references`: what objects of this resource refer to. */
  constructor(references?: References) {
    this.#references = references;
  }

  replace(key: string, before: AnyObject | undefined, after: AnyObject | undefined): void {
    if (!sameLabels(before?.metadata.labels, after?.metadata.labels)) {
      for (const token of labelTokens(before)) remove(this.#byLabel, token, key);
      for (const token of labelTokens(after)) add(this.#byLabel, token, key);
    }
    const ownersBefore = ownerTokens(before);
    const ownersAfter = ownerTokens(after);
    if (!sameTokens(ownersBefore, ownersAfter)) {
      for (const token of ownersBefore) remove(this.#byOwner, token, key);
      for (const token of ownersAfter) add(this.#byOwner, token, key);
    }
    if (this.#references !== undefined) this.#refer(key, this.#references, { before, after });
    const nodeBefore = nodeOf(before);
    const nodeAfter = nodeOf(after);
    if (nodeBefore === nodeAfter) return;
    if (nodeBefore !== undefined) remove(this.#byNode, nodeBefore, key);
    if (nodeAfter !== undefined) add(this.#byNode, nodeAfter, key);
  }

  withLabel(label: string, value: string): ReadonlySet<string> {
    return this.#byLabel.get(`${label}=${value}`) ?? empty;
  }

  ownedBy(uid: string): ReadonlySet<string> {
    return this.#byOwner.get(uid) ?? empty;
  }

  onNode(node: string): ReadonlySet<string> {
    return this.#byNode.get(node) ?? empty;
  }

  referringTo(reference: string): ReadonlySet<string> {
    return this.#byReference.get(reference) ?? empty;
  }

  #refer(key: string, references: References, { before, after }: Versions): void {
    const was = before === undefined ? none : references(before);
    const is = after === undefined ? none : references(after);
    if (sameTokens(was, is)) return;
    for (const token of was) remove(this.#byReference, token, key);
    for (const token of is) add(this.#byReference, token, key);
  }
}

type Versions = { readonly before: AnyObject | undefined; readonly after: AnyObject | undefined };

const empty: ReadonlySet<string> = new Set();

function* labelTokens(object: AnyObject | undefined): Generator<string> {
  const labels = object?.metadata.labels;
  for (const label in labels) yield `${label}=${labels[label]}`;
}

function sameLabels(a: Labels | undefined, b: Labels | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  for (const label in a) if (a[label] !== b[label]) return false;
  for (const label in b) if (labelOf(a, label) === undefined) return false;
  return true;
}

/** The uids of an object's owners, and nobody's where none of them manages it. */
function ownerTokens(object: AnyObject | undefined): readonly string[] {
  if (object === undefined) return none;
  const { ownerReferences = [], namespace = '' } = object.metadata;
  const tokens = ownerReferences.map((owner) => owner.uid);
  if (!ownerReferences.some((owner) => owner.controller === true)) tokens.push(nobodyIn(namespace));
  return tokens;
}

const none: readonly string[] = [];

function sameTokens(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((token, index) => token === b[index]);
}

function nodeOf(object: AnyObject | undefined): string | undefined {
  const spec = object?.spec as { readonly nodeName?: unknown } | undefined;
  return typeof spec?.nodeName === 'string' && spec.nodeName !== '' ? spec.nodeName : undefined;
}

function add(index: Map<string, Set<string>>, token: string, key: string): void {
  const keys = index.get(token);
  if (keys === undefined) index.set(token, new Set([key]));
  else keys.add(key);
}

function remove(index: Map<string, Set<string>>, token: string, key: string): void {
  const keys = index.get(token);
  if (keys === undefined) return;
  keys.delete(key);
  if (keys.size === 0) index.delete(token);
}
