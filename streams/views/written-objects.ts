// What this process has written and not read back yet. When the event comes back, the object that was written stands for
// its bytes, so that nobody parses them: it shares with the version before whatever the writer left alone, which a parsed
// one would not. Invariant: it is taken only where parsing would give the same to the last key, so that nobody can
// tell; state still changes only when the event is read back.

import type { Revision } from '../base/brand.ts';
import type { EventId } from '../log/event.ts';
import type { AnyObject, KubeObject } from '../resources/meta.ts';

export class WrittenObjects {
  readonly #objects = new Map<EventId, AnyObject>();

  /** `before` is the version it was made from: what they share is JSON already. */
  expect(id: EventId, object: KubeObject, before: KubeObject | undefined): void {
    if (isAsRead(object, before)) this.#objects.set(id, object as AnyObject);
  }

  get(id: EventId): AnyObject | undefined {
    return this.#objects.get(id);
  }

  /** It has been read back, or never will be. */
  forget(id: EventId): void {
    this.#objects.delete(id);
  }
}

/** Whether reading the encoded object gives the same, but for the order of the first fields. */
export function isAsRead(object: KubeObject, before?: KubeObject): boolean {
  return typeof object.kind === 'string' && typeof object.apiVersion === 'string' && isJson(object, before);
}

/** The object as it is read at this revision: its first fields in the order in which they are encoded. */
export function asRead({ kind, apiVersion, metadata, ...rest }: AnyObject, revision: Revision): AnyObject {
  const { resourceVersion: _, managedFields, ...meta } = metadata;
  const resourceVersion = String(revision);
  const ordered =
    managedFields === undefined ? { resourceVersion, ...meta } : { resourceVersion, ...meta, managedFields };
  return { kind, apiVersion, metadata: ordered, ...rest } as AnyObject;
}

/** Whether printing and parsing it changes nothing. */
function isJson(value: unknown, known: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      if (value === null || value === known) return true;
      if (Array.isArray(value)) return isJsonArray(value, Array.isArray(known) ? known : none);
      return Object.getPrototypeOf(value) === Object.prototype && isJsonObject(value as Fields, fieldsOf(known));
    default:
      return false;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const none: readonly unknown[] = [];
const noFields: Fields = {};

function isJsonArray(values: readonly unknown[], known: readonly unknown[]): boolean {
  for (let i = 0; i < values.length; i++) if (!isJson(values[i], known[i])) return false;
  return true;
}

function isJsonObject(values: Fields, known: Fields): boolean {
  for (const key in values) if (!isJson(values[key], known[key]) || key === 'toJSON') return false;
  return true;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : noFields;
}
