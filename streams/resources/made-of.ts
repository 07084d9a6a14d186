// What was made of a value that several objects share: kept as long as the value is, so that it is made once for all of
// them. Invariant: a shared value never changes.

export type Made = {
  /** Whoever made them, and of what: somebody else's are not to be used. */
  by: unknown;
  bytes: Uint8Array | undefined;
};

const made = new WeakMap<object, Made>();

/** Says that the value is shared. */
export function share(value: object): void {
  made.set(value, { by: undefined, bytes: undefined });
}

/** Where whoever makes bytes of a value may keep them; undefined for a value of one object alone. */
export function madeOf(value: object): Made | undefined {
  return made.get(value);
}
