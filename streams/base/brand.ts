// Nominal types for values that are plain numbers or strings at run time, so that one cannot stand for another.

export type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** Position of an event in its stream: one-based, never reused, never going back. It is `metadata.resourceVersion`. */
export type Revision = Brand<number, 'Revision'>;

/** Subject of one object on the log; see `log/subjects.ts`. */
export type Subject = Brand<string, 'Subject'>;

/** The position before the first event. */
export const revisionZero = 0 as Revision;

export function revision(value: number): Revision {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a revision: ${value}`);
  return value as Revision;
}

/** Parses the decimal text of a resourceVersion; undefined when it is anything else. */
export function parseRevision(text: string): Revision | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  return Number(text) as Revision;
}
