// Field sets built along the same way are the same object: a set is found by what is put into it, step by step, and is
// ordered and spelled when it is met for the first time. Objects made from one template then cost their fields a
// look-up each, and share the memory of their ownership.
// Invariant: a shared set never changes.

import { spellOnce, textOf } from '../../../streams/resources/fields-text.ts';
import { type FieldSet, LEAF, ordered } from './field-set.ts';
import type { PathElement } from './path-element.ts';

/**
 * What is remembered before all is forgotten; sets already made stay as they are. Names may be long, and a map that grows
 * entry by entry makes a set, spelled in full, of each of its lengths: so the texts count as well as the steps.
 */
const stepsMax = 8_192;
const charactersMax = 8 * 1024 * 1024;
let steps = 0;
let characters = 0;

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
      steps++;
      remembered(element.length);
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
      remembered(textOf(this.#set).length);
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

function remembered(length: number): void {
  characters += length;
  if (steps <= stepsMax && characters <= charactersMax) return;
  start = new SharedSet(undefined, '.', LEAF);
  steps = 0;
  characters = 0;
}
