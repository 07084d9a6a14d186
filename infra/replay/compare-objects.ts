// Where two versions of what should be one object differ: paths into the JSON, as `jq` writes them, with both values.

import type { AnyObject } from '../../streams/resources/meta.ts';
import type { StoredObject } from '../../streams/views/stored-object.ts';

export type Difference = {
  /** As `shiplog events` names it, e.g. `default pod/web-1`. */
  readonly object: string;
  /** Into the object, e.g. `.spec.replicas`; empty where one side has no such object at all. */
  readonly path: string;
  /** Undefined where that side has nothing there. */
  readonly replayed: unknown;
  readonly live: unknown;
};

type PathDifference = Omit<Difference, 'object'>;

/** Nothing where the two are the same, which is told by their bytes in nearly every case. */
export function* objectDifferences(replayed: StoredObject, live: AnyObject): Generator<PathDifference> {
  if (JSON.stringify(live) === replayed.json.toString('utf8')) return;
  yield* valueDifferences({ path: '', replayed: replayed.object, live: withTypeOf(live, replayed.object) });
}

export function* valueDifferences({ path, replayed, live }: PathDifference): Generator<PathDifference> {
  if (Object.is(replayed, live)) return;
  if (isFields(replayed) && isFields(live)) {
    for (const key of new Set([...Object.keys(replayed), ...Object.keys(live)])) {
      yield* valueDifferences({ path: `${path}${step(key)}`, replayed: replayed[key], live: live[key] });
    }
  } else if (Array.isArray(replayed) && Array.isArray(live)) {
    for (let i = 0; i < Math.max(replayed.length, live.length); i++) {
      yield* valueDifferences({ path: `${path}[${i}]`, replayed: replayed[i], live: live[i] });
    }
  } else yield { path, replayed, live };
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function step(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** API servers may leave out the type of a list's items: the list has said it. */
function withTypeOf(live: AnyObject, { apiVersion, kind }: AnyObject): AnyObject {
  return Object.assign({ apiVersion, kind }, live);
}
