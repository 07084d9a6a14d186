// What a validation collects: the path it stands at and the problems it has found. Invariant: as long as nothing is
// wrong nothing is allocated. The path is a stack that becomes a text only when a problem is told, and one collector
// serves one validation after another.

import type { FieldError } from '../errors.ts';

const noProblems: readonly FieldError[] = [];
const pool: Check[] = [];

/** Problems `rule` finds in `object`; `before` is what an update replaces, and absent for a creation. */
export function problemsOf<T>(rule: Rule<T>, object: T, before?: unknown): readonly FieldError[] {
  const check = pool.pop() ?? new Check();
  check.updating = before !== undefined;
  try {
    rule(object, check, before as T | undefined);
    return check.taken();
  } finally {
    check.reset();
    pool.push(check);
  }
}

/**
 * Tells what is wrong with a value. Values have the types of their schema before any rule sees them, so that a rule names
 * the type it reads. `fields` and `each` call rules only for values that are there; a rule that minds absence says so
 * in `absent`.
 */
export type Rule<T = unknown> = RuleOf<T>['check'] & { readonly absent?: Absent };
/** A method, so that a rule for texts may stand where any value could: the schema has settled which it is. */
type RuleOf<T> = { check(value: T, check: Check, before?: T): void };
/** Called with nothing at the path; `value` is what stood for nothing (`''`, `[]`, null). */
export type Absent = (check: Check, before: unknown, value: unknown) => void;

/** Nothing at all, as Go's clients write it: an empty text or list, null, or no field. */
export function isAbsent(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

export class Check {
  /** True where the object exists already and is changed. */
  updating = false;
  /** What inner rules look back at, where one has to: the pod spec a container is part of. */
  scope: unknown;
  readonly #path: (string | number)[] = [];
  /** Whether the entry of the path is a map's key, printed in brackets. */
  readonly #keyed: boolean[] = [];
  #depth = 0;
  #problems: FieldError[] | undefined;

  enter(field: string | number): void {
    this.#path[this.#depth] = field;
    this.#keyed[this.#depth++] = false;
  }

  enterKey(key: string): void {
    this.#path[this.#depth] = key;
    this.#keyed[this.#depth++] = true;
  }

  leave(): void {
    this.#depth--;
  }

  /** How many problems there are so far: rules that build on others look whether those found any. */
  get count(): number {
    return this.#problems === undefined ? 0 : this.#problems.length;
  }

  /** Each of these tells a problem at the current path, or at `sub` below it (`.name`, `[0].key`). */
  invalid(value: unknown, detail: string, sub = ''): void {
    this.#add({ type: 'Invalid', field: this.pathOf(sub), value: value === undefined ? null : value, detail });
  }

  required(detail = '', sub = ''): void {
    this.#add({ type: 'Required', field: this.pathOf(sub), detail });
  }

  forbidden(detail: string, sub = ''): void {
    this.#add({ type: 'Forbidden', field: this.pathOf(sub), detail });
  }

  notSupported(value: unknown, supported: readonly string[], sub = ''): void {
    this.#add({ type: 'NotSupported', field: this.pathOf(sub), value: value ?? '', supported });
  }

  duplicate(value: unknown, sub = ''): void {
    this.#add({ type: 'Duplicate', field: this.pathOf(sub), value });
  }

  notFound(value: unknown, sub = ''): void {
    this.#add({ type: 'NotFound', field: this.pathOf(sub), value });
  }

  tooLong(bytesMax: number, sub = ''): void {
    const unit = bytesMax === 1 ? 'byte' : 'bytes';
    this.#add({ type: 'TooLong', field: this.pathOf(sub), detail: `may not be more than ${bytesMax} ${unit}` });
  }

  tooMany(count: number, max: number, sub = ''): void {
    const unit = max === 1 ? 'item' : 'items';
    this.#add({ type: 'TooMany', field: this.pathOf(sub), value: count, detail: `must have at most ${max} ${unit}` });
  }

  /** Problems of checks that bring their own paths along. */
  add(problems: readonly FieldError[]): void {
    for (const problem of problems) this.#add(problem);
  }

  /** `spec.containers[0].env[1]` and `sub`. */
  pathOf(sub = ''): string {
    let text = '';
    for (let i = 0; i < this.#depth; i++) {
      const part = this.#path[i] as string | number;
      text += typeof part === 'number' || this.#keyed[i] === true ? `[${part}]` : text === '' ? part : `.${part}`;
    }
    return text === '' && sub.startsWith('.') ? sub.slice(1) : text + sub;
  }

  taken(): readonly FieldError[] {
    return this.#problems ?? noProblems;
  }

  reset(): void {
    this.#depth = 0;
    this.#problems = undefined;
    this.updating = false;
    this.scope = undefined;
  }

  #add(problem: FieldError): void {
    this.#problems ??= [];
    this.#problems.push(problem);
  }
}
