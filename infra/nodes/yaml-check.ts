// Reads a document somebody wrote by hand: each value is asked for as what it has to be, and whatever is wrong is noted
// with its place, what was expected and what is there. Reading goes on, so that one look tells everything.

import { parseDuration } from '../../actors/kit/go-duration.ts';
import { canonicalQuantity } from '../../streams/resources/quantity.ts';

export class Check {
  readonly value: unknown;
  readonly #path: string;
  readonly #problems: string[];

  constructor(value: unknown, problems: string[], path = '') {
    this.value = value ?? undefined;
    this.#path = path;
    this.#problems = problems;
  }

  at(key: string): Check {
    const path = this.#path === '' ? key : `${this.#path}.${key}`;
    const { value } = this;
    const inner = isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    return new Check(inner, this.#problems, path);
  }

  keys(): string[] {
    if (this.value === undefined) return [];
    if (isMap(this.value)) return Object.keys(this.value);
    this.wrong('a map');
    return [];
  }

  /** Notes every key but these. */
  only(known: readonly string[]): void {
    for (const key of this.keys()) {
      if (!known.includes(key))
        this.#problems.push(
          `${this.#path === '' ? key : `${this.#path}.${key}`}: there is no such field; there are ${known.join(', ')}`,
        );
    }
  }

  each<T>(read: (item: Check) => T): readonly T[] {
    const { value } = this;
    if (value === undefined) return [];
    if (Array.isArray(value))
      return value.map((item, i) => read(new Check(item, this.#problems, `${this.#path}[${i}]`)));
    this.wrong('a list');
    return [];
  }

  required(): this {
    if (this.value === undefined) this.#problems.push(`${this.#path}: is missing`);
    return this;
  }

  text(pattern?: { readonly like: RegExp; readonly called: string }): string | undefined {
    const { value } = this;
    if (value === undefined) return undefined;
    const text =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
    if (text === undefined || (pattern !== undefined && !pattern.like.test(text)))
      return this.wrong(pattern?.called ?? 'a text');
    return text;
  }

  number({ min, max }: { readonly min: number; readonly max: number }): number | undefined {
    const { value } = this;
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= min && value <= max) return value;
    return this.wrong(`a number from ${min} to ${max}`);
  }

  duration(): number | undefined {
    if (this.value === undefined) return undefined;
    return parseDuration(String(this.value)) ?? this.wrong('a duration such as 300ms, 2s or 1h30m');
  }

  quantity(): string | undefined {
    if (this.value === undefined) return undefined;
    const text = this.text();
    return text === undefined
      ? undefined
      : (canonicalQuantity(text) ?? this.wrong('a quantity such as 4, 500m or 16Gi'));
  }

  /** Notes what is there in place of what was expected. */
  wrong(expected: string): undefined {
    this.#problems.push(`${this.#path || 'the profile'}: must be ${expected}, and is ${JSON.stringify(this.value)}`);
    return undefined;
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
