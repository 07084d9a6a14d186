// JSON values as custom resources hold them: whatever the client wrote, before any schema has seen it.

export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy with one value in the place of another's; made at the first change. */
export function replaced<T>(list: readonly T[], copy: T[] | undefined, index: number, value: T): T[] {
  const made = copy ?? [...list];
  made[index] = value;
  return made;
}
