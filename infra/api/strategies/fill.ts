// Filling in what a client left out. Everything here returns the same object where nothing was missing, so that a
// second pass over a defaulted object costs no allocation and compares equal.

/** Adds the fields that are absent or an empty text, which Go's clients send for absent; others, even null, stay. */
export function fill<T extends object>(object: T, defaults: Readonly<Record<string, unknown>>): T {
  const given = object as Readonly<Record<string, unknown>>;
  let missing: Record<string, unknown> | undefined;
  for (const key in defaults) {
    if ((given[key] !== undefined && given[key] !== '') || defaults[key] === undefined) continue;
    missing ??= {};
    missing[key] = defaults[key];
  }
  return missing === undefined ? object : { ...object, ...missing };
}

/** Replaces one field by what `change` makes of it; absent fields stay absent. */
export function within<T extends object, K extends keyof T>(
  object: T,
  key: K,
  change: (value: NonNullable<T[K]>) => T[K],
): T {
  const value = object[key];
  if (value === undefined || value === null) return object;
  const changed = change(value as NonNullable<T[K]>);
  return changed === value ? object : { ...object, [key]: changed };
}

/** Maps a list, returning the same list where every item stayed the same. */
export function mapSame<T>(items: readonly T[], change: (item: T, index: number) => T): readonly T[] {
  let mapped: T[] | undefined;
  for (const [index, item] of items.entries()) {
    const changed = change(item, index);
    if (changed === item) continue;
    mapped ??= [...items];
    mapped[index] = changed;
  }
  return mapped ?? items;
}
