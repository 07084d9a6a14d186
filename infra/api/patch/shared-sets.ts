// Field sets built along the same way are the same object: a set is found by what is put into it, step by step, and is
// ordered and spelled when it is met for the first time. Objects made from one template then cost their fields a
// look-up each, and share the memory of their ownership.
// Invariant: a shared set never changes.

import { spellOnce } from '../../../streams/resources/fields-text.ts';
import { type FieldSet, LEAF, ordered } from './field-set.ts';
import type { PathElement } from './path-element.ts';

/** Steps remembered before all are forgotten; sets already made stay as they are. */
const stepsMax = 8_192;
let steps = 0;

/** A node with something in it, and the ways on from there. */
export class SharedSet {
  readonly #before: SharedSet | undefined;
  readonly #element: PathElement;
  readonly #node: FieldSet;
  #next: Map<FieldSet, Map<PathElement, SharedSet>> | undefined;
  #set: FieldSet | undefined;

  constructor(before: SharedSet | undefined, element: PathElement, node: FieldSet) {
    this.#before = before;
    this.#element = element;
    this.#node = node;
  }

  /** With one more element, which it has not had yet. */
  with(element: PathElement, node: FieldSet): SharedSet {
    this.#next ??= new Map();
    let siblings = this.#next.get(node);
    if (siblings === undefined) {
      siblings = new Map();
      this.#next.set(node, siblings);
    }
    let next = siblings.get(element);
    if (next === undefined) {
      next = new SharedSet(this, element, node);
      siblings.set(element, next);
      if (++steps > stepsMax) forget();
    }
    return next;
  }

  get set(): FieldSet {
    if (this.#set === undefined) {
      const nodes: { [element: PathElement]: FieldSet } = {};
      const path: SharedSet[] = [];
      for (let at: SharedSet | undefined = this; at !== undefined; at = at.#before) path.push(at);
      for (const { element, node } of path.reverse()) nodes[element] = node;
      this.#set = ordered(nodes);
      spellOnce(this.#set);
    }
    return this.#set;
  }

  get element(): PathElement {
    return this.#element;
  }

  get node(): FieldSet {
    return this.#node;
  }
}

let start = new SharedSet(undefined, '.', LEAF);

/** What every way begins with: a member of its own, with nothing below it. */
export const sharedMember = (): SharedSet => start;

function forget(): void {
  start = new SharedSet(undefined, '.', LEAF);
  steps = 0;
}
